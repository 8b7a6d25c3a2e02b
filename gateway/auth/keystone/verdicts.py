"""What Keystone said lately, so that it is not asked the same again and again."""

import hmac
import os
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cachetools import TLRUCache, TTLCache

from gateway.core.errors import Busy
from gateway.core.tasks import Shared

MAX_KEPT = 10_000
"""Verdicts of either kind; those that were not needed for longest are forgotten."""
REFUSED_SECONDS = 10.0
"""So long, what was refused is refused again unasked."""
MAX_RUNNING = 1024
"""Questions that are asked, or wait for their turn."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verdict(Generic[T]):
    """`lifetime`: seconds that it holds."""

    value: T
    lifetime: float


Ask = Callable[[], Coroutine[Any, Any, Verdict[T] | None]]
"""Asks; None: it was refused."""


class Verdicts(Generic[T]):
    """Verdicts by what they are about, of which nothing is kept but a digest. Many who ask the same at once ask once.

    `seconds`: the longest that one is kept, however long it holds; `clock` is monotonic.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._key = os.urandom(32)
        self._given: TLRUCache[bytes, Verdict[T]] = TLRUCache(MAX_KEPT, self._until, timer=clock)
        self._refused: TTLCache[bytes, bool] = TTLCache(MAX_KEPT, REFUSED_SECONDS, timer=clock)
        self._asking: Shared[T | None] = Shared()

    async def of(self, about: tuple[str, ...], ask: Ask[T]) -> T | None:
        """The verdict; None where it is a refusal. Raises what `ask` does, which is not kept, and `Busy`."""
        place = hmac.digest(self._key, repr(about).encode(errors="surrogateescape"), "sha256")
        if (found := self._given.get(place)) is not None:
            return found.value
        if place in self._refused:
            return None
        if len(self._asking) >= MAX_RUNNING and place not in self._asking:
            raise Busy("Too many ask Keystone")
        return await self._asking.result(place, lambda: self._asked(place, ask))

    async def aclose(self) -> None:
        """Break off what is being asked."""
        await self._asking.aclose()

    async def _asked(self, place: bytes, ask: Ask[T]) -> T | None:
        begun = self._clock()
        verdict = await ask()
        if verdict is None or verdict.lifetime <= 0:
            self._refused[place] = True
            return None
        # It holds from when it was given, which was some time after it was asked for.
        self._given[place] = Verdict(verdict.value, verdict.lifetime - (self._clock() - begun))
        return verdict.value

    def _until(self, _: bytes, verdict: Verdict[T], now: float) -> float:
        return now + min(verdict.lifetime, self._seconds)
