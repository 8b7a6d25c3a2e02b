"""Objects: the names that stand, and the content that each refers to."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import msgspec

from gateway.core.conditions import When, check_write
from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.expiry import has_vanished
from gateway.core.listing import paginate
from gateway.core.locks import BucketLock
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, versions
from gateway.stores.catalog.tables.packing import ceiling, floor, pack, unpack, unpack_lock, unpack_props

_Row = tuple[str, int, str, int, str, int | None, str | None, str | None, str | None, str | None]

_FIND = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums, o.version
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? WHERE b.name = ?"""
_OPEN = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums, o.version,
        c.mixed, c.data
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? LEFT JOIN contents c ON c.id = o.content
    WHERE b.name = ?"""
_UP = """SELECT json_array(json_group_array(name), json_group_array(size), json_group_array(etag),
        json_group_array(modified), json_group_array(content_type), json_group_array(expires), json_group_array(user),
        json_group_array(system), json_group_array(checksums), json_group_array(version))
    FROM objects WHERE bucket = ?1 AND name >= ?2 AND name < ifnull(
        (SELECT name FROM objects WHERE bucket = ?1 AND name >= ?2 ORDER BY name LIMIT 1 OFFSET ?3), x'')"""
_DOWN = """SELECT json_array(json_group_array(name), json_group_array(size), json_group_array(etag),
        json_group_array(modified), json_group_array(content_type), json_group_array(expires), json_group_array(user),
        json_group_array(system), json_group_array(checksums), json_group_array(version))
    FROM objects WHERE bucket = ?1 AND name < ?2 AND name >= ifnull(
        (SELECT name FROM objects WHERE bucket = ?1 AND name < ?2 ORDER BY name DESC LIMIT 1 OFFSET ?3 - 1), '')"""
# Both go up from the one name to the other: where a limit ends them, SQLite copies each row before it looks at it.


class _Block(msgspec.Struct, array_like=True, gc=False):
    """Rows in the order of their names, column by column."""

    names: list[str]
    sizes: list[int]
    etags: list[str]
    modified: list[int]
    content_types: list[str]
    expires: list[int | None]
    users: list[str | None]
    systems: list[str | None]
    checksums: list[str | None]
    versions: list[str | None]

    def metas(self, bucket: str) -> Iterator[Meta]:
        keys = map(Key, repeat(bucket), self.names)
        props = map(unpack_props, self.content_types, self.expires, self.users, self.systems)
        checksums = map(unpack, self.checksums)
        return map(Meta, keys, self.sizes, self.etags, self.modified, props, checksums, self.versions)


_decode = msgspec.json.Decoder(_Block).decode

BLOCK = 1024
"""Most rows that a query of a listing gives."""

GROUP_BLOCK = 4
"""Rows that the first query gives where groups are jumped over: one is likely to be enough."""


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


def page(db: Connection, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
    """One page of a listing. Raises `NoSuchBucket`."""
    return paginate(_Walk(db, bucket, query).seek, query)


class _Walk:
    """Objects of a bucket in the order of their names.

    Rows come in blocks, each as the one value of its query. For each row that a query steps to, sqlite3 gives the GIL
    up and takes it again: with other threads about, a thousand of those cost far more than the rows.
    """

    def __init__(self, db: Connection, bucket: str, query: ListQuery) -> None:
        """Raises `NoSuchBucket`."""
        self._db = db
        self._bucket = bucket
        self._number = buckets.identify(db, bucket)
        self._reverse = query.reverse
        self._most = min(query.limit + 1, BLOCK)
        self._first = min(GROUP_BLOCK, self._most) if query.delimiter else self._most

    def seek(self, start: str, included: bool) -> Iterator[Meta]:
        """Objects from `start` on."""
        limit = self._first
        while True:
            block = self._block(start, included, limit)
            metas = block.metas(self._bucket)
            yield from reversed([*metas]) if self._reverse else metas
            if len(block.names) < limit:
                return
            start, included = block.names[0 if self._reverse else -1], False
            limit = min(2 * limit, self._most)

    def _block(self, start: str, included: bool, limit: int) -> _Block:
        sql, bound = (_DOWN, ceiling(start, included)) if self._reverse else (_UP, floor(start, included))
        (rows,) = self._db.execute(sql, (self._number, bound, limit)).fetchone()
        return _decode(rows)


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
