"""Requests are slowed down where an account or a container has too many of them.

Source: `swift.common.middleware.ratelimit`. Each process counts by itself.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from gateway.auth.access import Action
from gateway.frontends.swift.call import Place, Reach
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.rates import RateLimitSettings, rate_of
from gateway.frontends.swift.target import Level, Target

MAX_KEYS = 10_000
"""Accounts and containers that are kept in mind."""

BLACKLISTED_SECONDS = 1.0
LEAST_SLEEP = 0.01

_CHANGES = frozenset({"PUT", "DELETE"})
_WRITES = frozenset({"PUT", "DELETE", "POST", "COPY"})
_METHODS = {
    Action.WRITE: "PUT",
    Action.DELETE: "DELETE",
    Action.CREATE_BUCKET: "PUT",
    Action.DELETE_BUCKET: "DELETE",
}
"""By which method a single request does what is done for each of many."""


class RateLimit:
    """Has requests wait for their turn, and refuses those that would wait for too long."""

    def __init__(
        self,
        settings: RateLimitSettings,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._running: dict[tuple[str, ...], float] = {}
        """By key, the time at which all requests that came would have been made at the rate."""

    async def wait(self, method: str, place: Place) -> None:
        """Wait until a request may go on. Raises `Refusal` (497, 498)."""
        settings, target = self._settings, place.target
        if target.account in settings.account_whitelist:
            return
        if target.account in settings.account_blacklist:
            await self._sleep(BLACKLISTED_SECONDS)
            raise Refusal(497, "Your account has been blacklisted")
        match target.level:
            case Level.CONTAINER if method in _CHANGES:
                await self._turn(("account", target.account), settings.account_ratelimit)
            case Level.CONTAINER if method == "GET":
                rate = rate_of(settings.container_listing_ratelimit, _size(place))
                await self._turn(("listing", target.account, target.container), rate)
            case Level.OBJECT if method in _WRITES:
                rate = rate_of(settings.container_ratelimit, _size(place))
                await self._turn(("container", target.account, target.container), rate)

    async def reaching(self, method: str, place: Place, reach: Reach, *, many: bool) -> Reach:
        """Wait until a request may go on, or, if it is about `many`, at each place that it leads to.

        The check of access for those. Raises as `wait`.
        """
        if many:
            return self._each(reach)
        await self.wait(method, place)
        return reach

    def _each(self, reach: Reach) -> Reach:

        async def reach_in_turn(action: Action, target: Target, *, creates: bool = False) -> Place:
            place = await reach(action, target, creates=creates)
            if (method := _METHODS.get(action)) is not None:
                await self.wait(method, place)
            return place

        return reach_in_turn

    async def _turn(self, key: tuple[str, ...], rate: float) -> None:
        if not rate:
            return
        now, step = self._clock(), 1 / rate
        running = self._running.get(key, 0.0) + step
        if now - running > self._settings.rate_buffer_seconds or key not in self._running:
            self._note(key, now + step, now)
            return
        seconds = running - now - step
        if self._settings.max_sleep_time_seconds - seconds <= LEAST_SLEEP:
            raise Refusal(498, "Slow down")
        self._note(key, running, now)
        if seconds > 0:
            await self._sleep(seconds)

    def _note(self, key: tuple[str, ...], running: float, now: float) -> None:
        if key not in self._running and len(self._running) >= MAX_KEYS:
            buffer = self._settings.rate_buffer_seconds
            self._running = {key: each for key, each in self._running.items() if now - each <= buffer}
            if len(self._running) >= MAX_KEYS:
                del self._running[next(iter(self._running))]
        self._running[key] = running


def _size(place: Place) -> int:
    return 0 if place.bucket is None else place.bucket.objects
