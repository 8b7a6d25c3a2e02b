"""Rows of Swift's JSON listings as the core's records."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from gateway.core.buckets import DEFAULT_POLICY, STORAGE_POLICY, BucketMeta
from gateway.core.errors import Unavailable
from gateway.core.types import DIRECTORY_TYPE, Key, Meta, Prefix, Props
from gateway.stores.swift.metadata import iso, read_content_type

T = TypeVar("T", Meta, BucketMeta)

EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
TICK = 10_000
"""Swift's timestamps have five decimals: so many ns."""

FEW = 16 * 1024
"""Bytes of a page that are read at once; larger ones are read in a thread."""


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """A row and the time, in ns since the epoch, of the write that it tells of."""

    item: T | Prefix
    stamp: int

    @property
    def name(self) -> str:
        return self.item.name


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One page as the upstream gives it. `whole`: it is known that nothing follows; otherwise an empty page says so."""

    rows: Sequence[Row[T]]
    whole: bool = False


class _Entry(msgspec.Struct):
    name: str | None = None
    subdir: str | None = None
    bytes: int = 0
    count: int = 0
    hash: str = ""
    slo_etag: str = ""
    content_type: str = ""
    last_modified: str = ""
    storage_policy: str = ""


async def parsed(read: Callable[[bytes], list[Row[T]]], document: bytes) -> list[Row[T]]:
    """The rows of a page, which take the longer to read the more there are."""
    return read(document) if len(document) <= FEW else await asyncio.to_thread(read, document)


def objects(bucket: str, document: bytes) -> list[Row[Meta]]:
    """Rows of a container. A large object's row tells its whole size (SLO) or 0 (DLO)."""
    return [Row(Prefix(entry.subdir), 0) if entry.subdir else _object(bucket, entry) for entry in _entries(document)]


def buckets(owner: str, document: bytes) -> list[Row[BucketMeta]]:
    """Rows of an account. Their counters lag; what is set on the containers is not told."""
    return [Row(Prefix(entry.subdir), 0) if entry.subdir else _bucket(owner, entry) for entry in _entries(document)]


def is_doubtful(meta: Meta) -> bool:
    """An object that may be a DLO, whose row shows the size of the manifest: none."""
    return meta.size == 0 and meta.etag == EMPTY and meta.props.content_type != DIRECTORY_TYPE


def composite(etag: str) -> str:
    """The ETag of a large object that others have written: no MD5 of its bytes, of an untold number of segments."""
    return f"{etag}-0"


def policy_of(name: str) -> dict[str, str]:
    """A storage policy, as the property of a bucket that it is."""
    return {} if name in {"", DEFAULT_POLICY} else {STORAGE_POLICY: name}


def _entries(document: bytes) -> list[_Entry]:
    if not document:
        return []
    try:
        return msgspec.convert(json.loads(document), list[_Entry])
    except (ValueError, msgspec.ValidationError) as error:
        raise Unavailable("The upstream's listing can't be understood") from error


def _object(bucket: str, entry: _Entry) -> Row[Meta]:
    kind, stated = read_content_type(entry.content_type)
    stamp = iso(entry.last_modified) // TICK * TICK
    slo = entry.slo_etag.strip('"')
    meta = Meta(
        key=Key(bucket, entry.name or ""),
        size=entry.bytes if stated.size is None else stated.size,
        etag=stated.etag or (composite(slo) if slo else entry.hash.strip('"')),
        modified=stamp if stated.modified is None else stated.modified,
        props=Props(content_type=kind),
    )
    return Row(meta, stamp)


def _bucket(owner: str, entry: _Entry) -> Row[BucketMeta]:
    stamp = iso(entry.last_modified) // TICK * TICK
    meta = BucketMeta(
        name=entry.name or "",
        owner=owner,
        created=stamp,
        objects=entry.count,
        bytes=entry.bytes,
        system=policy_of(entry.storage_policy),
    )
    return Row(meta, stamp)
