"""The first level of the cache: answers of this process, as records, for as long as their generation stands."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

MAX_BYTES = 64 * 1024 * 1024
SWELL = 6
"""So many times as large as its packed form an answer is in memory."""

OVERHEAD = 1000
"""Bytes that an answer takes beside that."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """An answer and the generation that it belongs to. `size` in bytes, `end` on the clock of its level."""

    generation: bytes
    answer: T
    size: int
    end: float


class Near(Generic[T]):
    """Bounded in bytes, the least recently used answers dropped first. It saves transport and unpacking alone: whether
    a generation still stands is always asked for.
    """

    def __init__(self, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = monotonic) -> None:
        self._held: OrderedDict[Hashable, Held[T]] = OrderedDict()
        self._free = max_bytes
        self._max_bytes = max_bytes
        self._clock = clock

    def get(self, name: Hashable) -> Held[T] | None:
        """What was kept last and has not expired."""
        held = self._held.get(name)
        if held is None:
            return None
        if held.end <= self._clock():
            self._drop(name)
            return None
        self._held.move_to_end(name)
        return held

    def keep(self, name: Hashable, generation: bytes, answer: T, size: int, life: float) -> None:
        """Keep an answer whose packed form has `size` bytes for `life` seconds, unless it is too large for the whole
        level.
        """
        self._drop(name)
        held = Held(generation, answer, OVERHEAD + SWELL * size, self._clock() + life)
        if held.size > self._max_bytes:
            return
        self._held[name] = held
        self._free -= held.size
        while self._free < 0:
            _, oldest = self._held.popitem(last=False)
            self._free += oldest.size

    def _drop(self, name: Hashable) -> None:
        held = self._held.pop(name, None)
        if held is not None:
            self._free += held.size
