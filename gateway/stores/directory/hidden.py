"""The hidden folder of a bucket, or of the root: drafts, sidecars and uploads, which are no objects."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gateway.stores.directory import system
from gateway.stores.directory.names import HIDDEN

DRAFTS = "tmp"

TRIES = 100
"""How often something is begun again because others got in the way."""


class Hidden:
    """It is made when something is first put there. All methods block, and raise `OSError`."""

    def __init__(self, above: int, unique: Callable[[], str], durable: bool) -> None:
        """`above`: the descriptor of the folder it lies in. `unique` gives names that nobody else has."""
        self._above = above
        self._durable = durable
        self.unique = unique

    @contextmanager
    def folder(self, *parts: str, make: bool = False) -> Iterator[int]:
        """The descriptor of a folder in it."""
        with system.inside(self._above, (HIDDEN, *parts), make=make) as descriptor:
            yield descriptor

    def read(self, *path: str) -> bytes | None:
        """The bytes of a file; None: there is none."""
        *parts, name = path
        try:
            with self.folder(*parts) as folder:
                descriptor = os.open(name, system.PLAIN, dir_fd=folder)
        except FileNotFoundError:
            return None
        try:
            return system.read(descriptor, 0, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def write(self, data: bytes, *path: str, make: bool = True) -> None:
        """Have a file hold these bytes, wholly or not at all. `make`: also where its folder is missing."""
        *parts, name = path
        draft = self.unique()
        with self.folder(DRAFTS, make=True) as drafts, self.folder(*parts, make=make) as folder:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=drafts)
            try:
                try:
                    system.write(descriptor, (data,))
                    self.sync(descriptor)
                finally:
                    os.close(descriptor)
                os.rename(draft, name, src_dir_fd=drafts, dst_dir_fd=folder)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=drafts)
                raise
            self.sync(folder)

    def remove(self, *path: str) -> None:
        """Remove a file, if it is there."""
        *parts, name = path
        with suppress(FileNotFoundError), self.folder(*parts) as folder:
            os.unlink(name, dir_fd=folder)

    def names(self, *parts: str) -> list[str]:
        """What lies in a folder, in no order."""
        with suppress(FileNotFoundError), self.folder(*parts) as folder:
            return os.listdir(folder)
        return []

    def discard(self, *path: str) -> None:
        """Remove a folder with its files, at once for whoever looks. Raises `FileNotFoundError` where there is none."""
        *parts, name = path
        gone = self.unique()
        with self.folder(DRAFTS, make=True) as drafts, self.folder(*parts) as folder:
            os.rename(name, gone, src_dir_fd=folder, dst_dir_fd=drafts)
            self.sync(folder)
            remove_tree(gone, drafts)

    def sync(self, descriptor: int) -> None:
        """Make a file, or the names in a folder, durable, where that is wanted."""
        if self._durable:
            os.fsync(descriptor)


def remove_tree(name: str, above: int) -> None:
    """Remove a file, or a folder and all that lies below it, also what comes to lie there. Follows no links."""
    found = system.look(name, above)
    if found is None:
        return
    if not system.is_folder(found):
        os.unlink(name, dir_fd=above)
        return
    with system.inside(above, (name,)) as folder:
        for _ in range(TRIES):
            for below in os.listdir(folder):
                remove_tree(below, folder)
            if removed(name, above):
                return
    os.rmdir(name, dir_fd=above)


def removed(name: str, above: int) -> bool:
    """Remove a folder; False where something lies in it."""
    try:
        os.rmdir(name, dir_fd=above)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    return True
