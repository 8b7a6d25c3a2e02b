"""What is remembered of a file beside its bytes, packed."""

import os
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from gateway.core.buckets import BucketProps
from gateway.core.types import DEFAULT_TYPE, Props


class Kind(StrEnum):
    """What a record is about.

    `PATH`: a folder that was made on the way to an object, and goes with the last below it; `DIRECTORY`: one that was
    asked for, and is an object itself. A folder without a record was made by others.
    """

    FILE = "f"
    PATH = "p"
    DIRECTORY = "d"


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An object's metadata. `size`, `inode` and `mtime` (ns) are the file's when `etag` was computed; see `fits`.

    `etag`: empty where nobody knows it yet. `modified` and `expires` in ns since the epoch.
    """

    kind: Kind
    etag: str = ""
    size: int = 0
    inode: int = 0
    mtime: int = 0
    modified: int = 0
    content_type: str = DEFAULT_TYPE
    user: dict[str, str] = {}
    system: dict[str, str] = {}
    expires: int | None = None
    checksums: dict[str, str] = {}

    @property
    def props(self) -> Props:
        return Props(
            content_type=self.content_type,
            user=MappingProxyType(self.user),
            system=MappingProxyType(self.system),
            expires=self.expires,
        )

    def fits(self, found: os.stat_result) -> bool:
        """Whether the file is the one that the record was made of, unchanged."""
        same = (self.size, self.inode) == (found.st_size, found.st_ino)
        return same and found.st_mtime_ns in {self.mtime, self.modified}

    def having(self, props: Props) -> "Record":
        return msgspec.structs.replace(self, **stated(props))

    def stamped(self, found: os.stat_result) -> "Record":
        """The record as one of this file, as it is now."""
        return msgspec.structs.replace(self, size=found.st_size, inode=found.st_ino, mtime=found.st_mtime_ns)


class BucketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A bucket's properties; see `core.buckets.BucketMeta`."""

    owner: str
    created: int
    user: dict[str, str] = {}
    system: dict[str, str] = {}

    @classmethod
    def of(cls, props: BucketProps, created: int) -> "BucketRecord":
        return cls(owner=props.owner, created=created, user=dict(props.user), system=dict(props.system))


class UploadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A multipart upload under way; see `core.uploads.Upload`. `modified`: the time that its object is to have."""

    name: str
    created: int
    owner: str
    record: Record
    checksum: str | None = None
    whole: bool = False
    modified: int | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What an upload became."""

    name: str
    record: Record


def stated(props: Props) -> dict[str, Any]:
    """The fields of a record that hold what a writer states."""
    return {
        "content_type": props.content_type,
        "user": dict(props.user),
        "system": dict(props.system),
        "expires": props.expires,
    }


def frozen(mapping: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(mapping))


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(Record).decode
unpack_bucket = msgspec.msgpack.Decoder(BucketRecord).decode
unpack_upload = msgspec.msgpack.Decoder(UploadRecord).decode
unpack_completion = msgspec.msgpack.Decoder(Completion).decode
