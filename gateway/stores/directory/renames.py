"""Renames: `capabilities.Rename`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.errors import AlreadyExists, Busy, InvalidName, NoSuchKey, Unsupported
from gateway.core.expiry import has_vanished
from gateway.core.paths import SEPARATOR
from gateway.core.types import Key, Meta
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket, File
from gateway.stores.directory.emptying import remove_folders
from gateway.stores.directory.hidden import TRIES
from gateway.stores.directory.listing import names_below
from gateway.stores.directory.names import Place, place
from gateway.stores.directory.objects import Objects, readable


class Renames(Objects):
    """An object keeps everything but its name. A directory is renamed by one call, with all that lies in it."""

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        return await self._threads.run(
            self._rename, source, target, place(source.name), place(target.name), when, source_when
        )

    def _rename(
        self, source: Key, target: Key, origin: Place, destination: Place, when: When, source_when: When
    ) -> Meta:
        if origin.is_directory != destination.is_directory:
            raise Unsupported("This store keeps files: a file can't become a directory, nor the reverse")
        with self._writing.locks.bucket(source.bucket, target.bucket), self._both(source, target) as (old, new):
            with (
                self._writing.locks.names((source.bucket, source.name), (target.bucket, target.name)),
                old.opened(origin) as file,
            ):
                if file is None or (file.record is not None and has_vanished(file.record.expires)):
                    raise NoSuchKey
                found = self._writing.describing.describe(old, source.name, file, remember=False)
                check_read(source_when, found)
                moved = Meta(
                    key=target,
                    size=found.size,
                    etag=found.etag,
                    modified=found.modified,
                    props=found.props,
                    checksums=found.checksums,
                )
                with new.opened(destination) as standing:
                    check_write(when, self._writing.meta(new, target.name, standing) if when is not ANY else None)
                if source == target:
                    return moved
                self._move(old, new, origin, destination, file)
            self._writing.prune(old, origin)
        return moved

    @contextmanager
    def _both(self, source: Key, target: Key) -> Iterator[tuple[Bucket, Bucket]]:
        with self._site.bucket(source.bucket) as old, self._site.bucket(target.bucket) as new:
            yield old, new

    def _move(self, old: Bucket, new: Bucket, origin: Place, destination: Place, file: File) -> None:
        """Rename one file, or one folder without anything in it."""
        for _ in range(TRIES):
            with (
                old.above(origin) as here,
                new.above(destination, make=True) as there,
                system.pinned(destination.leaf, there),
            ):
                replaced = None if origin.is_directory else self._writing.replaced(new, there, destination.leaf)
                if old.name != new.name:
                    old.keeper.hand_over(new.keeper, file.found.st_ino)
                try:
                    if replaced is None:
                        system.rename_free(origin.leaf, here, destination.leaf, there)
                    elif os.path.samestat(replaced, file.found):  # of two names of one file, rename(2) keeps both
                        os.unlink(origin.leaf, dir_fd=here)
                    else:
                        os.rename(origin.leaf, destination.leaf, src_dir_fd=here, dst_dir_fd=there)
                except FileExistsError:
                    if origin.is_directory:
                        raise AlreadyExists from None
                    continue
                except FileNotFoundError:  # the folder was removed meanwhile, or the file was by others
                    if system.look(origin.leaf, here) is None:
                        raise NoSuchKey from None
                    continue
                new.hidden.sync(there)
                old.hidden.sync(here)
                if replaced is not None and not os.path.samestat(replaced, file.found):
                    new.keeper.drop(replaced.st_ino)
            if old.name != new.name:
                old.keeper.drop(file.found.st_ino)
            return
        raise Busy

    async def rename_prefix(self, source: Key, target: Key) -> int:
        return await self._threads.run(self._rename_prefix, source, target)

    def _rename_prefix(self, source: Key, target: Key) -> int:
        if source.bucket == target.bucket and target.name.startswith(source.name):
            raise InvalidName("A prefix can't be renamed to one inside of itself")
        with self._writing.locks.bucket(source.bucket, target.bucket, alone=True), self._both(source, target) as both:
            old, new = both
            if not source.name.endswith(SEPARATOR) or not target.name.endswith(SEPARATOR):
                raise Unsupported("This store keeps files: of names with one beginning, only a directory's are renamed")
            if next(names_below(new, target.name), None) is not None:
                raise AlreadyExists
            count = 0
            for name in names_below(old, source.name):
                place(target.name + name.removeprefix(source.name))
                count += 1
            if not count:
                raise NoSuchKey
            self._move_folder(old, new, readable(source), place(target.name))
            self._writing.prune(old, readable(source))
            return count

    def _move_folder(self, old: Bucket, new: Bucket, origin: Place, destination: Place) -> None:
        with old.above(origin) as here, new.above(destination, make=True) as there:
            found = system.look(destination.leaf, there)
            if found is not None and system.is_folder(found):
                remove_folders(destination.leaf, there)  # nothing that could be seen lies in it
            inodes = [] if old.name == new.name else list(_inodes(origin.leaf, here))
            for inode in inodes:
                old.keeper.hand_over(new.keeper, inode)
            try:
                system.rename_free(origin.leaf, here, destination.leaf, there)
            except FileExistsError:
                raise AlreadyExists from None
            new.hidden.sync(there)
            old.hidden.sync(here)
        for inode in inodes:
            old.keeper.drop(inode)


def _inodes(name: str, above: int) -> Iterator[int]:
    """Of a folder and everything in it."""
    yield os.stat(name, dir_fd=above, follow_symlinks=False).st_ino
    for _, folders, files, descriptor in os.fwalk(name, dir_fd=above, follow_symlinks=False):
        for below in (*folders, *files):
            yield os.stat(below, dir_fd=descriptor, follow_symlinks=False).st_ino
