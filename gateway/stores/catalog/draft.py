"""Taking bytes in: a few stay in memory, more go to a file while they come."""

import asyncio
import os
from collections.abc import Collection
from contextlib import aclosing
from typing import Self

from gateway.core.body import Body, CheckedBody, checked
from gateway.core.digest import Algorithm, encode
from gateway.core.errors import TooLarge
from gateway.core.hashing import INLINE
from gateway.stores.catalog.stored import Filed, Inline, Received, Stored
from gateway.stores.catalog.threads import ended, finished
from gateway.stores.catalog.volume import Volume

MAX_OBJECT = 5 * 1024**4
"""Most bytes of an object."""

SYNC_EVERY = 32 * 1024 * 1024
"""Bytes after which the disk is set to work while more come in; else the fsync at the end waits for all of them."""


async def receive(body: Body, algorithms: Collection[Algorithm], volume: Volume, inline_max: int) -> Received:
    """Take a body in. A file that it comes to lie in is the caller's: a row has to name it, or it must be abandoned.

    Raises what the body raises, `TooLarge`, `OutOfSpace`, `Unavailable`.
    """
    stage = checked(body, {Algorithm.MD5, *algorithms})
    if stage.size is not None and stage.size > MAX_OBJECT:
        raise TooLarge
    volume.room.check(stage.size or 0)
    if stage.size is not None and stage.size <= min(INLINE, inline_max):
        return _received(Inline(next(volume.ids), await stage.small()), stage, algorithms)
    async with Draft(volume, inline_max) as draft:
        async with aclosing(stage.chunks()) as blocks:
            async for block in blocks:
                await draft.write(block)
        return _received(await draft.keep(), stage, algorithms)


def _received(stored: Stored, stage: CheckedBody, algorithms: Collection[Algorithm]) -> Received:
    digests = stage.digests
    checksums = {algorithm.value: encode(digests[algorithm]) for algorithm in algorithms}
    return Received(stored, stage.count, digests[Algorithm.MD5].hex(), checksums)


class Draft:
    """Bytes that are coming in. What is not kept by `keep` vanishes with the context.

    Blocks are written one behind, in a thread: while one is on its way to the file, the next can be gathered.
    """

    def __init__(self, volume: Volume, inline_max: int) -> None:
        self._threads = volume.writing
        self._file = _DraftFile(volume)
        self._inline_max = inline_max
        self._size = 0
        self._unsynced = 0
        self._held: list[bytes] = []
        self._writing: asyncio.Future[None] | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._kept = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._kept:
            return
        try:
            await ended(self._writing, self._syncing)
        finally:
            if self._file.begun and not self._threads.closed:
                await self._threads.run(self._file.discard)
            elif self._file.begun:
                self._file.discard()  # the store is closed: nobody is held up

    async def write(self, block: bytes) -> None:
        """Take bytes. Raises `TooLarge`, `OutOfSpace`, `Unavailable`."""
        self._size += len(block)
        if self._size > MAX_OBJECT:
            raise TooLarge
        if self._held and self._size > self._inline_max:
            await self._flush()
        self._held.append(block)

    async def keep(self) -> Stored:
        """All bytes are there, and the caller's from now on; a file is durable. Raises as `write`."""
        if self._size <= self._inline_max:
            self._kept = True
            return Inline(self._file.segment, b"".join(self._held))
        for work in (self._writing, self._syncing):
            if work is not None:
                await finished(work)
        await self._threads.run(self._file.seal, self._held)
        self._kept = True
        return Filed(self._file.segment, self._size)

    async def _flush(self) -> None:
        if self._writing is not None:
            await finished(self._writing)
        if self._unsynced >= SYNC_EVERY and (self._syncing is None or self._syncing.done()):
            if self._syncing is not None:
                await finished(self._syncing)
            self._syncing = self._threads.begin(self._file.sync)
            self._unsynced = 0
        blocks, self._held = self._held, []
        self._unsynced += sum(map(len, blocks))
        self._writing = self._threads.begin(self._file.write, blocks)


class _DraftFile:
    """The file of a draft; its methods run in threads, and raise `OSError`."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._descriptor: int | None = None
        self.segment = next(volume.ids)
        self.begun = False
        """A file may be there."""

    def write(self, blocks: Collection[bytes]) -> None:
        descriptor = self._open()
        for block in blocks:
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    def sync(self) -> None:
        os.fdatasync(self._open())

    def seal(self, blocks: Collection[bytes]) -> None:
        """Write the last bytes, and make the file its segment's, durably."""
        self.write(blocks)
        self.sync()
        self._close()
        self._volume.publish(self.segment)

    def discard(self) -> None:
        self._close()
        self._volume.withdraw(self.segment)

    def _open(self) -> int:
        if self._descriptor is None:
            self.begun = True
            self._descriptor = self._volume.create(self.segment)
        return self._descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)
