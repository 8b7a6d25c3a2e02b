"""The layers around remote stores, and what all of them share."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from gateway.cache.base import Cache, Health
from gateway.cache.entries import Entries, Tally
from gateway.cache.near import Near
from gateway.config.settings import RemoteS3Settings, RemoteSwiftSettings
from gateway.core.events import Done
from gateway.core.store import Store
from gateway.layers.limit import Bounds, Limit, Turns
from gateway.layers.metacache import MetaCache, View
from gateway.layers.observe import Observe
from gateway.layers.packing import Answer
from gateway.layers.retry import Retry
from gateway.layers.segmented import Budget, Segmented

RemoteSettings = RemoteS3Settings | RemoteSwiftSettings


class Layering:
    """Wraps stores, from the inside out: large bodies become segments; what failed for a moment is tried again, within
    a turn of the store; that is observed, and asked for only where the cache does not know. `cache`: none, or one with
    the secret that its keys are made of and the seconds that entries live.
    """

    def __init__(
        self, tell: Callable[[Done], None], cache: Cache | None = None, secret: bytes = b"", ttl: int = 0
    ) -> None:
        self._tell = tell
        self._cache = cache
        self._secret = secret
        self._ttl = ttl
        self._near: Near[Answer] = Near()
        self._turns: dict[str, Turns] = {}
        self._budgets: dict[str, Budget] = {}
        self._tallies: dict[str, Tally] = {}

    def around(self, store: Store, name: str, settings: RemoteSettings, view: View | None = None) -> Store:
        """All layers around a store. Stores of one `name` share their turns, their memory for segments and their
        tallies; what the cache holds is shared by those that have no `view`, and by those of one.
        """
        turns = self._turns.setdefault(name, Turns(_bounds(settings)))
        budget = self._budgets.setdefault(name, Budget(settings.segment_buffer))
        whole = Retry(Segmented(store, settings, budget), settings.backoff)
        live = Observe(Limit(whole, turns), name, self._tell)
        if self._cache is None:
            return live
        tally = self._tallies.setdefault(name, Counter())
        entries = Entries(self._cache, self._secret, self._ttl, tally)
        return MetaCache(live, entries, name, self._near, view)

    @property
    def turns(self) -> Mapping[str, Turns]:
        """Of each store, by name, what is under way in it."""
        return self._turns

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """Of each store, by name, its looks into the cache."""
        return self._tallies

    def health(self) -> Sequence[Health]:
        """Of each server of the cache."""
        return () if self._cache is None else self._cache.health()


def _bounds(settings: RemoteSettings) -> Bounds:
    return Bounds(operations=settings.max_operations, waiting=settings.max_waiting, patience=settings.waiting_seconds)
