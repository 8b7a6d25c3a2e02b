"""Metrics of remote stores and of the cache before them, and the log of what was slow."""

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from gateway.cache.base import Health
from gateway.cache.entries import Tally
from gateway.core.context import current
from gateway.core.events import Done
from gateway.layers.limit import Turns
from gateway.telemetry.metrics import SECONDS

logger = logging.getLogger("portico.stores")

OK = "ok"


class _Tally:
    """What the operations of one kind, in one store, add up to."""

    __slots__ = ("buckets", "outcomes", "seconds")

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds = 0.0
        self.buckets = [0] * (len(SECONDS) + 1)

    def add(self, done: Done) -> None:
        self.outcomes[done.error or OK] += 1
        self.seconds += done.seconds
        self.buckets[bisect_left(SECONDS, done.seconds)] += 1


class Operations(Collector):
    """Counts operations by store, operation and outcome, and logs those that took `slow` seconds or more.

    Where a body was taken in, its sender may have been the slow one; the access line tells of those.
    """

    def __init__(self, slow: float | None = None) -> None:
        self._slow = slow
        self._tallies: dict[tuple[str, str], _Tally] = {}

    def observe(self, done: Done) -> None:
        key = done.store, done.operation
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        tally.add(done)
        if self._slow is not None and done.seconds >= self._slow and not done.body:
            logger.warning(
                "an operation of a store was slow",
                extra={
                    "request_id": current().request_id,
                    "store": done.store,
                    "operation": done.operation,
                    "ms": round(done.seconds * 1000),
                    "error": done.error,
                },
            )

    def collect(self) -> Iterator[Metric]:
        operations = CounterMetricFamily(
            "portico_store_operations", "Operations of remote stores.", labels=("store", "operation", "outcome")
        )
        durations = HistogramMetricFamily(
            "portico_store_operation_seconds", "Wall time of those operations.", labels=("store", "operation")
        )
        bounds = [*map(floatToGoString, SECONDS), "+Inf"]
        for key, tally in dict(self._tallies).items():
            for outcome, count in dict(tally.outcomes).items():
                operations.add_metric((*key, outcome), count)
            durations.add_metric(key, list(zip(bounds, accumulate(tally.buckets), strict=True)), tally.seconds)
        yield from (operations, durations)


class Remotes(Collector):
    """What is under way in remote stores, and how the cache before them does, as it is when metrics are read."""

    def __init__(
        self, turns: Mapping[str, Turns], tallies: Mapping[str, Tally], health: Callable[[], Sequence[Health]]
    ) -> None:
        self._turns = turns
        self._tallies = tallies
        self._health = health

    def collect(self) -> Iterator[Metric]:
        running = GaugeMetricFamily("portico_store_running", "Operations under way in a store.", labels=("store",))
        waiting = GaugeMetricFamily("portico_store_waiting", "Operations that wait for a turn.", labels=("store",))
        for name, turns in dict(self._turns).items():
            running.add_metric((name,), turns.running)
            waiting.add_metric((name,), turns.waiting)
        yield from (running, waiting)
        lookups = CounterMetricFamily(
            "portico_cache_lookups",
            "Looks into the metadata cache. near: known to this process; stale: refused, something was written since; "
            "unknown: the server that had to be asked did not answer.",
            labels=("store", "kind", "outcome"),
        )
        for name, tally in dict(self._tallies).items():
            for (kind, outcome), count in dict(tally).items():
                lookups.add_metric((name, kind, outcome), count)
        yield lookups
        errors = CounterMetricFamily("portico_cache_errors", "Calls that a cache server failed.", labels=("server",))
        alone = GaugeMetricFamily(
            "portico_cache_left_alone", "1 while a cache server that fails is not asked.", labels=("server",)
        )
        for server in self._health():
            errors.add_metric((server.address,), server.errors)
            alone.add_metric((server.address,), int(server.alone))
        yield from (errors, alone)
