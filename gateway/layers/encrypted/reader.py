"""Sealed objects that are open for reading."""

from collections.abc import AsyncIterator
from functools import partial

from gateway.core.errors import Corrupt
from gateway.core.ranges import Extent
from gateway.core.store import Reader
from gateway.layers.encrypted.body import done
from gateway.layers.encrypted.frames import (
    FRAME,
    HEADER,
    SEALED_FRAME,
    Frames,
    Layout,
    Opening,
    Run,
    frames_in,
    number_of,
    stored_size,
)

FEW = FRAME
"""Up to so many bytes are opened with the reader, so that damage shows before anything is sent."""


class SealedReader(Reader):
    """Reads the frames that hold the wanted bytes, and hands on what has proved itself. There are no regions."""

    def __init__(self, stored: Reader, key: bytes, content: bytes, layout: Layout) -> None:
        """`stored`: the object as the store inside has it. Raises `Corrupt` where it is not what `layout` says."""
        if layout.size != stored.meta.size:
            raise Corrupt
        self.meta = stored.meta
        self.extent = stored.extent
        self._stored = stored
        self._key = key
        self._content = content
        self._layout = layout

    async def load(self) -> None:
        """Open all that is wanted, if that is little."""
        if len(self.extent) <= FEW:
            self.data = b"".join([chunk async for chunk in self._opened()])

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.data is not None:
            if self.data:
                yield self.data
            return
        async for chunk in self._opened():
            yield chunk

    async def _opened(self) -> AsyncIterator[bytes]:
        before = -1
        for run in self._layout.runs(self.extent):
            header = await self._read(Extent(run.offset, run.offset + HEADER))
            number = number_of(header)
            if not self._in_place(run, number) or number <= before:
                raise Corrupt
            before = number
            async for plain in self._frames(run, Frames(self._key, self._content, header)):
                yield plain

    def _in_place(self, run: Run, number: int) -> bool:
        """Whether a part of that number can lie there; an object that came in as one has no number."""
        return number > run.position if self._layout.parted else number == 0

    async def _frames(self, run: Run, frames: Frames) -> AsyncIterator[bytes]:
        """The wanted bytes of a run."""
        wanted = run.extent
        first = min(wanted.start // FRAME, frames_in(run.size) - 1)  # nothing at its end is of its last frame
        stop = max(first, (wanted.stop - 1) // FRAME) + 1
        begin, end = run.offset + HEADER, run.offset + stored_size(run.size)
        opening = Opening(frames, first, stop, run.size)
        place = first * FRAME
        extent = Extent(begin + first * SEALED_FRAME, min(begin + stop * SEALED_FRAME, end))
        async for block in self._stored.stored(extent):
            plain = await done(partial(opening.take, block), len(block))
            if shown := _cut(plain, place, wanted):
                yield shown
            place += len(plain)
        if shown := _cut(opening.end(), place, wanted):
            yield shown

    async def _read(self, extent: Extent) -> bytes:
        data = b"".join([chunk async for chunk in self._stored.stored(extent)])
        if len(data) != len(extent):
            raise Corrupt
        return data


def _cut(plain: bytes, place: int, wanted: Extent) -> bytes:
    """What is wanted of bytes that lie at `place`."""
    return plain[max(0, wanted.start - place) : max(0, wanted.stop - place)]
