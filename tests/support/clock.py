"""The time as stores see it, which a test drives."""

import time

import pytest

SECOND = 10**9
DAY = 86_400 * SECOND


class Clock:
    """Nanoseconds since the epoch, as `time.time_ns` gives them, and as many more as have been let pass."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._real = time.time_ns
        self._ahead = 0
        patch.setattr(time, "time_ns", self)

    def __call__(self) -> int:
        return self._real() + self._ahead

    def ahead(self, nanoseconds: int) -> int:
        """A time that lies so far ahead, in whole seconds, as every store can keep it."""
        return self() // SECOND * SECOND + nanoseconds

    def let_pass(self, nanoseconds: int) -> None:
        self._ahead += nanoseconds
