"""What /metrics and the log tell of remote stores and of the cache before them."""

import asyncio
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.cache.entries import Outcome
from gateway.cache.memcached import Memcached
from gateway.core.context import RequestContext, enter
from gateway.core.events import Done
from gateway.layers.limit import Bounds, Turns
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.stores import Operations, Remotes


def samples(*collectors: Operations | Remotes) -> dict[tuple[str, ...], float]:
    metrics = Metrics()
    metrics.add(*collectors)
    text = metrics.exposition("")[0].decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_operations_are_counted_by_store_and_outcome() -> None:
    operations = Operations()
    operations.observe(Done("main", "stat", 0.002))
    operations.observe(Done("main", "stat", 0.003, "NoSuchKey"))
    operations.observe(Done("cold", "put", 2.0, "", body=True))
    found = samples(operations)
    assert found["portico_store_operations_total", "stat", "ok", "main"] == 1
    assert found["portico_store_operations_total", "stat", "NoSuchKey", "main"] == 1
    assert found["portico_store_operation_seconds_bucket", "0.0025", "stat", "main"] == 1
    assert found["portico_store_operation_seconds_count", "stat", "main"] == 2
    assert found["portico_store_operation_seconds_sum", "put", "cold"] == 2


async def test_slow_operations_are_logged_with_their_request(caplog: pytest.LogCaptureFixture) -> None:
    enter(RequestContext(request_id="tx123"))
    operations = Operations(slow=1.0)
    operations.observe(Done("main", "stat", 0.9))
    operations.observe(Done("main", "put", 5.0, "", body=True))
    assert not caplog.records
    operations.observe(Done("main", "list", 1.5, "Unavailable"))
    (record,) = caplog.records
    told = {name: getattr(record, name) for name in ("request_id", "store", "operation", "ms", "error")}
    assert told == {"request_id": "tx123", "store": "main", "operation": "list", "ms": 1500, "error": "Unavailable"}


async def test_what_is_under_way_is_shown_as_it_is() -> None:
    turns = Turns(Bounds(operations=1, waiting=5, patience=60))

    async def work() -> None:
        async with turns.one():
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0)
    found = samples(Remotes({"main": turns}, {}, tuple))
    assert found["portico_store_running", "main"] == 1
    assert found["portico_store_waiting", "main"] == 2
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_cache_and_its_servers_are_shown() -> None:
    cache = Memcached(["127.0.0.1:9"])
    remotes = Remotes({}, {"main": Counter({("stat", Outcome.NEAR): 3, ("list", Outcome.STALE): 1})}, cache.health)
    assert samples(remotes)["portico_cache_left_alone", "127.0.0.1:9"] == 0
    for _ in range(3):
        await cache.get_many([b"key"])
    found = samples(remotes)
    assert found["portico_cache_lookups_total", "stat", "near", "main"] == 3
    assert found["portico_cache_lookups_total", "list", "stale", "main"] == 1
    assert found["portico_cache_errors_total", "127.0.0.1:9"] == 3
    assert found["portico_cache_left_alone", "127.0.0.1:9"] == 1
    await cache.aclose()
