"""Locks that hold among threads as well as among processes.

Each is one byte of a file, at a place that its name is hashed to (open file description locks, Linux `fcntl(2)`): who
ends, however, lets go of his locks, and none leaves anything behind. A lock is held by one thread, never across a wait
of the event loop, so that the holder can always go on.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_FLOCK = struct.Struct("hhqqi4x")


class Locks:
    """The locks of one store. All methods block, and raise `OSError`."""

    def __init__(self, path: str) -> None:
        self._path = path

    @contextmanager
    def bucket(self, *names: str, alone: bool = False) -> Iterator[None]:
        """Keep buckets where they are; `alone`: with nobody else at work in them."""
        kind = fcntl.F_WRLCK if alone else fcntl.F_RDLCK
        with self._held(kind, {_byte("bucket", name) for name in names}):
            yield

    @contextmanager
    def names(self, *names: tuple[str, str]) -> Iterator[None]:
        """Keep others from what stands under names, each with its bucket's."""
        with self._held(fcntl.F_WRLCK, {_byte("name", *name) for name in names}):
            yield

    @contextmanager
    def upload(self, upload: str) -> Iterator[None]:
        """Keep others from an upload."""
        with self._held(fcntl.F_WRLCK, {_byte("upload", upload)}):
            yield

    @contextmanager
    def _held(self, kind: int, places: set[int]) -> Iterator[None]:
        with ExitStack() as stack:
            for place in sorted(places):  # in one order, so that no two wait for each other
                descriptor = os.open(self._path, os.O_RDWR | os.O_NOFOLLOW)
                stack.callback(os.close, descriptor)
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW, _FLOCK.pack(kind, os.SEEK_SET, place, 1, 0))
            yield


def _byte(*names: str) -> int:
    digest = hashlib.blake2b("\0".join(names).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 2
