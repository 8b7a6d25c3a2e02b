"""What is told of files: as remembered, else found out."""

import errno
import hashlib
import mimetypes
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

from gateway.core.conditions import SECOND
from gateway.core.types import DEFAULT_TYPE, DIRECTORY_TYPE, Key, Meta, Props
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket, File
from gateway.stores.directory.locks import Locks
from gateway.stores.directory.records import Kind, Record, frozen, stated

EMPTY = hashlib.md5(b"", usedforsecurity=False).hexdigest()

SETTLED = 2 * SECOND
"""Nanoseconds after its last change from which a file is known by its time: clocks of file systems are coarse."""

_UNWRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})
_TYPES = mimetypes.MimeTypes()
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Describing:
    """Its methods block, and raise `OSError`."""

    def __init__(self, locks: Locks, hash_max: int) -> None:
        self._locks = locks
        self._hash_max = hash_max

    def describe(self, bucket: Bucket, name: str, file: File, *, remember: bool = True) -> Meta:
        """An object. The ETag of others' files is computed now, and remembered unless the caller holds their lock."""
        key, record, found = Key(bucket.name, name), file.record, file.found
        if file.is_folder:
            modified = found.st_mtime_ns if record is None else record.modified
            return Meta(key=key, size=0, etag=EMPTY, modified=modified, props=_props(name, record))
        known = record is not None and record.etag and record.fits(found)
        if record is None or not known:
            record = self._find_out(bucket, name, file, remember=remember)
        return told(key, record)

    def _find_out(self, bucket: Bucket, name: str, file: File, *, remember: bool) -> Record:
        """A record of a file that has none, or was changed since by others: what they said of it stays."""
        found = file.found
        fields = stated(_props(name, file.record))
        record = Record(kind=Kind.FILE, etag=self._etag(file), modified=found.st_mtime_ns, **fields).stamped(found)
        unchanged = record.fits(os.fstat(file.descriptor))
        if remember and unchanged and time.time_ns() - found.st_mtime_ns > SETTLED:
            self._remember(bucket, name, file, record)
        return record

    def _etag(self, file: File) -> str:
        """The MD5 of the bytes; of a large file, that of its stamp, in a form that nobody takes for theirs."""
        found = file.found
        if found.st_size <= self._hash_max:
            return system.md5(file.descriptor)
        stamp = f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
        return hashlib.md5(stamp.encode(), usedforsecurity=False).hexdigest() + "-1"

    def _remember(self, bucket: Bucket, name: str, file: File, record: Record) -> None:
        """Keep a record, unless somebody has changed it meanwhile, or none can be kept."""
        with self._locks.names((bucket.name, name)):
            if bucket.keeper.load(file.descriptor, file.found) != file.record:
                return
            try:
                bucket.keeper.save(file.descriptor, record)
            except OSError as error:
                if error.errno not in _UNWRITABLE:
                    raise


def _props(name: str, record: Record | None) -> Props:
    if record is not None:
        return record.props
    if name.endswith("/"):
        return Props(content_type=DIRECTORY_TYPE)
    return Props(content_type=_TYPES.guess_type(f"file:{name}", strict=True)[0] or DEFAULT_TYPE)


def told(key: Key, record: Record) -> Meta:
    """An object as its writer is told of it."""
    return Meta(
        key=key,
        size=record.size,
        etag=record.etag or EMPTY,
        modified=record.modified,
        props=record.props,
        checksums=frozen(record.checksums) if record.checksums else _NOTHING,
    )


def set_time(descriptor: int, modified: int) -> None:
    """Have a file bear the time of its object, as far as the file system can."""
    with suppress(OverflowError):
        os.utime(descriptor, ns=(modified, modified))
