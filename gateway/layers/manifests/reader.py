"""A large object that is open for reading."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Self

from gateway.core.conditions import When
from gateway.core.errors import BrokenSegment
from gateway.core.ranges import Extent, Span
from gateway.core.store import Reader, Region, Store
from gateway.core.tasks import wholly
from gateway.core.types import Meta
from gateway.layers.manifests.gate import Neighbours
from gateway.layers.manifests.segments import BROKEN, Piece

Part = Reader | bytes
Opened = tuple[Part, AsyncExitStack]
"""A part, and what closes it."""

FEW = 64 * 1024
"""Up to so many bytes are sent sooner than the segment behind them is opened beside."""


class LargeReader(Reader):
    """The bytes of one segment after the other. While one is read the next one is opened, and no more.

    The first one is opened with the reader: where it is missing or was changed, that is told before anything was sent.
    A later one that is breaks the stream. Raises `BrokenSegment`.
    """

    def __init__(
        self,
        store: Store,
        neighbours: Neighbours,
        meta: Meta,
        extent: Extent,
        pieces: AsyncGenerator[Piece | bytes, None],
    ) -> None:
        """`pieces` make up `extent` of what `meta` describes."""
        self.meta = meta
        self.extent = extent
        self._store = store
        self._neighbours = neighbours
        self._parts = self._open_all(pieces)
        self._first: Part | None = None

    async def __aenter__(self) -> Self:
        try:
            self._first = await anext(self._parts, None)
        except BaseException:
            await self._parts.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._parts.aclose()

    async def chunks(self) -> AsyncIterator[bytes]:
        sent = 0
        async for part in self._opened():
            if isinstance(part, bytes):
                sent += len(part)
                yield part
                continue
            async for chunk in part.chunks():
                sent += len(chunk)
                yield chunk
        self._check(sent)

    def regions(self) -> AsyncIterator[Region] | None:
        """Where the first segment lies in files; what of others does not is put into a file in memory."""
        if not isinstance(self._first, Reader) or not hasattr(os, "memfd_create"):
            return None
        regions = self._first.regions()
        return None if regions is None else self._regions(regions)

    async def _regions(self, first: AsyncIterator[Region]) -> AsyncIterator[Region]:
        sent = 0
        async for part in self._opened():
            found = None
            if isinstance(part, Reader):
                found = first if part is self._first else part.regions()
            async for region in _held(part) if found is None else found:
                sent += region.length
                yield region
        self._check(sent)

    def _check(self, sent: int) -> None:
        """A listing may show less, when it is walked again, than what was measured."""
        if sent != len(self.extent):
            raise BrokenSegment

    async def _opened(self) -> AsyncGenerator[Part, None]:
        if self._first is not None:
            yield self._first
            async for part in self._parts:
                yield part

    async def _open_all(self, pieces: AsyncGenerator[Piece | bytes, None]) -> AsyncGenerator[Part, None]:
        async with aclosing(pieces):
            ahead: asyncio.Task[Opened | None] | None = None
            opened = await self._next(pieces)
            while opened is not None:
                part, stack = opened
                try:
                    async with stack:
                        if _size(part) > FEW:
                            ahead = asyncio.create_task(self._next(pieces))
                        yield part
                    opened = await (self._next(pieces) if ahead is None else ahead)
                    ahead = None
                finally:
                    if ahead is not None:
                        await wholly(_drop(ahead))

    async def _next(self, pieces: AsyncGenerator[Piece | bytes, None]) -> Opened | None:
        """The next part, open; None at the end."""
        piece = await anext(pieces, None)
        if piece is None:
            return None
        async with AsyncExitStack() as stack:
            part = piece if isinstance(piece, bytes) else await self._open(stack, piece)
            return part, stack.pop_all()

    async def _open(self, stack: AsyncExitStack, piece: Piece) -> Reader:
        span = Span(piece.extent.start, piece.extent.stop - 1)
        same = When(if_match=(piece.etag,))
        try:
            await self._neighbours.check_read(piece.key.bucket, piece.key.name)
            reader = await stack.enter_async_context(self._store.open(piece.key, span=span, when=same))
        except BROKEN as error:
            raise BrokenSegment from error
        if reader.meta.size != piece.size:
            raise BrokenSegment
        return reader


def _size(part: Part) -> int:
    return len(part) if isinstance(part, bytes) else len(part.extent)


async def _drop(ahead: asyncio.Task[Opened | None]) -> None:
    """Close what has been opened for a reader that is left early. What went wrong with it is nobody's business."""
    ahead.cancel()
    await asyncio.wait((ahead,))
    if not ahead.cancelled() and ahead.exception() is None and (opened := ahead.result()) is not None:
        await opened[1].aclose()


async def _held(part: Part) -> AsyncIterator[Region]:
    """Bytes that lie in no file, as regions of files in memory: a block of them at a time.

    Each has a file of its own, since the network may still be reading the pages of the one before.
    """
    async for chunk in _chunks(part):
        with os.fdopen(os.memfd_create("portico-segment"), "w+b", buffering=0) as file:
            rest = memoryview(chunk)
            while rest:
                rest = rest[file.write(rest) :]
            yield Region(file, 0, len(chunk))


async def _chunks(part: Part) -> AsyncIterator[bytes]:
    if isinstance(part, bytes):
        yield part
        return
    async for chunk in part.chunks():
        yield chunk
