"""The first level of the cache: answers of this process, as records, for as long as their generation stands."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from cachetools import TLRUCache

MAX_BYTES = 64 * 1024 * 1024
SWELL = 6
"""So many times as large as its packed form an answer is in memory."""

OVERHEAD = 1000
"""Bytes that an answer takes beside that."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """An answer and the generation that it belongs to. `size` in bytes, `life` in seconds."""

    generation: bytes
    answer: T
    size: int
    life: float


class Near(Generic[T]):
    """Bounded in bytes, the least recently used answers dropped first. It saves transport and unpacking alone: whether
    a generation still stands is always asked for.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = monotonic) -> None:
        self._held: TLRUCache[Hashable, Held[T]] = TLRUCache(max_bytes, ttu=_end, timer=clock, getsizeof=_size)

    def get(self, name: Hashable) -> Held[T] | None:
        """What was kept last and has not expired."""
        return self._held.get(name)

    def keep(self, name: Hashable, generation: bytes, answer: T, size: int, life: float) -> None:
        """Keep an answer whose packed form has `size` bytes, unless it is too large for the whole level."""
        held = Held(generation, answer, OVERHEAD + SWELL * size, life)
        if held.size > self._held.maxsize:
            self._held.pop(name, None)
        else:
            self._held[name] = held


def _end(name: Hashable, held: Held[T], now: float) -> float:
    return now + held.life


def _size(held: Held[T]) -> int:
    return held.size
