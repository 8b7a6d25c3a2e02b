"""Failures that pass: which they are, what may be done again after them, and how long to wait before.

Two places repeat things, and never both the same. What one request can be repeated for is repeated by the store that
makes it: it knows whether the request was sent, and keeps its own tries in the error (`Unavailable.attempts`). What no
request can, a body that starts again from its beginning or a download that goes on where it broke, is the affair of
`layers/retry.py`, which leaves alone what has been tried more than once.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from gateway.core import context
from gateway.core.errors import Busy, DeadlineExceeded, StoreError, Unavailable

TRANSIENT = frozenset({408, 429, 498, 500, 502, 503, 504})
"""Statuses of HTTP after which the same request may succeed."""

UNTAKEN = frozenset({429, 498})
"""Those of them by which a server says that it has done nothing at all (498 is Swift's own limit of rates)."""


def passes(error: StoreError) -> bool:
    """The same may succeed in a moment. That no time is left does not pass."""
    return isinstance(error, Unavailable) and error.retryable and not isinstance(error, DeadlineExceeded)


def is_doubtful(error: StoreError) -> bool:
    """What was asked may have been done nevertheless, or may be done yet."""
    return isinstance(error, Unavailable) and not isinstance(error, Busy)


def may_repeat(error: StoreError, *, harmless: bool) -> bool:
    """Whether to try again what failed. `harmless`: that it is done twice does no harm."""
    return passes(error) and (harmless or not is_doubtful(error))


def wait_of(error: StoreError) -> float:
    """Seconds that the error asks to wait before the next try."""
    return error.retry_after if isinstance(error, Busy) else 0.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3); None where it says nothing that can be understood."""
    stated = headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    try:
        return max(0.0, parsedate_to_datetime(stated).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How often and how soon to try again: `retries` times; pauses double, from `base` seconds up to `cap`."""

    retries: int
    base: float
    cap: float

    async def pause(self, done: int, asked: float = 0.0) -> None:
        """Wait after `done` tries for a random time, half of what is due at least; `asked` counts up to the cap.

        Raises `DeadlineExceeded` at once where the request's deadline comes first.
        """
        seconds = max(min(self.cap, self.base * 2 ** (done - 1)), min(asked, self.cap))
        seconds *= random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
        remaining = context.current().remaining()
        if remaining is not None and remaining <= seconds:
            raise DeadlineExceeded
        await asyncio.sleep(seconds)
