"""How those who share a cache learn of writes."""

import asyncio
import time
from collections.abc import Collection

from gateway.cache.entries import Entries
from gateway.cache.sights import Name

RETRY_SECONDS = 0.25


class Telling:
    """Replaces the generations of what was written to. Where the cache can't be told, it goes on trying until no entry
    can be so old any more.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._untold: dict[Name, float] = {}
        self._trying: asyncio.Task[None] | None = None

    def owes(self, group: Name) -> bool:
        """Whether the cache may still hold, as the present truth, what this process has overwritten in a group."""
        return group in self._untold

    async def tell(self, groups: Collection[Name]) -> None:
        """Make all entries of these groups worthless. That the cache can't be told is no failure."""
        told = await asyncio.gather(*(self._entries.bump(group) for group in groups))
        missed = [group for group, done in zip(groups, told, strict=True) if not done]
        if missed:
            until = time.monotonic() + self._entries.ttl
            self._untold.update(dict.fromkeys(missed, until))
            if self._trying is None or self._trying.done():
                self._trying = asyncio.create_task(self._keep_trying())

    async def _keep_trying(self) -> None:
        while self._untold:
            await asyncio.sleep(RETRY_SECONDS)
            for group, until in tuple(self._untold.items()):
                done = await self._entries.bump(group) or time.monotonic() > until
                if done and self._untold.get(group) == until:  # what was written meanwhile may be newer than the bump
                    del self._untold[group]

    async def aclose(self) -> None:
        """Leave off trying."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait((self._trying,))
