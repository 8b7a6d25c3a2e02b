"""Prometheus metrics of one process."""

import asyncio
import platform
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from gateway import __version__
from gateway.core.events import Access

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
LAG_INTERVAL = 0.5
MAX_SERIES = 2048
OTHER = "other"


class _Tally:
    """What the requests of one (protocol, operation, status class) add up to."""

    __slots__ = ("buckets", "received", "requests", "seconds", "sent")

    def __init__(self) -> None:
        self.requests = self.received = self.sent = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(SECONDS) + 1)

    def add(self, access: Access) -> None:
        self.requests += 1
        self.received += access.received
        self.sent += access.sent
        self.seconds += access.seconds
        self.buckets[bisect_left(SECONDS, access.seconds)] += 1


class _Requests(Collector):
    """Tallies as metrics. The library's counters take a lock for each number; these are counted on the event loop."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, int], _Tally] = {}

    def observe(self, access: Access) -> None:
        key = access.context.protocol, access.operation, access.status // 100
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= MAX_SERIES:
                key = key[0], OTHER, key[2]
            tally = self._tallies.setdefault(key, _Tally())
        tally.add(access)

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "portico_requests", "Requests and FTP transfers.", labels=("protocol", "operation", "status")
        )
        received = CounterMetricFamily("portico_received_bytes", "Bytes of bodies received.", labels=("protocol",))
        sent = CounterMetricFamily("portico_sent_bytes", "Bytes of bodies sent.", labels=("protocol",))
        tallies = dict(self._tallies)
        for (protocol, operation, status), tally in tallies.items():
            requests.add_metric((protocol, operation, f"{status}xx"), tally.requests)
        for protocol in {protocol for protocol, _, _ in tallies}:
            own = [tally for key, tally in tallies.items() if key[0] == protocol]
            received.add_metric((protocol,), sum(tally.received for tally in own))
            sent.add_metric((protocol,), sum(tally.sent for tally in own))
        yield from (requests, _durations(tallies), received, sent)


def _durations(tallies: Mapping[tuple[str, str, int], _Tally]) -> Metric:
    family = HistogramMetricFamily(
        "portico_request_seconds", "Wall time of requests.", labels=("protocol", "operation")
    )
    for protocol, operation in {key[:2] for key in tallies}:
        own = [tally for key, tally in tallies.items() if key[:2] == (protocol, operation)]
        counts = accumulate(map(sum, zip(*(tally.buckets for tally in own), strict=True)))
        bounds = [*map(floatToGoString, SECONDS), "+Inf"]
        total = sum(tally.seconds for tally in own)
        family.add_metric((protocol, operation), list(zip(bounds, counts, strict=True)), total)
    return family


class Metrics:
    """What requests add up to. `observe` costs a microsecond; names of labels are limited in number."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=True)
        self._requests = _Requests()
        self.registry.register(self._requests)
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
        self.observe = self._requests.observe

    def add(self, *collectors: Collector) -> None:
        """Show what others count."""
        for collector in collectors:
            self.registry.register(collector)

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
