"""Attempts to log in are counted, so that nobody can try many secrets."""

from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

SECONDS = 30.0
"""For so long after the last one, attempts count."""

FOR_ONE_NAME = 5
FOR_ALL_NAMES = 50
MAX_COUNTED = 20_000

_ALL = ""


class Attempts:
    """Attempts that have failed, or whose end is not known yet, by the client's address: so many are allowed at one
    name, and so many at all of them.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._counts: TTLCache[tuple[str, str], int] = TTLCache(MAX_COUNTED, SECONDS, timer=clock)

    def begin(self, client: str, name: str) -> bool:
        """Count an attempt; False where it is one too many, and not to be made."""
        if self._count(client, name) >= FOR_ONE_NAME or self._count(client, _ALL) >= FOR_ALL_NAMES:
            return False
        for each in (name, _ALL):
            self._counts[client, each] = self._count(client, each) + 1
        return True

    def discount(self, client: str, name: str) -> None:
        """The attempt was not at the wrong secret."""
        for each in (name, _ALL):
            if count := self._count(client, each):
                self._counts[client, each] = count - 1

    def forgive(self, client: str, name: str) -> None:
        """The secret was right: what was mistyped before counts no more."""
        self.discount(client, name)
        self._counts.pop((client, name), None)

    def _count(self, client: str, name: str) -> int:
        return self._counts.get((client, name), 0)
