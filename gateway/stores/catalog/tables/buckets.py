"""Buckets."""

import time
from collections.abc import Iterator

from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.errors import AlreadyExists, NoSuchBucket, NotEmpty, VersioningOff
from gateway.core.locks import OBJECT_LOCK, BucketLock, check_suspension
from gateway.core.types import PropsChange
from gateway.core.versions import VERSIONS_LEFT, Versioning
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables.packing import ceiling, floor, pack, unpack

_Row = tuple[str, str, int, int, int, int, str | None, str | None, str | None]

_FIND = "SELECT name, owner, created, objects, bytes, former, user, system, versioning FROM buckets WHERE name = ?"

_UP = """SELECT name, owner, created, objects, bytes, former, user, system, versioning FROM buckets
    WHERE name >= ? ORDER BY name"""
_DOWN = """SELECT name, owner, created, objects, bytes, former, user, system, versioning FROM buckets
    WHERE name < ? ORDER BY name DESC"""
_OWNED_UP = """SELECT name, owner, created, objects, bytes, former, user, system, versioning FROM buckets
    WHERE owner = ? AND name >= ? ORDER BY name"""
_OWNED_DOWN = """SELECT name, owner, created, objects, bytes, former, user, system, versioning FROM buckets
    WHERE owner = ? AND name < ? ORDER BY name DESC"""


def identify(db: Connection, name: str) -> int:
    """The bucket's number. Raises `NoSuchBucket`."""
    row: tuple[int] | None = db.execute("SELECT id FROM buckets WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NoSuchBucket
    return row[0]


def find(db: Connection, name: str) -> BucketMeta:
    """Raises `NoSuchBucket`."""
    row: _Row | None = db.execute(_FIND, (name,)).fetchone()
    if row is None:
        raise NoSuchBucket
    return _meta(row)


def walk(db: Connection, owner: str | None, reverse: bool, start: str, included: bool) -> Iterator[BucketMeta]:
    """Buckets (of one owner) in the order of their names, from `start` on."""
    bound = ceiling(start, included) if reverse else floor(start, included)
    if owner is None:
        return map(_meta, db.execute(_DOWN if reverse else _UP, (bound,)))
    return map(_meta, db.execute(_OWNED_DOWN if reverse else _OWNED_UP, (owner, bound)))


def create(db: Connection, name: str, props: BucketProps) -> bool:
    """False where the name is taken. A bucket with a lock keeps versions from the beginning."""
    versioning = Versioning.ENABLED if OBJECT_LOCK in props.system else None
    row = name, props.owner, time.time_ns(), pack(props.user), pack(props.system), versioning
    done = db.execute(
        "INSERT OR IGNORE INTO buckets (name, owner, created, user, system, versioning) VALUES (?, ?, ?, ?, ?, ?)", row
    )
    return done.rowcount == 1


def update(db: Connection, name: str, change: PropsChange) -> BucketMeta:
    """Raises `NoSuchBucket`."""
    found = find(db, name)
    user, system = pack(change.apply_user(found.user)), pack(change.apply_system(found.system))
    db.execute("UPDATE buckets SET user = ?, system = ? WHERE name = ?", (user, system, name))
    return find(db, name)


def set_versioning(db: Connection, name: str, versioning: Versioning) -> BucketMeta:
    """Raises `NoSuchBucket`, `LocksOn`."""
    if versioning is not Versioning.ENABLED:
        check_suspension(find(db, name).system)
    db.execute("UPDATE buckets SET versioning = ? WHERE name = ?", (versioning, name))
    return find(db, name)


def set_lock(db: Connection, name: str, lock: BucketLock) -> BucketMeta:
    """Raises `NoSuchBucket`, `VersioningOff`."""
    if find(db, name).versioning is not Versioning.ENABLED:
        raise VersioningOff
    return update(db, name, PropsChange(system={OBJECT_LOCK: lock.pack()}))


def count(db: Connection, bucket: int, objects: int, size: int) -> None:
    """Add to the bucket's counters."""
    if objects or size:
        db.execute("UPDATE buckets SET objects = objects + ?, bytes = bytes + ? WHERE id = ?", (objects, size, bucket))


def count_former(db: Connection, bucket: int, size: int) -> None:
    """Add to the bytes of former versions."""
    if size:
        db.execute("UPDATE buckets SET former = former + ? WHERE id = ?", (size, bucket))


def rename(db: Connection, source: str, target: str) -> None:
    """Raises `NoSuchBucket`, `AlreadyExists`."""
    bucket = identify(db, source)
    renamed = db.execute("UPDATE OR IGNORE buckets SET name = ? WHERE id = ?", (target, bucket))
    if source == target or renamed.rowcount == 0:
        raise AlreadyExists


def delete(db: Connection, bucket: int) -> None:
    """Raises `NotEmpty`."""
    if db.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
        raise NotEmpty
    if db.execute("SELECT 1 FROM versions WHERE bucket = ? LIMIT 1", (bucket,)).fetchone():
        raise NotEmpty(VERSIONS_LEFT)
    db.execute("DELETE FROM buckets WHERE id = ?", (bucket,))


def recount(db: Connection, name: str) -> BucketMeta:
    """Have the counters say what is there. Raises `NoSuchBucket`."""
    db.execute(
        """UPDATE buckets SET
                (objects, bytes) = (SELECT count(*), ifnull(sum(size), 0) FROM objects WHERE bucket = ?1),
                former = (SELECT ifnull(sum(size), 0) FROM versions WHERE bucket = ?1)
            WHERE id = ?1""",
        (identify(db, name),),
    )
    return find(db, name)


def _meta(row: _Row) -> BucketMeta:
    name, owner, created, objects, size, former, user, system, versioning = row
    return BucketMeta(
        name=name,
        owner=owner,
        created=created,
        objects=objects,
        bytes=size,
        former=former,
        user=unpack(user),
        system=unpack(system),
        versioning=Versioning.OFF if versioning is None else Versioning(versioning),
    )
