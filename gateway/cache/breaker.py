"""A circuit breaker: a server that keeps failing is left alone for a while."""

from collections.abc import Callable
from time import monotonic

FAILURES = 3
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0


class Breaker:
    """Opens after `FAILURES` failures in a row, for a pause that doubles up to `LONGEST_PAUSE` seconds.

    When the pause is over one caller may try; the others wait for what becomes of it.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._closed_at = 0.0

    @property
    def is_open(self) -> bool:
        """Nothing should be sent now."""
        return self._failures >= FAILURES and self._clock() < self._closed_at

    def enter(self) -> bool:
        """Whether the caller may try; if it may after a pause, the next ones may not until it has told the outcome."""
        if self.is_open:
            return False
        if self._failures >= FAILURES:
            self._closed_at = self._clock() + self._pause
        return True

    def succeed(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE

    def fail(self) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._closed_at = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
