"""Renames: names change, contents stay."""

import sqlite3
from dataclasses import replace

from gateway.core.conditions import When
from gateway.core.errors import AlreadyExists, InvalidName, NoSuchKey
from gateway.core.listing import successor
from gateway.core.names import check_key
from gateway.core.types import Key, Meta
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import buckets, objects
from gateway.stores.catalog.tables.packing import BEYOND


def rename(db: Connection, source: Key, target: Key, when: When) -> Meta:
    """As `core.store.Rename.rename`: everything but the name stays, also the time of the last change."""
    found = objects.find(db, source)
    place = objects.place(db, target, when)
    if source == target:
        return found.meta
    objects.take(db, found.bucket, source.name, found.meta.size)
    return objects.put(db, place, found.content, replace(found.meta, key=target))


def rename_prefix(db: Connection, source: Key, target: Key) -> int:
    """As `core.store.Rename.rename_prefix`."""
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
    db.execute(
        """UPDATE objects SET bucket = ?, name = ? || substr(name, ?)
            WHERE bucket = ? AND name >= ? AND name < ?""",
        (destination, target.name, len(source.name) + 1, origin, *_bounds(source.name)),
    )
    buckets.count(db, origin, -count, -size)
    buckets.count(db, destination, count, size)
    return count


def _below(db: Connection, bucket: int, prefix: str) -> sqlite3.Cursor:
    """Names and sizes of the objects whose names begin with `prefix`."""
    return db.execute(
        "SELECT name, size FROM objects WHERE bucket = ? AND name >= ? AND name < ?", (bucket, *_bounds(prefix))
    )


def _bounds(prefix: str) -> tuple[str, str | bytes]:
    return prefix, successor(prefix) or BEYOND
