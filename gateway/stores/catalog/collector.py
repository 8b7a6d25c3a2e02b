"""Collecting garbage."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from gateway.core.errors import StoreError
from gateway.stores.catalog.failures import log
from gateway.stores.catalog.pins import Pins
from gateway.stores.catalog.readers import Readers
from gateway.stores.catalog.tables import garbage
from gateway.stores.catalog.volume import Volume
from gateway.stores.catalog.writer import Writer

RETRY = 5.0
"""Seconds to wait after a failure."""

REST = 0.02
"""Seconds to rest when all is done: to look for garbage after each commit would cost more than the commit."""


class Collector:
    """Takes out of the index, and from the disk, what nobody refers to and nobody reads any more.

    A file is unlinked when no row refers to its segment, durably; the row goes last. So a crash at any point leaves
    garbage that the next start finds again, never a row whose file is gone.
    """

    def __init__(
        self,
        writer: Writer,
        readers: Readers,
        volume: Volume,
        pins: Pins,
        waiting: asyncio.Event,
        sync: Callable[[], None],
    ) -> None:
        """`waiting` is set by whoever may have made garbage; `sync`, in a thread, makes all commits durable."""
        self._writer = writer
        self._readers = readers
        self._volume = volume
        self._pins = pins
        self._waiting = waiting
        self._sync = sync
        self._abandoned: set[int] = set()

    def abandon(self, segment: int) -> None:
        """A file has come to lie in the volume, and the job that was to name it may have failed: see to it.

        Whether a row names it is asked in a later job, whose own commit also settles the one that may have failed on
        its way to the disk.
        """
        self._abandoned.add(segment)
        self._waiting.set()

    async def run(self) -> None:
        """Collect until cancelled."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            try:
                while await self._step():
                    pass
                await asyncio.sleep(REST)
            except StoreError as error:
                log.warning("garbage could not be collected, will try again: %s", error)
                await asyncio.sleep(RETRY)
                self._waiting.set()

    async def _step(self) -> bool:
        """Do some of what there is to do; False where there is nothing."""
        if self._abandoned:
            abandoned = sorted(self._abandoned)
            await self._writer.run(partial(garbage.abandon, segments=abandoned), ())
            self._abandoned.difference_update(abandoned)
        elif contents := self._pins.free(
            self._readers.here(partial(garbage.contents, limit=self._pins.count + garbage.SLICE))
        ):
            await self._writer.run(partial(garbage.collect, garbage=contents), ())
        elif segments := self._readers.here(garbage.files):
            await self._volume.writing.run(self._unlink, segments)
            await self._writer.run(partial(garbage.forget, segments=segments), ())
        elif self._readers.here(garbage.is_bloated):
            await self._writer.run(garbage.shrink, ())
        else:
            return False
        return True

    def _unlink(self, segments: Iterable[int]) -> None:
        self._sync()
        self._volume.unlink(segments)
