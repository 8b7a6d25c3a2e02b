"""Metrics of the reapers."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.reaper.tally import Tally, What


class Reaped(Collector):
    """What was removed in the background, by store and kind."""

    def __init__(self, tallies: Mapping[str, Tally]) -> None:
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        removed = CounterMetricFamily("portico_reaped", "Removed in the background.", labels=("store", "what"))
        refused = CounterMetricFamily(
            "portico_reaper_refused", "Removals that the store refused or failed.", labels=("store",)
        )
        for store, tally in self._tallies.items():
            for what in What:
                removed.add_metric((store, what.value), tally.removed[what])
            refused.add_metric((store,), tally.refused)
        yield from (removed, refused)
