"""Bodies that are sealed on their way into a store."""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from gateway.core.body import CheckedBody
from gateway.core.digest import Algorithm, Digests
from gateway.core.encryption import Seal
from gateway.layers.encrypted.frames import FRAME, Frames, Sealing, new_header, stored_size

T = TypeVar("T")

INLINE = FRAME
"""Up to so many bytes are sealed or opened on the event loop: a hop to a thread would take longer."""


async def done(work: Callable[[], T], size: int) -> T:
    """What `work` on `size` bytes returns: from a thread, if they are many."""
    return work() if size <= INLINE else await asyncio.to_thread(work)


class SealedBody(CheckedBody):
    """A run, made of a body while that comes in. It tells of the plain bytes, and hands on the sealed ones.

    The ETag of what a customer's key seals must tell nothing of the bytes to who has not that key: in place of the MD5
    stands a digest of it under the object's own key.
    """

    def __init__(self, plain: CheckedBody, seal: Seal, key: bytes, number: int = 0) -> None:
        super().__init__(plain)
        self._plain = plain
        self._seal = seal
        self._key = key
        self._number = number
        self.size = None if plain.size is None else stored_size(plain.size)

    def want(self, algorithms: Collection[Algorithm]) -> None:
        self._plain.want(algorithms)

    @property
    def count(self) -> int:
        return self._plain.count

    @property
    def digests(self) -> Digests:
        digests = self._plain.digests
        if self._seal.is_managed or Algorithm.MD5 not in digests:
            return digests
        md5 = digests[Algorithm.MD5]
        return {**digests, Algorithm.MD5: hmac.digest(self._key, b"portico etag 1" + md5, "sha256")[: len(md5)]}

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        sealing = self._begin()
        async with aclosing(self._plain.chunks()) as blocks:
            async for block in blocks:
                if sealed := await done(partial(sealing.take, block), len(block)):
                    yield sealed
        yield sealing.end()

    async def small(self) -> bytes:
        return self._begin().end(await self._plain.small())

    def _begin(self) -> Sealing:
        header = new_header(self._number)
        return Sealing(header, Frames(self._key, self._seal.content, header))
