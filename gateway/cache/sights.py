"""Generations as they were seen lately, by this process."""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

MAX_GROUPS = 10_000

Name = tuple[str, ...]


class _Sight(NamedTuple):
    """`asked`: when the look began, or, of a write, when it had been told. A write leaves no generation."""

    asked: float
    generation: bytes | None


class Sights:
    """Whose request began before a look at a generation need not look again: the answer is of his time.

    `clock` is in seconds, and never goes back.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sights: dict[Name, _Sight] = {}
        self._since = clock()

    def now(self) -> float:
        """The time at which a look begins."""
        return self._clock()

    def saw(self, group: Name, asked: float, generation: bytes) -> None:
        """A look that began at `asked` saw this; it may have ended before a later one, or before a write."""
        sight = self._sights.get(group)
        if asked > (self._since if sight is None else sight.asked):
            self._keep(group, _Sight(asked, generation))

    def wrote(self, group: Name) -> None:
        """This process has replaced the generation: no earlier look tells anything of it, not even one under way."""
        self._keep(group, _Sight(self._clock(), None))

    def find(self, group: Name, began: float) -> bytes | None:
        """What a look that began at or after `began` saw, if there was one."""
        sight = self._sights.get(group)
        return None if sight is None or sight.asked < began else sight.generation

    def _keep(self, group: Name, sight: _Sight) -> None:
        if len(self._sights) >= MAX_GROUPS and group not in self._sights:
            self._sights.clear()
            self._since = self._clock()
        self._sights[group] = sight
