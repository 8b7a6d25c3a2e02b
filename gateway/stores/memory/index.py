"""A mapping that knows the order of its names."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Generic, TypeVar

N = TypeVar("N", str, tuple[str, str])
V = TypeVar("V")


class Index(Generic[N, V]):
    """Values by name, and in the order of the names: a page of them costs as much as the page.

    Strings compare by code point, which is the byte order of their UTF-8. Nothing may be changed while it is walked.
    """

    def __init__(self) -> None:
        self._values: dict[N, V] = {}
        self._names: list[N] = []

    def __len__(self) -> int:
        return len(self._names)

    def get(self, name: N) -> V | None:
        return self._values.get(name)

    def put(self, name: N, value: V) -> None:
        if name not in self._values:
            insort(self._names, name)
        self._values[name] = value

    def pop(self, name: N) -> V | None:
        """Take a value out; None where there is none."""
        if name not in self._values:
            return None
        del self._names[bisect_left(self._names, name)]
        return self._values.pop(name)

    def walk(self, start: N, included: bool, reverse: bool = False) -> Iterator[V]:
        """Values in order (or in reverse), from the name `start` on; an empty one in reverse means from the last."""
        names, values = self._names, self._values
        if reverse:
            behind = (bisect_right if included else bisect_left)(names, start) if any(start) else len(names)
            return (values[names[place]] for place in range(behind - 1, -1, -1))
        first = (bisect_left if included else bisect_right)(names, start)
        return (values[names[place]] for place in range(first, len(names)))
