"""What objects were before, and delete markers: rows apart from the objects that stand."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from gateway.core.errors import DeleteMarker
from gateway.core.listing import paginate
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from gateway.core.versions import NULL, Version, VersionQuery, rank_of
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, contents
from gateway.stores.catalog.tables.packing import floor, pack, unpack, unpack_props

_Row = tuple[str, int, int | None, int, str, int, str, int | None, str | None, str | None, str | None, str | None, int]

_NEWEST = """SELECT rank, content, size, etag, modified, version FROM versions
    WHERE bucket = ? AND name = ? ORDER BY rank LIMIT 1"""
_WITHOUT_ID = """SELECT rank, content, size, etag, modified, version FROM versions
    WHERE bucket = ? AND name = ? AND version IS NULL"""
_BY_ID = """SELECT rank, content, size, etag, modified, version FROM versions
    WHERE bucket = ? AND name = ? AND rank = ? AND version = ?"""
_RANK_WITHOUT_ID = """SELECT coalesce(
    (SELECT ifnull(rank, 0) FROM objects WHERE bucket = :bucket AND name = :name AND version IS NULL),
    (SELECT rank FROM versions WHERE bucket = :bucket AND name = :name AND version IS NULL))"""
_PAGE = """SELECT json_group_array(json_array(
        name, rank, content, size, etag, modified, content_type, expires, user, system, checksums, version, latest))
    FROM (
        SELECT name, ifnull(rank, 0) AS rank,
                content, size, etag, modified, content_type, expires, user, system, checksums, version, 1 AS latest
            FROM objects WHERE bucket = :bucket AND name >= :name AND (name > :name OR ifnull(rank, 0) > :rank)
        UNION ALL
        SELECT name, rank,
                content, size, etag, modified, content_type, expires, user, system, checksums, version,
                content IS NULL AND NOT EXISTS (
                    SELECT 1 FROM objects WHERE bucket = v.bucket AND name = v.name) AS latest
            FROM versions v WHERE bucket = :bucket AND (name, rank) > (:name, :rank)
        ORDER BY name, rank LIMIT :limit)"""
"""Two walks, each along its table, that SQLite merges: nothing is sorted. What stands comes first of its name, unless
another version was made to stand. Of markers those are told that could be in the place of an object."""

_decode = msgspec.json.Decoder(list[_Row]).decode

BLOCK = 1024
"""Most rows that a query of a listing gives."""

GROUP_BLOCK = 4
"""Rows that the first query gives where groups are jumped over."""


class Past(NamedTuple):
    """A version that does not stand. `content` is None for a delete marker."""

    rank: int
    content: int | None
    size: int
    etag: str
    modified: int
    version: str | None

    @property
    def expires(self) -> int | None:
        """What does not stand does not vanish."""
        return None


def newest(db: Connection, bucket: int, name: str) -> Past | None:
    """The newest version of a name beside what stands."""
    return _past(db, _NEWEST, bucket, name)


def find(db: Connection, bucket: int, name: str, version: str | None) -> Past | None:
    """The version of a name with that id (None: the one without), unless it stands. Raises `InvalidVersion`."""
    if version is None:
        return _past(db, _WITHOUT_ID, bucket, name)
    return _past(db, _BY_ID, bucket, name, rank_of(version), version)


def meta(db: Connection, bucket: int, key: Key, rank: int) -> Meta:
    """The version of that rank, which is there."""
    row = db.execute(
        """SELECT name, rank, content, size, etag, modified, content_type, expires, user, system, checksums, version, 0
            FROM versions WHERE bucket = ? AND name = ? AND rank = ?""",
        (bucket, key.name, rank),
    ).fetchone()
    return _meta(key.bucket, row)


def refuse_marked(db: Connection, bucket: int, name: str) -> None:
    """Raise `DeleteMarker` where one stands in the place of an object."""
    found = newest(db, bucket, name)
    if found is not None and found.content is None:
        raise DeleteMarker(version=found.version, modified=found.modified)


def keep(db: Connection, bucket: int, name: str, rank: int, size: int) -> None:
    """Keep the object that stands, of that size, which is about to go, and its reference to its content."""
    db.execute(
        """INSERT INTO versions (bucket, name, rank,
                content, size, etag, modified, content_type, expires, user, system, checksums, version)
            SELECT bucket, name, ?,
                content, size, etag, modified, content_type, expires, user, system, checksums, version
            FROM objects WHERE bucket = ? AND name = ?""",
        (rank, bucket, name),
    )
    buckets.count_former(db, bucket, size)


def restore(db: Connection, bucket: int, name: str, rank: int, size: int) -> None:
    """Have the version of that rank and size stand, where nothing does."""
    db.execute(
        """INSERT INTO objects (bucket, name,
                content, size, etag, modified, content_type, expires, user, system, checksums, version, rank)
            SELECT bucket, name,
                content, size, etag, modified, content_type, expires, user, system, checksums, version, rank
            FROM versions WHERE bucket = ? AND name = ? AND rank = ?""",
        (bucket, name, rank),
    )
    _drop(db, bucket, name, rank, size)
    buckets.count(db, bucket, 1, size)


def mark(db: Connection, bucket: int, name: str, rank: int, version: str | None) -> None:
    """Put a delete marker."""
    db.execute(
        """INSERT INTO versions (bucket, name, rank, size, etag, modified, content_type, version)
            VALUES (?, ?, ?, 0, '', ?, '', ?)""",
        (bucket, name, rank, time.time_ns(), version),
    )


def update(db: Connection, bucket: int, rank: int, meta: Meta) -> None:
    """Change the properties and the time of a version."""
    db.execute(
        """UPDATE versions SET modified = ?, content_type = ?, expires = ?, user = ?, system = ?
            WHERE bucket = ? AND name = ? AND rank = ?""",
        (
            meta.modified,
            meta.props.content_type,
            meta.props.expires,
            pack(meta.props.user),
            pack(meta.props.system),
            bucket,
            meta.name,
            rank,
        ),
    )


def remove(db: Connection, bucket: int, name: str, found: Past) -> None:
    """Remove a version for good."""
    _drop(db, bucket, name, found.rank, found.size)
    if found.content is not None:
        contents.release(db, found.content)


def page(db: Connection, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
    """One page of versions. Raises `NoSuchBucket`, `InvalidVersion`."""
    names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
    return paginate(_Walk(db, bucket, query).seek, names)


class _Walk:
    """Versions of a bucket by name, the newest first; in blocks, each as the one value of its query."""

    def __init__(self, db: Connection, bucket: str, query: VersionQuery) -> None:
        """Raises `NoSuchBucket`, `InvalidVersion`."""
        self._db = db
        self._bucket = bucket
        self._number = buckets.identify(db, bucket)
        self._most = min(query.limit + 1, BLOCK)
        self._first = min(GROUP_BLOCK, self._most) if query.delimiter else self._most
        self._marker = query.key_marker
        self._rank = self._rank_behind(query)

    def _rank_behind(self, query: VersionQuery) -> int | None:
        """The rank that a page begins behind, of the marker's name; None: all of that name is passed."""
        if query.version_marker != NULL:
            return rank_of(query.version_marker) if query.version_marker else None
        (rank,) = self._db.execute(_RANK_WITHOUT_ID, {"bucket": self._number, "name": query.key_marker}).fetchone()
        return -1 if rank is None else int(rank)

    def seek(self, start: str, included: bool) -> Iterator[Version]:
        """Versions from those of the name `start` on."""
        rank = self._rank if start == self._marker and not included else None
        before = None if rank is None or rank < 0 else start
        if rank is None:
            start, rank = floor(start, included), -1
        block = self._first
        while True:
            rows = self._rows(start, rank, block)
            for row in rows:
                shown = _meta(self._bucket, row)
                is_marker = row[2] is None
                latest = row[12] != 0 and not (is_marker and row[0] == before)
                yield Version(meta=shown, latest=latest, marker=is_marker)
                before = row[0]
            if len(rows) < block:
                return
            start, rank, block = rows[-1][0], rows[-1][1], min(2 * block, self._most)

    def _rows(self, name: str, rank: int, limit: int) -> list[_Row]:
        """Rows behind that name and rank."""
        place = {"bucket": self._number, "name": name, "rank": rank, "limit": limit}
        (rows,) = self._db.execute(_PAGE, place).fetchone()
        return _decode(rows)


def _past(db: Connection, sql: str, *which: int | str) -> Past | None:
    row = db.execute(sql, which).fetchone()
    return None if row is None else Past(*row)


def _drop(db: Connection, bucket: int, name: str, rank: int, size: int) -> None:
    db.execute("DELETE FROM versions WHERE bucket = ? AND name = ? AND rank = ?", (bucket, name, rank))
    buckets.count_former(db, bucket, -size)


def _meta(bucket: str, row: _Row) -> Meta:
    name, _, _, size, etag, modified, content_type, expires, user, system, checksums, version, _ = row
    props = unpack_props(content_type, expires, user, system)
    return Meta(Key(bucket, name), size, etag, modified, props, unpack(checksums), version)
