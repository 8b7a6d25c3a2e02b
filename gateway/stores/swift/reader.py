"""An object that is being read from the upstream."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import NamedTuple

import aiohttp

from gateway.core.errors import Unavailable
from gateway.core.ranges import Extent
from gateway.core.store import Reader
from gateway.core.types import Meta
from gateway.core.verified import is_md5, verified
from gateway.stores.swift.wire import pieces


class Piece(NamedTuple):
    """An answer to GET that carries `length` bytes of an object."""

    response: aiohttp.ClientResponse
    length: int


class SwiftReader(Reader):
    """One version of an object, in pieces that follow each other. It can be read once."""

    def __init__(self, meta: Meta, extent: Extent, answers: Sequence[Piece]) -> None:
        self.meta = meta
        self.extent = extent
        self._answers = answers

    def chunks(self) -> AsyncIterator[bytes]:
        whole = len(self.extent) == self.meta.size and is_md5(self.meta.etag)
        return verified(self._bytes(), self.meta.etag) if whole else self._bytes()

    async def _bytes(self) -> AsyncGenerator[bytes, None]:
        for answer in self._answers:
            async with aclosing(_counted(answer)) as stream:
                async for chunk in stream:
                    yield chunk


async def _counted(answer: Piece) -> AsyncGenerator[bytes, None]:
    """The bytes, counted: Swift breaks off in the middle where a segment is missing."""
    left = answer.length
    async with aclosing(pieces(answer.response)) as stream:
        async for chunk in stream:
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
    if left:
        raise Unavailable("The upstream sent another number of bytes than it said")
