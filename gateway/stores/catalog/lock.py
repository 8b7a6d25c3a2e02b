"""The lock that keeps a directory to one process."""

import fcntl
import os
from pathlib import Path
from typing import Self

from gateway.core.errors import Unavailable


class DirectoryLock:
    """An exclusive lock on a directory, held until it is released or the process ends.

    The file holds the process id while the directory is in use, and is empty after an orderly end.
    """

    def __init__(self, descriptor: int, unclean: bool) -> None:
        self._descriptor = descriptor
        self.unclean = unclean
        """The last one who held the lock did not release it."""

    @classmethod
    def acquire(cls, directory: Path) -> Self:
        """Raises `Unavailable` while another process holds it, and `OSError`."""
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise Unavailable(f"The store's directory is in use by another process (pid {holder})") from None
        unclean = bool(os.read(descriptor, 1))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        return cls(descriptor, unclean)

    def release(self) -> None:
        """Mark the end as orderly and let others in."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
