"""Objects: the names that stand, and the content that each refers to."""

from dataclasses import dataclass
from typing import NamedTuple

from gateway.core.conditions import When, check_write
from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.expiry import has_vanished
from gateway.core.locks import BucketLock
from gateway.core.types import Key, Meta
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, versions
from gateway.stores.catalog.tables.packing import pack, unpack, unpack_lock, unpack_props

_Row = tuple[str, int, str, int, str, int | None, str | None, str | None, str | None, str | None]

_FIND = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums, o.version
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? WHERE b.name = ?"""
_OPEN = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums, o.version,
        c.mixed, c.data
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? LEFT JOIN contents c ON c.id = o.content
    WHERE b.name = ?"""


class Standing(NamedTuple):
    """What a write has to know of the object that it replaces."""

    content: int
    size: int
    etag: str
    modified: int
    expires: int | None
    version: str | None

    @property
    def has_vanished(self) -> bool:
        """It counts as gone, though its row is there."""
        return has_vanished(self.expires)


class Place(NamedTuple):
    """Where an object is to be written: the bucket's number, what stands there, and whether it is to be kept.

    `lock`: versions in the bucket can be locked.
    """

    bucket: int
    standing: Standing | None
    versioning: str | None
    lock: BucketLock | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An object; `bucket` and `content` are their numbers. `rank`: it is a version that does not stand."""

    bucket: int
    content: int
    meta: Meta
    rank: int | None = None


class Opened(NamedTuple):
    """An object that stands, with its bytes, if they lie inline; `mixed`: some of them do."""

    content: int
    meta: Meta
    mixed: bool
    data: bytes | None


def place(db: Connection, key: Key, when: When, owner: str | None = None) -> Place:
    """`owner`: see `Put`. Raises `NoSuchBucket`, `ConditionFailed`."""
    row: tuple[int, str, str | None, str | None, int | None, int, str, int, int | None, str | None] | None = db.execute(
        """SELECT b.id, b.owner, b.versioning, CASE WHEN b.versioning IS NULL THEN NULL ELSE b.system END,
                o.content, o.size, o.etag, o.modified, o.expires, o.version
            FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? WHERE b.name = ?""",
        (key.name, key.bucket),
    ).fetchone()
    if row is None or owner not in (None, row[1]):
        raise NoSuchBucket
    bucket, _, versioning, ruled, content, size, etag, modified, expires, version = row
    standing = None if content is None else Standing(content, size, etag, modified, expires, version)
    check_write(when, standing)
    return Place(bucket, standing, versioning, None if ruled is None else unpack_lock(ruled))


def find(db: Connection, key: Key, *, vanished: bool = False) -> Found:
    """`vanished`: also one whose time has come. Raises `NoSuchBucket`, `NoSuchKey`, `DeleteMarker`."""
    row = db.execute(_FIND, (key.name, key.bucket)).fetchone()
    _refuse_missing(db, key.name, row)
    if not vanished and has_vanished(row[7]):
        raise NoSuchKey
    return Found(row[0], row[1], _meta(key, row[2:]))


def find_open(db: Connection, key: Key) -> Opened:
    """As `find`, in one statement and so in one state of the index. Raises as `find`."""
    row = db.execute(_OPEN, (key.name, key.bucket)).fetchone()
    _refuse_missing(db, key.name, row)
    if has_vanished(row[7]):
        raise NoSuchKey
    return Opened(row[1], _meta(key, row[2:12]), row[12] != 0, row[13])


def put(db: Connection, place: Place, content: int, meta: Meta) -> None:
    """Have an object stand, which refers to `content`. The reference of what stood there is the caller's now."""
    props = meta.props
    db.execute(
        """INSERT OR REPLACE INTO objects
            (bucket, name, content, size, etag, modified, content_type, expires, user, system, checksums, version)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            place.bucket,
            meta.name,
            content,
            meta.size,
            meta.etag,
            meta.modified,
            props.content_type,
            props.expires,
            pack(props.user),
            pack(props.system),
            pack(meta.checksums),
            meta.version,
        ),
    )
    if place.standing is None:
        buckets.count(db, place.bucket, 1, meta.size)
    else:
        buckets.count(db, place.bucket, 0, meta.size - place.standing.size)


def update(db: Connection, bucket: int, meta: Meta) -> None:
    """Change the properties and the time of an object that stands."""
    db.execute(
        """UPDATE objects SET modified = ?, content_type = ?, expires = ?, user = ?, system = ?
            WHERE bucket = ? AND name = ?""",
        (
            meta.modified,
            meta.props.content_type,
            meta.props.expires,
            pack(meta.props.user),
            pack(meta.props.system),
            bucket,
            meta.name,
        ),
    )


def take(db: Connection, bucket: int, name: str, size: int) -> None:
    """Take the object of that name and size out; its content is the caller's now."""
    db.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
    buckets.count(db, bucket, -1, -size)


def _refuse_missing(db: Connection, name: str, row: tuple[int, int | None] | None) -> None:
    if row is None:
        raise NoSuchBucket
    if row[1] is None:
        versions.refuse_marked(db, row[0], name)
        raise NoSuchKey


def _meta(key: Key, row: _Row) -> Meta:
    _, size, etag, modified, content_type, expires, user, system, checksums, version = row
    props = unpack_props(content_type, expires, user, system)
    return Meta(key, size, etag, modified, props, unpack(checksums), version)
