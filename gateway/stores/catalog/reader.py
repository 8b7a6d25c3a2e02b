"""Objects that are open for reading."""

import asyncio
import os
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from functools import partial
from io import FileIO
from typing import Self

from gateway.core.errors import Corrupt
from gateway.core.ranges import Extent
from gateway.core.store import Reader, Region
from gateway.core.types import Meta
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.stored import Inline
from gateway.stores.catalog.tables import contents, extents
from gateway.stores.catalog.tables.contents import Piece
from gateway.stores.catalog.threads import ended, finished
from gateway.stores.catalog.volume import Volume

BLOCK = 512 * 1024
"""Most bytes that are read, and handed on, at once."""

SMALL = 64 * 1024
"""Up to so many bytes of one file are read at once if they lie in memory: a hop to a thread would cost far more."""


class ContentReader(Reader):
    """A reader of a content."""

    @abstractmethod
    def duplicate(self, db: Connection, ids: Iterator[int]) -> int:
        """A content, in extents, of the same bytes. They are not moved, except for those that came with a row."""


class InlineReader(ContentReader):
    """An object whose bytes came with its row."""

    def __init__(self, meta: Meta, extent: Extent, data: bytes) -> None:
        self.meta = meta
        self.extent = extent
        self.data: bytes = data[extent.start : extent.stop]
        self._all = data

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.data:
            yield self.data

    async def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        if len(self._all) < extent.stop:
            raise Corrupt
        yield self._all[extent.start : extent.stop]

    def duplicate(self, db: Connection, ids: Iterator[int]) -> int:
        return contents.create_part(db, Inline(next(ids), self.data))


class Layout:
    """Where the bytes of a content lie, looked up page by page: memory does not grow with the number of its parts."""

    def __init__(self, readers: Readers, content: int) -> None:
        self._readers = readers
        self.content = content

    def pieces(self, extent: Extent) -> Iterator[Piece]:
        """The pieces of `extent`, in order. Raises `Corrupt` where one is missing."""
        start = extent.start
        while start < extent.stop:
            rest = Extent(start, extent.stop)
            page = self._readers.here(partial(contents.pieces, content=self.content, extent=rest))
            if not page:
                raise Corrupt
            yield from page
            start += sum(piece.length for piece in page)

    def inline(self, piece: Piece) -> bytes:
        """The bytes of a piece that lies in the index. Raises `Corrupt` where there are fewer."""
        data = self._readers.here(partial(contents.inline_bytes, piece=piece))
        if data is None or len(data) != piece.length:
            raise Corrupt
        return data


class SegmentReader(ContentReader):
    """An object whose bytes lie in segments. One file at most is open at a time, and one block is read ahead.

    The first file is opened with the reader: an object that is damaged there is refused before anything was sent. Few
    bytes are read with it, and then there are no regions.
    """

    def __init__(self, meta: Meta, extent: Extent, volume: Volume, layout: Layout, *, mixed: bool) -> None:
        """`mixed`: some segments lie in the index."""
        self.meta = meta
        self.extent = extent
        self._volume = volume
        self._layout = layout
        self._mixed = mixed
        self._few: bytes | None = None
        self._file: FileIO | None = None
        self._segment: int | None = None
        self._ahead: asyncio.Future[bytes] | None = None

    async def __aenter__(self) -> Self:
        first = next(self._layout.pieces(self.extent), None)
        if first is None or first.inline:
            return self
        if first.length == len(self.extent) <= SMALL:
            few = self._glance(first)
            self._few = few if few is not None else await self._volume.reading.run(self._load, first)
            return self
        try:
            await self._at(first)
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await ended(self._ahead)
        finally:
            self._close()

    def chunks(self) -> AsyncIterator[bytes]:
        return self.stored(self.extent) if self._few is None else self._at_once(self._few)

    async def _at_once(self, few: bytes) -> AsyncIterator[bytes]:
        yield few

    async def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        for piece in self._layout.pieces(extent):
            if piece.inline:
                yield self._layout.inline(piece)
                continue
            file, end = await self._at(piece), piece.start + piece.length
            block = self._begin(file, piece.start, end)
            for offset in range(piece.start + BLOCK, end, BLOCK):
                data = await finished(block)
                block = self._begin(file, offset, end)
                yield data
            yield await finished(block)

    def duplicate(self, db: Connection, ids: Iterator[int]) -> int:
        return extents.cut(db, self._layout.content, self.extent, ids)

    def regions(self) -> AsyncIterator[Region] | None:
        return None if self._mixed or self._few is not None else self._regions()

    async def _regions(self) -> AsyncIterator[Region]:
        for piece in self._layout.pieces(self.extent):
            yield Region(await self._at(piece), piece.start, piece.length)

    async def _at(self, piece: Piece) -> FileIO:
        """The file that the piece lies in. Raises `Corrupt` where it is missing or not as long as it should be."""
        if self._file is not None and self._segment == piece.segment:
            return self._file
        self._close()
        return await self._volume.reading.run(self._open, piece)

    def _begin(self, file: FileIO, offset: int, end: int) -> asyncio.Future[bytes]:
        self._ahead = self._volume.reading.begin(_read, file, offset, min(BLOCK, end - offset))
        return self._ahead

    def _glance(self, piece: Piece) -> bytes | None:
        """Few bytes that the page cache holds; None where the disk would have to be waited for."""
        try:
            with self._volume.open(piece.segment, piece.size) as file:
                data = bytearray(piece.length)
                count = os.preadv(file.fileno(), [data], piece.start, os.RWF_NOWAIT)
        except OSError:  # not in memory, or not to be had so from this file system: the thread finds out
            return None
        return bytes(data) if count == piece.length else None

    def _load(self, piece: Piece) -> bytes:
        with self._volume.open(piece.segment, piece.size) as file:
            return _read(file, piece.start, piece.length)

    def _open(self, piece: Piece) -> FileIO:
        self._file, self._segment = self._volume.open(piece.segment, piece.size), piece.segment
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _read(file: FileIO, offset: int, length: int) -> bytes:
    """Exactly `length` bytes. Raises `Corrupt` where the file ends before, `OSError`."""
    blocks: list[bytes] = []
    while length:
        block = os.pread(file.fileno(), length, offset)
        if not block:
            raise Corrupt
        blocks.append(block)
        offset, length = offset + len(block), length - len(block)
    return b"".join(blocks)
