"""Prometheus metrics of one process."""

import asyncio
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway import __version__
from gateway.core.events import Access

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
LAG_INTERVAL = 0.5
MAX_SERIES = 2048
OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Bound:
    """The metrics of one (protocol, operation, status class), looked up once."""

    requests: Counter
    seconds: Histogram
    received: Counter
    sent: Counter

    def add(self, access: Access) -> None:
        self.requests.inc()
        self.seconds.observe(access.seconds)
        if access.received:
            self.received.inc(access.received)
        if access.sent:
            self.sent.inc(access.sent)


class Metrics:
    """What requests add up to. `observe` costs a few microseconds; names of labels are limited in number."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=True)
        self._requests = Counter(
            "portico_requests",
            "Requests and FTP transfers.",
            ("protocol", "operation", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "portico_request_seconds",
            "Wall time of requests.",
            ("protocol", "operation"),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._received = Counter(
            "portico_received_bytes", "Bytes of bodies received.", ("protocol",), registry=self.registry
        )
        self._sent = Counter("portico_sent_bytes", "Bytes of bodies sent.", ("protocol",), registry=self.registry)
        self.loop_lag = Histogram(
            "portico_event_loop_lag_seconds",
            "How much later than asked the event loop woke a task.",
            registry=self.registry,
            buckets=LAG_SECONDS,
        )
        Info("portico_build", "What is running.", registry=self.registry).info(
            {"version": __version__, "python": platform.python_version()}
        )
        ProcessCollector(registry=self.registry)
        self._bound: dict[tuple[str, str, int], _Bound] = {}

    def observe(self, access: Access) -> None:
        """Count a request."""
        key = access.context.protocol, access.operation, access.status // 100
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = self._bind(*key)
        bound.add(access)

    def _bind(self, protocol: str, operation: str, status: int) -> _Bound:
        if len(self._bound) >= MAX_SERIES:
            operation = OTHER
        return _Bound(
            self._requests.labels(protocol, operation, f"{status}xx"),
            self._seconds.labels(protocol, operation),
            self._received.labels(protocol),
            self._sent.labels(protocol),
        )

    def watch(self, connections: Callable[[], Mapping[str, int]], dropped: Callable[[], int]) -> None:
        """Show open connections by protocol and the number of lost log records, as they are when metrics are read."""
        self.registry.register(_Watched(connections, dropped))

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All metrics in the format that an Accept header asks for, and its content type. Takes milliseconds."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self.registry), content_type


class _Watched(Collector):
    def __init__(self, connections: Callable[[], Mapping[str, int]], dropped: Callable[[], int]) -> None:
        self._connections = connections
        self._dropped = dropped

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("portico_open_connections", "Connections that are open.", labels=("protocol",))
        for protocol, count in self._connections().items():
            family.add_metric((protocol,), count)
        yield family
        yield CounterMetricFamily(
            "portico_log_records_dropped", "Log records lost to a reader that was too slow.", value=self._dropped()
        )


async def sample_lag(observe: Callable[[float], None]) -> None:
    """Tell how many seconds late the event loop is, again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_INTERVAL
        await asyncio.sleep(LAG_INTERVAL)
        observe(max(0.0, loop.time() - due))
