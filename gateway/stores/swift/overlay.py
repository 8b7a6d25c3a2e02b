"""Own recent writes, laid over listings that do not show them yet."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.core.buckets import BucketMeta
from gateway.core.types import Meta

T = TypeVar("T", Meta, BucketMeta)


@dataclass(slots=True)
class Known(Generic[T]):
    """What was written, or that it was deleted (`item` is None).

    `stamp`: the upstream's time of the write, or of what was deleted, in ns since the epoch; not `sure`: only that
    what was deleted is not younger. `seen`: a listing has shown it, so that one which lacks it later is right.
    """

    name: str
    item: T | None
    stamp: int
    until: float
    sure: bool = True
    seen: bool = False


class Overlay(Generic[T]):
    """Bounded in number and in time: the oldest writes are forgotten first. Scopes are containers."""

    def __init__(self, seconds: float, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._entries = entries
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], Known[T]] = OrderedDict()
        self._scopes: dict[str, dict[str, Known[T]]] = {}

    def wrote(self, scope: str, name: str, item: T, stamp: int) -> None:
        self._set(scope, Known(name, item, stamp, self._clock() + self._seconds))

    def deleted(self, scope: str, name: str, stamp: int, *, sure: bool = True) -> None:
        self._set(scope, Known(name, None, stamp, self._clock() + self._seconds, sure))

    def forget(self, scope: str, name: str) -> None:
        """What became of it is not known: the listing has to tell."""
        if self._known.pop((scope, name), None) is not None:
            names = self._scopes[scope]
            del names[name]
            if not names:
                del self._scopes[scope]

    def drop(self, scope: str) -> None:
        """The container is gone, or is a new one."""
        for name in tuple(self._scopes.get(scope, ())):
            self.forget(scope, name)

    def get(self, scope: str, name: str) -> Known[T] | None:
        known = self._scopes.get(scope, {}).get(name)
        return known if known is not None and known.until > self._clock() else None

    def all(self, scope: str) -> Iterator[Known[T]]:
        """All that is known of a container, in no order."""
        self._expire()
        yield from tuple(self._scopes.get(scope, {}).values())

    def _set(self, scope: str, known: Known[T]) -> None:
        self.forget(scope, known.name)
        self._known[scope, known.name] = known
        self._scopes.setdefault(scope, {})[known.name] = known
        self._expire()

    def _expire(self) -> None:
        now = self._clock()
        while self._known:
            (scope, name), oldest = next(iter(self._known.items()))
            if oldest.until > now and len(self._known) <= self._entries:
                return
            self.forget(scope, name)
