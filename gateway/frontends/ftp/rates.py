"""How fast data connections may be: by user, by address and in all. Bytes are those of files."""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakValueDictionary

from gateway.core.store import Region
from gateway.frontends.ftp.data import DataStream

BURST = 0.25
"""Seconds' worth of bytes that may come at once."""

LOOK = 0.25
"""Seconds after which a transfer that has to wait looks whether it was broken off."""

LEAST, MOST = 1024, 1024 * 1024
"""Bytes that are sent at a time, as far as the rate goes."""


class Rate:
    """A limit in bytes a second, which all who share it keep together, in the order in which they come."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._paid = clock() - BURST
        """When all that was taken will have been due."""

    def take(self, count: int) -> float:
        """Take `count` bytes; the seconds after which more may be taken."""
        now = self._clock()
        self._paid = max(self._paid, now - BURST) + count / self.limit
        return max(0.0, self._paid - now)


class Limits(NamedTuple):
    """Bytes a second; None: any number."""

    upload: int | None = None
    download: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """The rates that a session keeps."""

    uploads: tuple[Rate, ...] = ()
    downloads: tuple[Rate, ...] = ()


NO_PACE = Pace()


class Rates:
    """All rates that somebody keeps at present; those of nobody are forgotten."""

    def __init__(self, overall: Limits, each_address: Limits) -> None:
        self._overall = overall
        self._each_address = each_address
        self._known: WeakValueDictionary[Hashable, Rate] = WeakValueDictionary()

    def pace(self, user: str, limits: Limits, client: Hashable) -> Pace:
        """What a session of a user with `limits` keeps, who comes from `client`."""
        if not any((*self._overall, *self._each_address, *limits)):
            return NO_PACE
        found = (("", self._overall), (client, self._each_address), (("user", user), limits))
        return Pace(
            tuple(self._rate((who, "upload"), each.upload) for who, each in found if each.upload),
            tuple(self._rate((who, "download"), each.download) for who, each in found if each.download),
        )

    def _rate(self, who: Hashable, limit: int) -> Rate:
        rate = self._known.get(who)
        if rate is None:
            rate = self._known[who] = Rate(limit)
        return rate


class Paced:
    """A data connection that keeps rates."""

    def __init__(self, data: DataStream, pace: Pace) -> None:
        self._data = data
        self._pace = pace
        slowest = min((rate.limit for rate in pace.downloads), default=MOST)
        self._piece = min(max(slowest // 8, LEAST), MOST)

    @property
    def has_ended(self) -> bool:
        return self._data.has_ended

    async def receive(self) -> bytes:
        block = await self._data.receive()
        await self._keep(self._pace.uploads, len(block))
        return block

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        for start in range(0, len(rest), self._piece):
            piece = rest[start : start + self._piece]
            await self._data.send(bytes(piece))
            await self._keep(self._pace.downloads, len(piece))

    async def send_region(self, region: Region) -> None:
        for done in range(0, region.length, self._piece):
            length = min(self._piece, region.length - done)
            await self._data.send_region(Region(region.file, region.offset + done, length))
            await self._keep(self._pace.downloads, length)

    async def finish(self) -> None:
        await self._data.finish()

    def check(self) -> None:
        """Raise what the connection was broken off with."""
        self._data.check()

    async def _keep(self, rates: Iterable[Rate], count: int) -> None:
        left = max((rate.take(count) for rate in rates), default=0.0)
        while left > 0:
            await asyncio.sleep(min(left, LOOK))
            self._data.check()
            left -= LOOK
