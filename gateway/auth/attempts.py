"""Wrong credentials are counted, so that nobody can try many."""

from collections.abc import Callable
from time import monotonic

from cachetools import TTLCache

SECONDS = 30.0
"""For so long after the last one, wrong credentials count."""

FOR_ONE_NAME = 5
FOR_ALL_NAMES = 50
MAX_COUNTED = 20_000

_ALL = ""


class Attempts:
    """Attempts to log in by the client's address: so many at one name, and so many at all of them."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._failures: TTLCache[tuple[str, str], int] = TTLCache(MAX_COUNTED, SECONDS, timer=clock)

    def exhausted(self, client: str, name: str) -> bool:
        """Whether another attempt is one too many."""
        return self._count(client, name) >= FOR_ONE_NAME or self._count(client, _ALL) >= FOR_ALL_NAMES

    def failed(self, client: str, name: str) -> None:
        """Count wrong credentials."""
        for each in (name, _ALL):
            self._failures[client, each] = self._count(client, each) + 1

    def succeeded(self, client: str, name: str) -> None:
        """Forget what was mistyped before."""
        self._failures.pop((client, name), None)

    def _count(self, client: str, name: str) -> int:
        return self._failures.get((client, name), 0)
