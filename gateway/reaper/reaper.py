"""The service that removes what has come to its end.

Everything is looked at first, and removed on the condition that it has not changed since, by the store's own deletes:
locks hold, and a bucket that keeps versions keeps them. So a pass can be broken off anywhere and begun anew, and two
processes at one store do no harm.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from gateway.cache.leader import Leader
from gateway.core import ops
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Expiring
from gateway.core.errors import ConditionFailed, NotFound, StoreError
from gateway.core.lifecycle import LIFECYCLE
from gateway.core.store import Store
from gateway.core.types import Deleted
from gateway.reaper.settings import ReaperSettings
from gateway.reaper.tally import Tally, What
from gateway.reaper.walk import Removal, Walk, vanishing

logger = logging.getLogger("portico.reaper")

SECOND = 1_000_000_000

PAGE = 1000
AT_ONCE = 16
"""Removals under way: an embedded store acknowledges them together."""

LOOK = 10
"""A look at a page costs about as much as so many removals."""

Clock = Callable[[], int]
"""Tells the time in ns since the epoch."""

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A store that is reaped. `embedded`: all uploads in it are our own clients'. `leader`: who of many reaps it."""

    name: str
    store: Store
    embedded: bool = True
    leader: Leader | None = None


class Reaper:
    """Reaps one store."""

    def __init__(
        self, charge: Charge, settings: ReaperSettings, clock: Clock = time.time_ns, pause: Pause = asyncio.sleep
    ) -> None:
        self.tally = Tally()
        self.name = charge.name
        self._charge = charge
        self._settings = settings
        self._clock = clock
        self._pause = pause
        self._walked: int | None = None

    async def run(self) -> None:
        """Reap until cancelled."""
        while True:
            await self._pause(self._settings.interval)
            try:
                await self.reap()
            except StoreError as error:
                logger.warning(
                    "what is due could not be removed, will try again", extra=self._told(error=error.message)
                )
            except Exception:  # the outermost boundary: one bad pass must not be the last
                logger.exception("the reaper failed, will try again", extra=self._told())

    async def reap(self) -> None:
        """Remove what is due by now. The walk along the buckets is made when it is time for it."""
        if not await self._leads():
            return
        before = self.tally.removed.copy()
        refused = self.tally.refused
        try:
            await self._vanish()
            now = self._clock()
            if self._walked is None or now - self._walked >= self._settings.rules_interval * SECOND:
                await self._walk(now)
                self._walked = now
        finally:
            if removed := self.tally.since(before):
                logger.info("removed what was due", extra=self._told(**removed))
            if self.tally.refused > refused:
                count = self.tally.refused - refused
                logger.warning("the store did not remove all that was due", extra=self._told(refused=count))

    async def remove(self, what: What, work: Callable[[], Awaitable[Deleted | None]]) -> None:
        """Do one removal and count it. What has changed, or is gone already, is left as it is."""
        try:
            done = await work()
        except (ConditionFailed, NotFound):
            return
        except StoreError as error:
            logger.debug("not removed", extra=self._told(what=what.value, error=error.message))
            self.tally.refused += 1
        else:
            if done is None or done.existed:
                self.tally.removed[what] += 1

    async def all(self, removals: Sequence[Removal]) -> bool:
        """Do what is due of one page, at the rate that is allowed. False: another process leads now, and goes on."""
        for start in range(0, len(removals), AT_ONCE):
            some = removals[start : start + AT_ONCE]
            async with asyncio.TaskGroup() as group:
                for removal in some:
                    group.create_task(removal())
            await self._pause(len(some) / self._settings.rate)
            if not await self._leads():
                return False
        await self._pause(LOOK / self._settings.rate)
        return await self._leads()

    async def _vanish(self) -> None:
        """Remove objects whose own time has come. It costs what there is of them."""
        store = self._charge.store
        expiring = find(store, Expiring)
        if expiring is None:
            return
        now, after = self._clock(), None
        while page := await expiring.expired(now, after=after, limit=PAGE):
            after = page[-1]
            if not await self.all([vanishing(store, self, row) for row in page]) or len(page) < PAGE:
                return

    async def _walk(self, now: int) -> None:
        """Walk along all buckets; what goes wrong in one leaves the others their turn."""
        store = self._charge.store
        idle = self._settings.abandoned_uploads if self._charge.embedded else 0
        unindexed = store.caps.expires and store.caps.listed_props and find(store, Expiring) is None
        async for bucket in ops.each_bucket(store):
            if store.caps.listed_props and LIFECYCLE not in bucket.system and not idle and not unindexed:
                continue
            day = self._settings.day * SECOND
            walk = Walk(store, bucket.name, now, self, day=day, idle=idle, vanishing=unindexed)
            try:
                if not await walk.run():
                    return
            except NotFound:
                continue  # it was deleted meanwhile
            except StoreError as error:
                told = self._told(bucket=bucket.name, error=error.message)
                logger.warning("a bucket could not be looked through, will try again", extra=told)

    async def _leads(self) -> bool:
        return self._charge.leader is None or await self._charge.leader.leads()

    def _told(self, **more: str | int) -> dict[str, str | int]:
        return {"store": self.name, **more}


async def reap(reapers: Sequence[Reaper]) -> None:
    """Have all of them at work until cancelled."""
    async with asyncio.TaskGroup() as group:
        for reaper in reapers:
            group.create_task(reaper.run())
