"""The room that is left on the disk."""

import os
import time
from pathlib import Path

from gateway.core.errors import OutOfSpace

FRESH = 1.0
"""Seconds for which a look at the disk holds: others write to it, too."""


class Room:
    """Refuses what would not leave the index its reserve, before a byte of it has come in."""

    def __init__(self, directory: Path, reserve: int) -> None:
        self._directory = directory
        self._reserve = reserve
        self._free = 0
        self._looked = -FRESH

    def check(self, size: int) -> None:
        """Raise `OutOfSpace` unless so many bytes have room. Asks the disk once a second, and before it refuses."""
        now = time.monotonic()
        if now - self._looked >= FRESH or self._free < size + self._reserve:
            disk = os.statvfs(self._directory)
            self._free, self._looked = disk.f_bavail * disk.f_frsize, now
        if self._free < size + self._reserve:
            raise OutOfSpace
        self._free -= size
