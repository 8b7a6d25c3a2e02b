"""Commits: what stands under a name is looked at, compared and replaced under its lock.

The lock keeps off other threads and other gateways. Whoever else writes to the directory minds no locks: a name that is
to be free is taken by the one call that fails where it isn't, and all else is looked at right before.
"""

import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from gateway.core.conditions import ANY, When, check_write
from gateway.core.errors import Busy, InvalidName, IsADirectory, NoSuchBucket
from gateway.core.types import Key, Meta
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket, File
from gateway.stores.directory.describing import Describing
from gateway.stores.directory.draft import Draft
from gateway.stores.directory.emptying import holds, remove_folders
from gateway.stores.directory.hidden import TRIES, removed
from gateway.stores.directory.names import Place
from gateway.stores.directory.records import Kind, Record
from gateway.stores.directory.site import Site


class Writing:
    """All methods block; they raise `StoreError` and `OSError`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.locks = site.locks
        self.describing = Describing(site.locks, site.hash_max)

    @contextmanager
    def held(self, key: Key, owner: str | None = None) -> Iterator[Bucket]:
        """The bucket of `key`, with the lock on the name. Raises `NoSuchBucket`, also where it isn't `owner`'s."""
        with (
            self.locks.bucket(key.bucket),
            self.locks.names((key.bucket, key.name)),
            self.site.bucket(key.bucket) as bucket,
        ):
            bucket.check_owner(owner)
            yield bucket

    def meta(self, bucket: Bucket, name: str, file: File | None) -> Meta | None:
        """What stands, for who holds the lock."""
        return None if file is None else self.describing.describe(bucket, name, file, remember=False)

    def check(self, bucket: Bucket, name: str, place: Place, when: When) -> None:
        """Raise `ConditionFailed` unless what stands may be replaced."""
        if when is not ANY:
            with bucket.opened(place) as standing:
                check_write(when, self.meta(bucket, name, standing))

    def publish(self, bucket: Bucket, key: Key, place: Place, draft: Draft, when: When) -> None:
        """Give a draft its name. The caller holds the lock.

        Raises `ConditionFailed`, `IsADirectory`, `NotADirectory`.
        """
        for _ in range(TRIES):
            self.check(bucket, key.name, place, when)
            try:
                with bucket.above(place, make=True) as above, system.pinned(place.leaf, above):
                    replaced = self.replaced(bucket, above, place.leaf)
                    if replaced is None:
                        system.rename_free(draft.name, draft.drafts, place.leaf, above)
                    else:
                        os.fchmod(draft.descriptor, stat.S_IMODE(replaced.st_mode))
                        os.rename(draft.name, place.leaf, src_dir_fd=draft.drafts, dst_dir_fd=above)
                    draft.published = True
                    bucket.hidden.sync(above)
                    if replaced is not None:
                        bucket.keeper.drop(replaced.st_ino)
            except (FileNotFoundError, FileExistsError):
                if draft.is_lost:
                    raise NoSuchBucket from None
                continue
            return
        raise Busy

    def replaced(self, bucket: Bucket, above: int, leaf: str) -> os.stat_result | None:
        """The file that stands in the way, which may be replaced; None: nothing does.

        Raises `IsADirectory`, and `InvalidName` for what is neither file nor folder.
        """
        found = system.look(leaf, above)
        if found is None or system.is_plain(found):
            return found
        if not system.is_folder(found):
            raise InvalidName("Something that is no file, such as a link, stands under this name")
        if not _removed(bucket, above, leaf):
            raise IsADirectory("A directory stands under this name, and this store keeps no file beside it")
        return None

    def make_marker(self, bucket: Bucket, key: Key, place: Place, record: Record, when: When) -> None:
        """Have a folder be an object. The caller holds the lock. Raises `ConditionFailed`, `NotADirectory`."""
        for _ in range(TRIES):
            self.check(bucket, key.name, place, when)
            with bucket.above(place, make=True) as above:
                try:
                    descriptor = os.open(place.leaf, system.FOLDER, dir_fd=above)
                except FileNotFoundError:
                    if bucket.make_folder(above, place.leaf, record):
                        return
                    continue
                try:
                    bucket.keeper.save(descriptor, record)
                    bucket.hidden.sync(descriptor)
                    return
                finally:
                    os.close(descriptor)
        raise Busy

    def remove(self, bucket: Bucket, place: Place, file: File) -> None:
        """Remove an object. The caller holds the lock, and calls `settle` afterwards."""
        with bucket.above(place) as above:
            if place.is_directory:
                self._remove_marker(bucket, above, place.leaf, file)
            else:
                os.unlink(place.leaf, dir_fd=above)
                bucket.keeper.drop(file.found.st_ino)

    def _remove_marker(self, bucket: Bucket, above: int, leaf: str, file: File) -> None:
        if removed(leaf, above):
            bucket.keeper.drop(file.found.st_ino)
        else:  # the folder stays for what lies in it alone
            bucket.keeper.save(file.descriptor, Record(kind=Kind.PATH))

    def settle(self, bucket: Bucket, places: Collection[Place]) -> None:
        """Make removals durable, and prune. The caller holds no lock on a name."""
        for where in {where.parents: where for where in places}.values():
            with suppress(FileNotFoundError, NotADirectoryError), bucket.above(where) as above:
                bucket.hidden.sync(above)
        for where in places:
            self.prune(bucket, where)

    def prune(self, bucket: Bucket, place: Place) -> None:
        """Remove the folders on the way to an object that is gone, as far as nothing else lies in them.

        The caller holds no lock on a name.
        """
        for depth in range(len(place.parents), 0, -1):
            parents = place.parents[:depth]
            with self.locks.names((bucket.name, "/".join(parents) + "/")):
                if not bucket.prune(parents):
                    return

    def commit(self, key: Key, place: Place, draft: Draft, when: When, owner: str | None = None) -> None:
        """Publish a draft under its lock. Raises as `publish`, and `NoSuchBucket`."""
        with self.held(key, owner) as bucket:
            self.publish(bucket, key, place, draft, when)


def _removed(bucket: Bucket, above: int, leaf: str) -> bool:
    """Whether a folder in the way was one that a process has left that was killed on the way to an object."""
    with system.inside(above, (leaf,)) as folder:
        record = bucket.keeper.load(folder, os.fstat(folder))
        if record is None or record.kind is not Kind.PATH or holds(bucket, folder):
            return False
    try:
        remove_folders(leaf, above)
    except OSError:  # somebody has put something there meanwhile
        return False
    return True
