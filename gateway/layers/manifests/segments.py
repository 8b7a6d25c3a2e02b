"""What manifests list, in their order, and which bytes of it make up a range."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from gateway.core.conditions import When
from gateway.core.errors import BrokenSegment, ConditionFailed, Corrupt, Denied, NoSuchKey, NotFound
from gateway.core.manifest import MAX_DEPTH, Entry, Inline, Segment, decode, prefix_of, static_of
from gateway.core.ops import each
from gateway.core.ranges import Extent
from gateway.core.store import Store
from gateway.core.types import Key, Meta
from gateway.layers.manifests.gate import Neighbours

LARGE = 16 * 1024
"""A manifest of more bytes is taken apart in a thread."""


BROKEN = (NotFound, ConditionFailed, Denied)
"""What a segment raises that is not there, is another one by now, or is not for the caller to read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of an object that is no manifest, and how it has to look."""

    key: Key
    extent: Extent
    size: int
    etag: str


class Segments:
    """The segments of manifests in one store, whose objects are here what they are by themselves."""

    def __init__(self, store: Store, neighbours: Neighbours) -> None:
        self._store = store
        self._neighbours = neighbours

    async def of(self, meta: Meta) -> AsyncGenerator[Entry, None]:
        """What the manifest lists that `meta` describes. Raises `BrokenSegment`, `Denied`, and what `static` raises."""
        if static_of(meta.props.system) is not None:
            for entry in await self.static(meta):
                yield entry
            return
        async with aclosing(self._dynamic(meta)) as rows:
            async for row in rows:
                yield row

    async def static(self, meta: Meta) -> tuple[Entry, ...]:
        """The entries of a static manifest. Raises `ConditionFailed`, `NotFound` where it is no longer that one."""
        async with self._store.open(meta.key, version=meta.version, when=When(if_match=(meta.etag,))) as reader:
            data = b"".join([chunk async for chunk in reader.chunks()])
        try:
            return decode(data) if len(data) <= LARGE else await asyncio.to_thread(decode, data)
        except ValueError as error:
            raise Corrupt from error

    async def _dynamic(self, meta: Meta) -> AsyncGenerator[Segment, None]:
        """What a listing shows of the prefix; static manifests among it are segments as a whole.

        Raises `NoSuchKey` where the container is none of the account's, and `Denied`.
        """
        container, prefix = prefix_of(meta.props.system) or ("", "")
        try:
            await self._neighbours.check_list(container)
            async with aclosing(each(self._store, container, prefix)) as rows:
                async for row in rows:
                    if isinstance(row, Meta):
                        yield _row(row)
        except (NotFound, BrokenSegment) as missing:
            raise NoSuchKey("The container of the large object's segments does not exist") from missing

    async def pieces(
        self, entries: AsyncGenerator[Entry, None], extent: Extent, depth: int = 1
    ) -> AsyncGenerator[Piece | bytes, None]:
        """What makes up `extent` of a large object. Manifests inside of it that it does not touch are not looked at."""
        first, stop = extent.start, extent.stop
        async with aclosing(entries):
            async for entry in entries:
                if stop <= 0:
                    return
                begin, end = max(first, 0), min(stop, len(entry))
                first, stop = first - len(entry), stop - len(entry)
                if begin >= end:
                    continue
                if isinstance(entry, Inline):
                    yield entry.data[begin:end]
                    continue
                within = Extent(entry.start + begin, entry.start + end)
                async with aclosing(self._within(entry, within, depth)) as pieces:
                    async for piece in pieces:
                        yield piece

    async def _within(self, segment: Segment, extent: Extent, depth: int) -> AsyncGenerator[Piece | bytes, None]:
        key = Key(segment.container, segment.name)
        if not segment.large:
            yield Piece(key, extent, segment.size, segment.etag)
            return
        if depth >= MAX_DEPTH:
            raise BrokenSegment(f"The manifests are nested deeper than {MAX_DEPTH} levels")
        try:
            inner = await self.static(await self._inner(key, segment))
        except BROKEN as error:
            raise BrokenSegment from error
        async with aclosing(self.pieces(walk(inner), extent, depth + 1)) as pieces:
            async for piece in pieces:
                yield piece

    async def _inner(self, key: Key, segment: Segment) -> Meta:
        """A manifest that is a segment of another, if it still stands for the same bytes."""
        await self._neighbours.check_read(key.bucket, key.name)
        found = await self._store.stat(key)
        static = static_of(found.props.system)
        if static is None or (static.etag, static.size) != (segment.etag, segment.size):
            raise BrokenSegment
        return found


async def walk(entries: Iterable[Entry]) -> AsyncGenerator[Entry, None]:
    """Entries that are known, one after the other."""
    for entry in entries:
        yield entry


async def measured(entries: AsyncIterator[Entry]) -> tuple[list[str], int]:
    """The digests of entries, and the size of what they make."""
    digests, size = [], 0
    async for entry in entries:
        digests.append(entry.digest)
        size += len(entry)
    return digests, size


def _row(row: Meta) -> Segment:
    static = static_of(row.props.system)
    size, etag = (row.size, row.etag) if static is None else (static.size, static.etag)
    return Segment(container=row.key.bucket, name=row.name, size=size, etag=etag, large=static is not None)
