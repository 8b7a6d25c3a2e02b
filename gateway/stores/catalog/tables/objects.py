"""Objects: the names that stand, and the content that each refers to."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from gateway.core.conditions import When, check_write
from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.listing import paginate
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, contents
from gateway.stores.catalog.tables.packing import ceiling, floor, pack, unpack, unpack_props

_Row = tuple[str, int, str, int, str, int | None, str | None, str | None, str | None]

_FIND = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? WHERE b.name = ?"""
_OPEN = """SELECT b.id, o.content,
        o.name, o.size, o.etag, o.modified, o.content_type, o.expires, o.user, o.system, o.checksums, c.mixed, c.data
    FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? LEFT JOIN contents c ON c.id = o.content
    WHERE b.name = ?"""
_UP = """SELECT json_group_array(
        json_array(name, size, etag, modified, content_type, expires, user, system, checksums))
    FROM (SELECT * FROM objects WHERE bucket = ? AND name >= ? ORDER BY name LIMIT ?)"""
_DOWN = """SELECT json_group_array(
        json_array(name, size, etag, modified, content_type, expires, user, system, checksums))
    FROM (SELECT * FROM objects WHERE bucket = ? AND name < ? ORDER BY name DESC LIMIT ?)"""

_decode = msgspec.json.Decoder(list[_Row]).decode

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


class Place(NamedTuple):
    """Where an object is to be written: the bucket's number, and what stands there."""

    bucket: int
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Found:
    """An object that stands; `bucket` and `content` are their numbers."""

    bucket: int
    content: int
    meta: Meta

    @property
    def place(self) -> Place:
        """For writing it anew."""
        meta = self.meta
        return Place(self.bucket, Standing(self.content, meta.size, meta.etag, meta.modified))


class Opened(NamedTuple):
    """An object that stands, with its bytes, if they lie inline; `mixed`: some of them do."""

    content: int
    meta: Meta
    mixed: bool
    data: bytes | None


def place(db: Connection, key: Key, when: When, owner: str | None = None) -> Place:
    """`owner`: see `Put`. Raises `NoSuchBucket`, `ConditionFailed`."""
    row: tuple[int, str, int | None, int, str, int] | None = db.execute(
        """SELECT b.id, b.owner, o.content, o.size, o.etag, o.modified
            FROM buckets b LEFT JOIN objects o ON o.bucket = b.id AND o.name = ? WHERE b.name = ?""",
        (key.name, key.bucket),
    ).fetchone()
    if row is None or owner not in (None, row[1]):
        raise NoSuchBucket
    bucket, _, content, size, etag, modified = row
    standing = None if content is None else Standing(content, size, etag, modified)
    check_write(when, standing)
    return Place(bucket, standing)


def find(db: Connection, key: Key) -> Found:
    """Raises `NoSuchBucket`, `NoSuchKey`."""
    row = db.execute(_FIND, (key.name, key.bucket)).fetchone()
    _refuse_missing(row)
    return Found(row[0], row[1], _meta(key, row[2:]))


def find_open(db: Connection, key: Key) -> Opened:
    """As `find`, in one statement and so in one state of the index. Raises `NoSuchBucket`, `NoSuchKey`."""
    row = db.execute(_OPEN, (key.name, key.bucket)).fetchone()
    _refuse_missing(row)
    return Opened(row[1], _meta(key, row[2:11]), row[11] != 0, row[12])


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
        block = self._first
        while True:
            rows = self._rows(start, included, block)
            for row in rows:
                yield _meta(Key(self._bucket, row[0]), row)
            if len(rows) < block:
                return
            start, included, block = rows[-1][0], False, min(2 * block, self._most)

    def _rows(self, start: str, included: bool, limit: int) -> list[_Row]:
        sql, bound = (_DOWN, ceiling(start, included)) if self._reverse else (_UP, floor(start, included))
        (rows,) = self._db.execute(sql, (self._number, bound, limit)).fetchone()
        return _decode(rows)


def put(db: Connection, place: Place, content: int, meta: Meta) -> Meta:
    """Have an object stand, which refers to `content`; what stood there is released."""
    props = meta.props
    db.execute(
        """INSERT OR REPLACE INTO objects
            (bucket, name, content, size, etag, modified, content_type, expires, user, system, checksums)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
        ),
    )
    if place.standing is None:
        buckets.count(db, place.bucket, 1, meta.size)
    else:
        contents.release(db, place.standing.content)
        buckets.count(db, place.bucket, 0, meta.size - place.standing.size)
    return meta


def take(db: Connection, bucket: int, name: str, size: int) -> None:
    """Take the object of that name and size out; its content is the caller's now."""
    db.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name))
    buckets.count(db, bucket, -1, -size)


def delete(db: Connection, key: Key, when: When) -> bool:
    """False where there was none. Raises `NoSuchBucket`, `ConditionFailed`."""
    bucket, standing = place(db, key, when)
    if standing is None:
        return False
    take(db, bucket, key.name, standing.size)
    contents.release(db, standing.content)
    return True


def _refuse_missing(row: tuple[int, int | None] | None) -> None:
    if row is None:
        raise NoSuchBucket
    if row[1] is None:
        raise NoSuchKey


def _meta(key: Key, row: _Row) -> Meta:
    _, size, etag, modified, content_type, expires, user, system, checksums = row
    return Meta(
        key=key,
        size=size,
        etag=etag,
        modified=modified,
        props=unpack_props(content_type, expires, user, system),
        checksums=unpack(checksums),
    )
