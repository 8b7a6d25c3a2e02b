"""The files of segments."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import FileIO
from itertools import count
from pathlib import Path

from gateway.core.errors import Corrupt
from gateway.stores.catalog.failures import log
from gateway.stores.catalog.room import Room
from gateway.stores.catalog.threads import Threads

WRITING_THREADS = 32
READING_THREADS = 8

FOLDERS = 256

_FOLDER = re.compile("[0-9a-f]{2}")
_NAME = re.compile("[0-9a-f]{16}")


class Volume:
    """A directory of segment files, each named by its id, and of drafts of them in `tmp`.

    Ids grow from the time of the start on, so a file of an earlier process is known by its id.
    """

    def __init__(self, root: Path, last: int, reserve: int) -> None:
        """`last` is the greatest id that the index knows: time may have been set back since.

        `reserve`: bytes of the disk that are left to the index, which needs some for a deletion, too.
        """
        self.born = max(time.time_ns(), last + 1)
        """All ids from here on are this process's own."""
        self.ids: Iterator[int] = count(self.born)
        self.room = Room(root, reserve)
        self.writing = Threads(WRITING_THREADS, "portico-catalog-write")
        self.reading = Threads(READING_THREADS, "portico-catalog-read")
        self._root = root
        self._drafts = root / "tmp"

    def prepare(self) -> None:
        """Make the directories, and remove the drafts that a crash left. Raises `OSError`."""
        self._drafts.mkdir(parents=True, exist_ok=True)
        for entry in os.scandir(self._drafts):
            os.unlink(entry.path)
        _sync(self._root.parent)
        _sync(self._root)

    def create(self, segment: int) -> int:
        """Open a draft for writing; the descriptor. Raises `OSError`."""
        return os.open(self._drafts / f"{segment:016x}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    def publish(self, segment: int) -> None:
        """Make a draft, which has been fsynced, the file of its segment, durably. Raises `OSError`."""
        folder = self._folder(segment)
        draft = self._drafts / f"{segment:016x}"
        try:
            os.rename(draft, folder / draft.name)
        except FileNotFoundError:
            folder.mkdir(exist_ok=True)
            _sync(self._root)
            os.rename(draft, folder / draft.name)
        _sync(folder)

    def withdraw(self, segment: int) -> None:
        """Remove a draft, or the file that it has become. Raises `OSError`."""
        with suppress(FileNotFoundError):
            os.unlink(self._drafts / f"{segment:016x}")
        self.unlink((segment,))

    def unlink(self, segments: Iterable[int]) -> None:
        """Remove files; one that is not there is no failure. Raises `OSError`."""
        for segment in segments:
            with suppress(FileNotFoundError):
                os.unlink(self._path(segment))

    def open(self, segment: int, size: int) -> FileIO:
        """Open a segment's file for reading. Raises `Corrupt` where it is missing or not of `size` bytes, `OSError`."""
        path = self._path(segment)
        try:
            file = FileIO(path)
        except FileNotFoundError:
            log.error("the segment file %s is missing", path)
            raise Corrupt from None
        if (found := os.fstat(file.fileno()).st_size) != size:
            file.close()
            log.error("the segment file %s has %d bytes instead of %d", path, found, size)
            raise Corrupt
        return file

    def folders(self) -> list[int]:
        """The folders that are there; those made later hold this process's own segments alone. Raises `OSError`."""
        with os.scandir(self._root) as entries:
            return [int(entry.name, 16) for entry in entries if _FOLDER.fullmatch(entry.name)]

    def segments(self, folder: int) -> list[int]:
        """The ids of the segments whose files lie in a folder. Raises `OSError`."""
        with suppress(FileNotFoundError), os.scandir(self._folder(folder)) as entries:
            return [int(entry.name, 16) for entry in entries if _NAME.fullmatch(entry.name)]
        return []

    async def aclose(self) -> None:
        await self.writing.aclose()
        await self.reading.aclose()

    def _folder(self, segment: int) -> Path:
        return self._root / f"{segment % FOLDERS:02x}"

    def _path(self, segment: int) -> Path:
        return self._folder(segment) / f"{segment:016x}"


def is_occupied(root: Path) -> bool:
    """Whether segment files lie in a volume. Looks no further than the first."""
    return any(_NAME.fullmatch(path.name) for path in root.glob("[0-9a-f][0-9a-f]/*"))


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
