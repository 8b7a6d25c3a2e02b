"""Uploads under way, as they lie in the hidden folder of a bucket, and those that were completed lately."""

import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchUpload
from gateway.core.parts import REMEMBERED, are_those
from gateway.core.types import Key, Meta
from gateway.core.uploads import Part, PartRef, Upload
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket
from gateway.stores.directory.describing import told
from gateway.stores.directory.draft import Draft
from gateway.stores.directory.records import (
    Completion,
    Record,
    UploadRecord,
    frozen,
    pack,
    unpack_completion,
    unpack_upload,
)

UPLOADS = "uploads"
COMPLETED = "completed"
PROPERTIES = "upload"

_ID = re.compile("[0-9a-f]{32}")
_PART = re.compile("[0-9]{5}")


class Pending:
    """The uploads of one bucket: a folder each, with a file for each part. All methods block, and raise `OSError`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._hidden = bucket.hidden

    def begin(self, record: UploadRecord) -> str:
        """The id of a new upload."""
        upload = secrets.token_hex(16)
        self._hidden.write(pack(record), UPLOADS, upload, PROPERTIES)
        return upload

    def record(self, name: str, upload: str) -> UploadRecord:
        """What was stated when an upload of that object began. Raises `NoSuchUpload`."""
        record = self._record(upload) if _ID.fullmatch(upload) else None
        if record is None or record.name != name:
            raise NoSuchUpload
        return record

    def _record(self, upload: str) -> UploadRecord | None:
        packed = self._hidden.read(UPLOADS, upload, PROPERTIES)
        return None if packed is None else unpack_upload(packed)

    def each(self) -> Iterator[Upload]:
        """All uploads, in no order."""
        for upload in self._hidden.names(UPLOADS):
            record = self._record(upload)
            if record is not None:
                yield told_of_upload(Key(self._bucket.name, record.name), upload, record)

    def put(self, upload: str, number: int, draft: Draft) -> None:
        """Have a draft, which has been sealed, be a part. Raises `NoSuchUpload` where it was aborted meanwhile."""
        name = _name(number)
        try:
            with self._hidden.folder(UPLOADS, upload) as folder, system.pinned(name, folder):
                replaced = system.look(name, folder)
                os.rename(draft.name, name, src_dir_fd=draft.drafts, dst_dir_fd=folder)
                draft.published = True
                self._hidden.sync(folder)
                if replaced is not None:
                    self._bucket.keeper.drop(replaced.st_ino)
        except FileNotFoundError:
            raise NoSuchUpload from None

    def numbers(self, upload: str) -> list[int]:
        """Of all parts, in order."""
        return sorted(int(name) for name in self._hidden.names(UPLOADS, upload) if _PART.fullmatch(name))

    def part(self, upload: str, number: int) -> Part | None:
        """A part, if it is there."""
        with suppress(FileNotFoundError), self._hidden.folder(UPLOADS, upload) as folder:
            descriptor = os.open(_name(number), system.PLAIN, dir_fd=folder)
            try:
                return self._part(number, descriptor)
            finally:
                os.close(descriptor)
        return None

    def _part(self, number: int, descriptor: int) -> Part | None:
        record = self._bucket.keeper.load(descriptor, os.fstat(descriptor))
        return None if record is None else told_of_part(number, record)

    def join(self, upload: str, parts: Sequence[Part], draft: Draft) -> bool:
        """Write parts one behind the other; False where one of them is another one by now."""
        with self._hidden.folder(UPLOADS, upload) as folder:
            for part in parts:
                descriptor = os.open(_name(part.number), system.PLAIN, dir_fd=folder)
                try:
                    if self._part(part.number, descriptor) != part:
                        return False
                    if system.copy(descriptor, 0, part.size, draft.descriptor) != part.size:
                        return False
                finally:
                    os.close(descriptor)
        return True

    def drop(self, upload: str) -> None:
        """Remove an upload with its parts. Raises `NoSuchUpload`."""
        with suppress(FileNotFoundError), self._hidden.folder(UPLOADS, upload) as folder:
            for name in os.listdir(folder):  # later their inodes may be those of other files
                self._bucket.keeper.drop(os.stat(name, dir_fd=folder).st_ino)
        try:
            self._hidden.discard(UPLOADS, upload)
        except FileNotFoundError:
            raise NoSuchUpload from None

    def remember(self, upload: str, made: Completion) -> None:
        """Keep what an upload became, and forget what is too old."""
        for name in self._hidden.names(COMPLETED):
            if not self._is_recent(name):
                self._hidden.remove(COMPLETED, name)
        self._hidden.write(pack(made), COMPLETED, upload)

    def recall(self, key: Key, upload: str, refs: Sequence[PartRef]) -> Meta:
        """What was made of these parts of an upload. Raises `NoSuchUpload`."""
        packed = self._hidden.read(COMPLETED, upload) if _ID.fullmatch(upload) and self._is_recent(upload) else None
        if packed is None:
            raise NoSuchUpload
        made = unpack_completion(packed)
        meta = told(key, made.record)
        if made.name != key.name or not are_those(refs, meta):
            raise NoSuchUpload
        return meta

    def _is_recent(self, upload: str) -> bool:
        with suppress(FileNotFoundError), self._hidden.folder(COMPLETED) as folder:
            return os.stat(upload, dir_fd=folder).st_mtime >= time.time() - REMEMBERED
        return False


def told_of_upload(key: Key, upload: str, record: UploadRecord) -> Upload:
    return Upload(
        key=key,
        id=upload,
        created=record.created,
        props=record.record.props,
        owner=record.owner,
        checksum=None if record.checksum is None else Algorithm(record.checksum),
        whole=record.whole,
    )


def told_of_part(number: int, record: Record) -> Part:
    return Part(
        number=number,
        size=record.size,
        etag=record.etag,
        modified=record.modified,
        checksums=frozen(record.checksums),
    )


def _name(number: int) -> str:
    return f"{number:05}"
