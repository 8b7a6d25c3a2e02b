import asyncio
import contextlib

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.core.context import RequestContext
from gateway.core.events import Access
from gateway.telemetry import metrics as module
from gateway.telemetry.metrics import Metrics, sample_lag


def access(operation: str = "GetObject", status: int = 200, received: int = 0, sent: int = 0) -> Access:
    context = RequestContext(protocol="s3")
    return Access(
        context=context,
        operation=operation,
        status=status,
        seconds=0.002,
        key="secret-name",
        received=received,
        sent=sent,
    )


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    text = metrics.exposition("")[0].decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_protocol_operation_and_class() -> None:
    metrics = Metrics()
    metrics.observe(access(sent=10))
    metrics.observe(access(sent=5))
    metrics.observe(access("PutObject", 503, received=3))
    found = samples(metrics)
    assert found["portico_requests_total", "GetObject", "s3", "2xx"] == 2
    assert found["portico_requests_total", "PutObject", "s3", "5xx"] == 1
    assert found["portico_sent_bytes_total", "s3"] == 15
    assert found["portico_received_bytes_total", "s3"] == 3
    assert found["portico_request_seconds_count", "GetObject", "s3"] == 2
    assert found["portico_request_seconds_bucket", "0.0025", "GetObject", "s3"] == 2


def test_labels_are_limited_in_number() -> None:
    metrics = Metrics()
    for number in range(module.MAX_SERIES + 10):
        metrics.observe(access(f"Op{number}"))
    found = samples(metrics)
    assert found["portico_requests_total", "other", "s3", "2xx"] == 10


def test_what_is_watched_shows_its_present_value() -> None:
    metrics = Metrics()
    open_now = {"s3": 1}
    metrics.watch(lambda: open_now, lambda: 4)
    open_now["ftp"] = 2
    found = samples(metrics)
    assert found["portico_open_connections", "s3"] == 1
    assert found["portico_open_connections", "ftp"] == 2
    assert found["portico_log_records_dropped_total",] == 4


def test_build_and_process_are_described() -> None:
    text = Metrics().exposition("")[0].decode()
    assert 'portico_build_info{python="3.' in text
    assert "process_resident_memory_bytes" in text
    assert "secret-name" not in text


def test_the_format_follows_the_accept_header() -> None:
    body, content_type = Metrics().exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    assert Metrics().exposition("*/*")[1].startswith("text/plain")


async def test_lag_is_sampled_until_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LAG_INTERVAL", 0.0)
    seen: asyncio.Queue[float] = asyncio.Queue()
    task = asyncio.create_task(sample_lag(seen.put_nowait))
    assert await seen.get() >= 0
    assert await seen.get() >= 0
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
