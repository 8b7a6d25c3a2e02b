"""Where a segment lies between its coming and its going: in memory while there is room, else in a file."""

import asyncio
import errno
import logging
import os
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

from gateway.core.body import BLOCK, Body
from gateway.core.errors import OutOfSpace, StoreError, Unavailable
from gateway.core.tasks import wholly

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

logger = logging.getLogger("portico.segmented")


class Budget:
    """Bytes that may lie in memory, shared by all uploads to a store."""

    def __init__(self, size: int) -> None:
        self._free = size

    def take(self, size: int) -> bool:
        """Whether so many bytes could be had."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give(self, size: int) -> None:
        self._free += size


class Spool(Body):
    """Bytes in the order of their coming; they can be read again and again until `close`.

    Once the budget has none left, what follows goes to a file without a name, which a crash can't leave behind.
    """

    rewinds = True

    def __init__(self, budget: Budget, folder: Path | None) -> None:
        self.size: int = 0
        self._budget = budget
        self._folder = folder
        self._pieces: list[bytes] = []
        self._taken = 0
        self._file: BinaryIO | None = None
        self._closing: asyncio.Future[None] | None = None

    async def add(self, piece: bytes) -> None:
        """Raises `OutOfSpace`, `Unavailable` where no file can hold it."""
        if self._file is None and self._budget.take(len(piece)):
            self._taken += len(piece)
            self._pieces.append(piece)
        else:
            await wholly(asyncio.to_thread(self._write, piece))
        self.size += len(piece)

    def _write(self, piece: bytes) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - `close` does
            left = memoryview(piece)
            while left:
                left = left[os.write(self._file.fileno(), left) :]
        except OSError as error:
            logger.error("a segment can't be kept in %s: %s", self._folder or tempfile.gettempdir(), error)
            raise _failure(error) from error

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        for piece in self._pieces:
            yield piece
        for start in range(self._taken, self.size, BLOCK):
            yield await wholly(asyncio.to_thread(self._read, start - self._taken, min(BLOCK, self.size - start)))

    def _read(self, offset: int, size: int) -> bytes:
        assert self._file is not None  # noqa: S101 - bytes that are not in memory are in the file
        try:
            found = os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise _failure(error) from error
        if len(found) < size:
            raise Unavailable("A segment was lost before it was sent")
        return found

    def close(self) -> None:
        """Give up the bytes. It may be done again."""
        self._pieces = []
        self._budget.give(self._taken)
        self._taken = 0
        if self._file is not None:  # its blocks are given up with it, which takes a while
            self._closing = asyncio.get_running_loop().run_in_executor(None, self._file.close)
            self._file = None


def _failure(error: OSError) -> StoreError:
    if error.errno in FULL:
        return OutOfSpace("The gateway has no space left to hold the upload in")
    return Unavailable("The gateway can't hold the upload in a file")
