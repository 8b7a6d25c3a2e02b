"""Objects as the store holds them: what came in, what stands, and what is read."""

import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from types import MappingProxyType

from gateway.core.body import Body, checked
from gateway.core.digest import Algorithm, encode
from gateway.core.ranges import Extent
from gateway.core.store import Reader
from gateway.core.types import Key, Meta, Props
from gateway.core.uploads import ObjectPart

now = time.time_ns


def frozen(mapping: Mapping[str, str]) -> Mapping[str, str]:
    """A copy that neither its giver nor a reader can change."""
    return MappingProxyType(dict(mapping))


def frozen_props(props: Props) -> Props:
    return replace(props, user=frozen(props.user), system=frozen(props.system))


@dataclass(frozen=True, slots=True)
class Received:
    """A body that has come in, whole and sound."""

    chunks: tuple[bytes, ...]
    size: int
    etag: str
    checksums: Mapping[str, str]


async def receive(body: Body, algorithms: Collection[Algorithm]) -> Received:
    """Read a body to its end. Raises what it raises."""
    stage = checked(body, {Algorithm.MD5, *algorithms})
    async with aclosing(stage.chunks()) as stream:
        chunks = tuple([chunk async for chunk in stream])
    digests = stage.digests
    checksums = frozen({algorithm.value: encode(digests[algorithm]) for algorithm in algorithms})
    return Received(chunks, stage.count, digests[Algorithm.MD5].hex(), checksums)


@dataclass(frozen=True, slots=True)
class Entry:
    """An object: its bytes, and the ETags of what they were put together from. Or a delete marker, without any.

    `parts`: those of a multipart upload, if it came by one.
    """

    meta: Meta
    chunks: tuple[bytes, ...] = ()
    etags: tuple[str, ...] = ()
    marker: bool = False
    parts: tuple[ObjectPart, ...] = ()

    def at(self, key: Key) -> "Entry":
        """The same object under another name."""
        return replace(self, meta=replace(self.meta, key=key))

    def having(self, props: Props) -> "Entry":
        """The same object with these properties."""
        return replace(self, meta=replace(self.meta, props=props))

    def versioned(self, version: str | None) -> "Entry":
        """The same object as a version of that id."""
        return replace(self, meta=replace(self.meta, version=version))


class EntryReader(Reader):
    """An object that is open. An entry never changes, so its bytes stay whole whatever becomes of the name."""

    def __init__(self, entry: Entry, extent: Extent) -> None:
        self.meta = entry.meta
        self.extent = extent
        self._chunks = entry.chunks

    def chunks(self) -> AsyncIterator[bytes]:
        return self.stored(self.extent)

    async def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        offset = 0
        for chunk in self._chunks:
            piece = chunk[max(0, extent.start - offset) : max(0, extent.stop - offset)]
            offset += len(chunk)
            if piece:
                yield piece
