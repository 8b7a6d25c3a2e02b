"""Objects that are open for reading."""

import os
from collections.abc import AsyncIterator
from io import FileIO

from gateway.core.errors import Unavailable
from gateway.core.ranges import Extent
from gateway.core.store import Reader, Region
from gateway.core.types import Meta
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket, File
from gateway.stores.directory.threads import Threads

BLOCK = 512 * 1024
"""Most bytes that are read, and handed on, at once."""

SMALL = 64 * 1024
"""Up to so many bytes are read when the object is opened."""


class FileReader(Reader):
    """An open file. What replaces the object by another file does not touch this one.

    Others may write into the file itself: that is looked at before the last of them are handed on.
    """

    def __init__(self, meta: Meta, extent: Extent, bucket: Bucket, file: File, reading: Threads) -> None:
        """Takes the bucket over."""
        self.meta = meta
        self.extent = extent
        self._bucket = bucket
        self._file = FileIO(os.dup(file.descriptor))
        self._found = file.found
        self._reading = reading

    def load(self) -> None:
        """Read a few bytes at once. Blocks; raises `Unavailable`, `OSError`."""
        if len(self.extent) <= SMALL:
            self.data = self._read(self.extent.start, len(self.extent), last=True)

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.data is not None:
            if self.data:
                yield self.data
            return
        start, stop = self.extent.start, self.extent.stop
        while start < stop:
            length = min(BLOCK, stop - start)
            yield await self._reading.run(self._read, start, length, last=start + length == stop)
            start += length

    def regions(self) -> AsyncIterator[Region] | None:
        return None if self.data is not None else self._regions()

    async def _regions(self) -> AsyncIterator[Region]:
        tail = self.extent.stop - SMALL
        yield Region(self._file, self.extent.start, tail - self.extent.start)
        await self._reading.run(self._check)
        yield Region(self._file, tail, SMALL)
        await self._reading.run(self._check)

    def close(self) -> None:
        self._file.close()
        self._bucket.close()

    def _read(self, start: int, length: int, *, last: bool) -> bytes:
        data = system.read(self._file.fileno(), start, length)
        if last or len(data) != length:
            self._check()
        return data

    def _check(self) -> None:
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) == (self._found.st_size, self._found.st_mtime_ns):
            return
        record = self._bucket.keeper.load(self._file.fileno(), now)
        if (
            record is None or record.etag != self.meta.etag or not record.fits(now)
        ):  # it may be but the time that is new
            raise Unavailable("The file was changed while it was read")
