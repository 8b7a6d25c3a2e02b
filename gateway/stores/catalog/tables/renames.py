"""Renames: names change, contents stay."""

import sqlite3
from dataclasses import replace

from gateway.core.conditions import ANY, When, check_read
from gateway.core.errors import AlreadyExists, InvalidName, NoSuchKey
from gateway.core.listing import successor
from gateway.core.locks import unlocked
from gateway.core.names import check_key
from gateway.core.types import Key, Meta
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, contents, history, objects
from gateway.stores.catalog.tables.objects import Found, Place
from gateway.stores.catalog.tables.packing import BEYOND

PAGE = 1000


def rename(db: Connection, source: Key, target: Key, when: When = ANY, source_when: When = ANY) -> Meta:
    """As `capabilities.Rename.rename`: everything but name and locks stays, also the time of the last change."""
    found = objects.find(db, source)
    check_read(source_when, found.meta)
    place = objects.place(db, target, when)
    return found.meta if source == target else _move(db, found, place, target)


def rename_prefix(db: Connection, source: Key, target: Key) -> int:
    """As `capabilities.Rename.rename_prefix`."""
    origin, destination = buckets.identify(db, source.bucket), buckets.identify(db, target.bucket)
    if origin == destination and target.name.startswith(source.name):
        raise InvalidName("A prefix can't be renamed to one inside of itself")
    if _below(db, destination, target.name).fetchone():
        raise AlreadyExists
    count = size = 0
    for name, length in _below(db, origin, source.name):
        check_key(target.name + name[len(source.name) :])
        count, size = count + 1, size + length
    if not count:
        raise NoSuchKey
    if _kept(db, origin) or _kept(db, destination):
        _rename_each(db, source, target)
        return count
    db.execute(
        """UPDATE objects SET bucket = ?, name = ? || substr(name, ?)
            WHERE bucket = ? AND name >= ? AND name < ?""",
        (destination, target.name, len(source.name) + 1, origin, *_bounds(source.name)),
    )
    buckets.count(db, origin, -count, -size)
    buckets.count(db, destination, count, size)
    return count


def _kept(db: Connection, bucket: int) -> bool:
    (versioning,) = db.execute("SELECT versioning FROM buckets WHERE id = ?", (bucket,)).fetchone()
    return versioning is not None


def _rename_each(db: Connection, source: Key, target: Key) -> None:
    """What is renamed leaves the walk, so that each page is the first one."""
    origin = buckets.identify(db, source.bucket)
    while names := _below(db, origin, source.name).fetchmany(PAGE):
        for name, _ in names:
            to = Key(target.bucket, target.name + name[len(source.name) :])
            _move(db, objects.find(db, Key(source.bucket, name), vanished=True), objects.place(db, to, ANY), to)


def _move(db: Connection, found: Found, place: Place, target: Key) -> Meta:
    contents.share(db, found.content)
    meta = history.put(db, place, found.content, replace(found.meta, key=target, props=unlocked(found.meta.props)))
    history.delete(db, found.meta.key)
    return meta


def _below(db: Connection, bucket: int, prefix: str) -> sqlite3.Cursor:
    """Names and sizes of the objects whose names begin with `prefix`."""
    return db.execute(
        "SELECT name, size FROM objects WHERE bucket = ? AND name >= ? AND name < ?", (bucket, *_bounds(prefix))
    )


def _bounds(prefix: str) -> tuple[str, str | bytes]:
    return prefix, successor(prefix) or BEYOND
