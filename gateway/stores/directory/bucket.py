"""The folder of a bucket, open."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from gateway.core.buckets import BucketMeta
from gateway.core.errors import NoSuchBucket
from gateway.core.paths import SEPARATOR
from gateway.stores.directory import system
from gateway.stores.directory.hidden import DRAFTS, Hidden
from gateway.stores.directory.keeper import Keeper
from gateway.stores.directory.names import Place, is_holdable
from gateway.stores.directory.records import BucketRecord, Kind, Record, frozen, pack, unpack_bucket

PROPERTIES = "bucket"

_ABSENT = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO})
"""How the system says that there is no file: there may be a link, or a socket."""


@dataclass(frozen=True, slots=True)
class File:
    """A file or folder that is open, as it looked when it was."""

    descriptor: int
    found: os.stat_result
    record: Record | None

    @property
    def is_folder(self) -> bool:
        return system.is_folder(self.found)


class Bucket:
    """All methods block, and raise `OSError`."""

    def __init__(self, name: str, descriptor: int, hidden: Hidden, keeper: Keeper, owner: str) -> None:
        """`owner`: whose it is if it was made by others."""
        self.name = name
        self.descriptor = descriptor
        self.hidden = hidden
        self.keeper = keeper
        self._owner = owner

    def close(self) -> None:
        os.close(self.descriptor)

    @property
    def record(self) -> BucketRecord:
        packed = self.hidden.read(PROPERTIES)
        if packed is not None:
            return unpack_bucket(packed)
        return BucketRecord(owner=self._owner, created=os.fstat(self.descriptor).st_ctime_ns)

    def keep(self, record: BucketRecord) -> None:
        self.hidden.write(pack(record), PROPERTIES)

    @property
    def meta(self) -> BucketMeta:
        record = self.record
        return BucketMeta(
            name=self.name,
            owner=record.owner,
            created=record.created,
            objects=0,
            bytes=0,
            user=frozen(record.user),
            system=frozen(record.system),
        )

    def check_owner(self, owner: str | None) -> None:
        """Raise `NoSuchBucket` where the bucket of that name is another account's (see `core.types.Put`)."""
        if owner not in {None, self.record.owner}:
            raise NoSuchBucket

    @contextmanager
    def above(self, place: Place, *, make: bool = False) -> Iterator[int]:
        """The descriptor of the folder that a place lies in. `make`: those on the way are made, and marked as such."""
        at = os.dup(self.descriptor)
        try:
            for part in place.parents:
                below = self._below(at, part, make=make)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def _below(self, at: int, part: str, *, make: bool) -> int:
        try:
            return os.open(part, system.FOLDER, dir_fd=at)
        except FileNotFoundError:
            if not make:
                raise
        self.make_folder(at, part, Record(kind=Kind.PATH))
        return self._below(at, part, make=True)

    def make_folder(self, at: int, name: str, record: Record) -> bool:
        """Make a folder with its record in one step; False where something of that name stands."""
        draft = self.hidden.unique()
        with self.hidden.folder(DRAFTS, make=True) as drafts:
            os.mkdir(draft, dir_fd=drafts)
            inode = 0
            try:
                with system.inside(drafts, (draft,)) as folder:
                    inode = os.fstat(folder).st_ino
                    self.keeper.save(folder, record)
                system.rename_free(draft, drafts, name, at)
            except BaseException as error:
                self.keeper.drop(inode)
                os.rmdir(draft, dir_fd=drafts)
                if isinstance(error, FileExistsError):
                    return False
                raise
        self.hidden.sync(at)
        return True

    @contextmanager
    def opened(self, place: Place) -> Iterator[File | None]:
        """What stands at a place, if that is an object; it is closed with the context."""
        descriptor = self._open(place)
        try:
            yield None if descriptor is None else self.file(descriptor, is_directory=place.is_directory)
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _open(self, place: Place) -> int | None:
        try:
            with self.above(place) as above:
                return os.open(place.leaf, system.FOLDER if place.is_directory else system.PLAIN, dir_fd=above)
        except OSError as error:
            if error.errno not in _ABSENT:
                raise
            return None

    def file(self, descriptor: int, *, is_directory: bool) -> File | None:
        """An open file or folder, if it is an object as which it is meant."""
        found = os.fstat(descriptor)
        if is_directory:
            record = self.keeper.load(descriptor, found)
            return File(descriptor, found, record) if self._stands(descriptor, record) else None
        if not system.is_plain(found):
            return None
        return File(descriptor, found, self.keeper.load(descriptor, found))

    def _stands(self, folder: int, record: Record | None) -> bool:
        """Whether a folder is an object: one that was asked for, or of others with nothing in it."""
        if record is not None:
            return record.kind is Kind.DIRECTORY
        return next(self.entries(folder, "folder/"), None) is None

    def entries(self, folder: int, prefix: str) -> Iterator[str]:
        """The names below `prefix`, which is that of the folder, in no order; those of folders end with a slash.

        Left out is what no object can be: links, devices, names that are too long or no UTF-8, and the hidden folder.
        """
        with os.scandir(folder) as scan:
            for entry in scan:
                is_folder = entry.is_dir(follow_symlinks=False)
                name = prefix + entry.name + (SEPARATOR if is_folder else "")
                if (is_folder or entry.is_file(follow_symlinks=False)) and is_holdable(name):
                    yield name

    def prune(self, parents: tuple[str, ...]) -> bool:
        """Remove the last of these folders, if it is empty and was made on the way to an object.

        A writer that comes at the same time makes it again: what he puts there keeps it from being removed. The old one
        stays open until its record is dropped, so that his has another inode, and keeps the record of that.
        """
        *above, leaf = parents
        with suppress(OSError), system.inside(self.descriptor, above) as at, system.inside(at, (leaf,)) as folder:
            found = os.fstat(folder)
            record = self.keeper.load(folder, found)
            if record is not None and record.kind is Kind.PATH:
                os.rmdir(leaf, dir_fd=at)
                self.keeper.drop(found.st_ino)
                return True
        return False
