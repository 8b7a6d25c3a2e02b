"""The directory as a whole: where buckets lie in it, and who is at work there."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.stores.directory import names, system
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.emptying import dismantle
from gateway.stores.directory.failures import log
from gateway.stores.directory.hidden import DRAFTS, Hidden, remove_tree
from gateway.stores.directory.keeper import Keeper
from gateway.stores.directory.locks import Locks
from gateway.stores.directory.names import HIDDEN
from gateway.stores.directory.settings import DirectorySettings, Keeping

RUNNING = "run"
LOCK = "lock"


class Site:
    """All methods block, and raise `OSError`."""

    def __init__(self, settings: DirectorySettings, owner: str) -> None:
        self.hash_max = int(settings.hash_max)
        self.durable = settings.durability == "full"
        self.locks = Locks(str(settings.path / HIDDEN / LOCK))
        self._path = settings.path
        self._owner = owner
        self._depth = settings.bucket_depth
        self._attributes = settings.metadata is Keeping.XATTR
        self._token = secrets.token_hex(8)
        self._serials = count()
        self._root = -1
        self._running = -1

    def open(self) -> None:
        """Make what is missing, and remove the drafts of processes that were killed."""
        self._path.mkdir(parents=True, exist_ok=True)
        self._root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        with self.hidden.folder(RUNNING, make=True):
            pass
        lock = os.open(self._path / HIDDEN / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one process starts at a time, so that none is taken for a dead one
            self._appear()
            self._sweep()
        finally:
            os.close(lock)

    def close(self) -> None:
        if self._running >= 0:
            self.hidden.remove(RUNNING, self._token)
            os.close(self._running)
        if self._root >= 0:
            os.close(self._root)
        self._root = self._running = -1

    @property
    def hidden(self) -> Hidden:
        return self._hidden(self._root)

    def _hidden(self, above: int) -> Hidden:
        return Hidden(above, self._unique, self.durable)

    def _unique(self) -> str:
        """A name that tells whose it is."""
        return f"{self._token}.{next(self._serials):x}"

    def folders(self, bucket: str) -> tuple[str, ...]:
        """The folders above a bucket's."""
        digest = hashlib.sha256(bucket.encode(errors="surrogateescape")).hexdigest()
        return tuple(digest[2 * level : 2 * level + 2] for level in range(self._depth))

    @contextmanager
    def above(self, bucket: str, *, make: bool = False) -> Iterator[int]:
        """The descriptor of the folder above a bucket's. `make`: it is made where it is missing."""
        at = os.dup(self._root)
        try:
            for part in self.folders(bucket):
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=at)
                below = os.open(part, system.FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def open_bucket(self, name: str) -> Bucket:
        """A bucket, which the caller closes. Raises `NoSuchBucket`, `InvalidName`."""
        try:
            folder = names.folder(name)
        except names.Unholdable:
            raise NoSuchBucket from None
        try:
            with self.above(name) as above:
                descriptor = os.open(folder, system.FOLDER, dir_fd=above)
        except (FileNotFoundError, NotADirectoryError):
            raise NoSuchBucket from None
        return self.bucket_of(name, descriptor)

    def bucket_of(self, name: str, descriptor: int) -> Bucket:
        """A folder as a bucket."""
        hidden = self._hidden(descriptor)
        return Bucket(name, descriptor, hidden, Keeper(hidden, self._attributes), self._owner)

    @contextmanager
    def bucket(self, name: str) -> Iterator[Bucket]:
        """`open_bucket`, closed with the context."""
        bucket = self.open_bucket(name)
        try:
            yield bucket
        finally:
            bucket.close()

    def bucket_names(self) -> list[str]:
        """All buckets, in order."""
        return sorted(self._found(self._root, ()))

    def _found(self, above: int, parts: tuple[str, ...]) -> Iterator[str]:
        for entry in os.listdir(above):
            found = system.look(entry, above)
            if found is None or not system.is_folder(found):
                continue
            if len(parts) < self._depth:
                if len(entry) == 2:
                    with suppress(FileNotFoundError, PermissionError), system.inside(above, (entry,)) as folder:
                        yield from self._found(folder, (*parts, entry))
            elif _is_bucket(entry) and self.folders(entry) == parts:
                yield entry

    def _appear(self) -> None:
        """Tell other processes that this one lives, for as long as it does."""
        with self.hidden.folder(RUNNING) as folder:
            self._running = os.open(self._token, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        fcntl.flock(self._running, fcntl.LOCK_EX)

    def _sweep(self) -> None:
        with self.hidden.folder(RUNNING) as folder:
            dead = {token for token in os.listdir(folder) if token != self._token and _is_dead(token, folder)}
            living = set(os.listdir(folder)) - dead
            swept = self._sweep_buckets(living)
            for name in self.bucket_names():
                try:
                    with self.bucket(name) as bucket:
                        swept += self._sweep_drafts(bucket.hidden, living)
                except (NoSuchBucket, OSError) as error:
                    log.warning("a bucket could not be swept: %s", error)
            for token in dead:
                os.unlink(token, dir_fd=folder)
        if swept:
            log.info("removed %d drafts that a killed process left", swept)

    def _sweep_buckets(self, living: set[str]) -> int:
        """Buckets that were about to be made or removed."""
        swept = 0
        for name in _of_the_dead(self.hidden, living):
            with self.hidden.folder(DRAFTS) as drafts:
                found = system.look(name, drafts)
                try:
                    (dismantle if found is not None and system.is_folder(found) else remove_tree)(name, drafts)
                    swept += 1
                except OSError as error:
                    log.warning("a bucket that was being removed is not empty, see %s in %s: %s", name, DRAFTS, error)
        return swept

    def _sweep_drafts(self, hidden: Hidden, living: set[str]) -> int:
        dead = _of_the_dead(hidden, living)
        for name in dead:
            with hidden.folder(DRAFTS) as drafts:
                remove_tree(name, drafts)
        return len(dead)


def _of_the_dead(hidden: Hidden, living: set[str]) -> list[str]:
    """Drafts of processes that live no more."""
    return [name for name in hidden.names(DRAFTS) if name.partition(".")[0] not in living]


def _is_bucket(name: str) -> bool:
    try:
        names.folder(name)
    except InvalidName:
        return False
    return True


def _is_dead(token: str, folder: int) -> bool:
    """Whether the process that made a file has let go of it."""
    descriptor = os.open(token, os.O_RDWR | os.O_NOFOLLOW, dir_fd=folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
