"""The rules by which objects come and go in buckets that keep versions, and in those that don't.

In a bucket without versioning nothing is done beyond what it takes to replace or delete an object.
"""

import time
from dataclasses import replace

from gateway.core import locks
from gateway.core.conditions import ANY, When, check_write
from gateway.core.errors import ConditionFailed, DeleteMarker, NoSuchVersion
from gateway.core.types import Deleted, Key, Meta
from gateway.core.versions import Versioning, id_of, new_id, next_rank, rank_of
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import contents, objects, versions
from gateway.stores.catalog.tables.objects import Found, Opened, Place, Standing


def find(db: Connection, key: Key, version: str | None = None) -> Found:
    """An object, or a version of it. Raises as `Store.stat` does, conditions apart."""
    if version is None:
        return objects.find(db, key)
    wanted = id_of(version)
    place = objects.place(db, key, ANY)
    if place.standing is not None and place.standing.version == wanted:
        return objects.find(db, key, vanished=place.versioning is not None)
    past = versions.find(db, place.bucket, key.name, wanted)
    if past is None:
        raise NoSuchVersion
    if past.content is None:
        raise DeleteMarker(version=wanted, modified=past.modified, named=True)
    return Found(place.bucket, past.content, versions.meta(db, place.bucket, key, past.rank), past.rank)


def find_open(db: Connection, key: Key, version: str) -> Opened:
    """As `find`, with the bytes, if they lie inline."""
    found = find(db, key, version)
    return Opened(found.content, found.meta, *contents.inline(db, found.content))


def put(db: Connection, place: Place, content: int, meta: Meta) -> Meta:
    """Have an object stand, as a new version where the bucket keeps versions. Raises `LocksOff`."""
    if place.lock is not None or meta.props.system:
        meta = replace(meta, props=locks.of_new(meta.props, place.lock, time.time_ns()))
    version = None
    if place.versioning is not None:
        _, version = _displace(db, place, meta.name)
    elif place.standing is not None:
        contents.release(db, place.standing.content)
    if meta.version != version:
        meta = replace(meta, version=version)
    objects.put(db, place, content, meta)
    return meta


def update(db: Connection, found: Found, meta: Meta) -> Meta:
    """Change the properties and the time of what was found."""
    if found.rank is None:
        objects.update(db, found.bucket, meta)
    else:
        versions.update(db, found.bucket, found.rank, meta)
    return meta


def delete(db: Connection, key: Key, when: When = ANY) -> Deleted:
    """Remove an object; where the bucket keeps versions, put a marker in its place.

    Raises `NoSuchBucket`, `ConditionFailed`.
    """
    place = objects.place(db, key, when)
    standing = place.standing
    existed = standing is not None and (when.expires is not None or not standing.has_vanished)
    if place.versioning is not None:
        rank, version = _displace(db, place, key.name)
        versions.mark(db, place.bucket, key.name, rank, version)
        if standing is not None:
            objects.take(db, place.bucket, key.name, standing.size)
        return Deleted(existed, version, marker=True)
    if standing is None:
        return Deleted(False)
    objects.take(db, place.bucket, key.name, standing.size)
    contents.release(db, standing.content)
    return Deleted(existed)


def stand(db: Connection, key: Key, version: str) -> Meta:
    """Have a version with an id stand in the place of what does, which is kept. Raises as `find`."""
    rank_of(version)
    found = find(db, key, version)
    if found.rank is None:
        return found.meta
    standing = objects.place(db, key, ANY).standing
    if standing is not None:
        _keep(db, found.bucket, key.name, standing)
        objects.take(db, found.bucket, key.name, standing.size)
    versions.restore(db, found.bucket, key.name, found.rank, found.meta.size)
    return found.meta


def withdraw(db: Connection, key: Key, when: When = ANY) -> Deleted:
    """Have nothing stand: a version with an id is kept, one without removed. Raises as `delete`, and `Locked`."""
    place = objects.place(db, key, when)
    standing = place.standing
    if standing is None:
        return Deleted(False)
    existed = when.expires is not None or not standing.has_vanished
    if standing.version is not None:
        _keep(db, place.bucket, key.name, standing)
    else:
        if place.lock is not None:
            _check_removal(objects.find(db, key, vanished=True).meta, bypass=False)
        contents.release(db, standing.content)
    objects.take(db, place.bucket, key.name, standing.size)
    return Deleted(existed)


def delete_version(
    db: Connection, key: Key, version: str, when: When = ANY, *, bypass: bool = False, promotes: bool = True
) -> Deleted:
    """Remove a version for good; `bypass`: whatever retention in governance mode it has.

    `promotes`: the newest version that is left stands where this one did, or was the marker in the place of it.
    Raises `NoSuchBucket`, `InvalidVersion`, `ConditionFailed`, `Locked`.
    """
    wanted = id_of(version)
    place = objects.place(db, key, ANY)
    bucket, standing = place.bucket, place.standing
    if standing is not None and standing.version == wanted:
        if when.past:
            raise ConditionFailed
        check_write(when, standing)
        if place.lock is not None:
            _check_removal(objects.find(db, key, vanished=True).meta, bypass)
        objects.take(db, bucket, key.name, standing.size)
        contents.release(db, standing.content)
        if promotes:
            _promote(db, bucket, key.name)
        return Deleted(True, wanted)
    past = versions.find(db, bucket, key.name, wanted)
    check_write(when, None if past is None or past.content is None else past)
    if past is None:
        return Deleted(False, wanted)
    if place.lock is not None:
        _check_removal(versions.meta(db, bucket, key, past.rank), bypass)
    is_marker = past.content is None
    promotes = promotes and is_marker and standing is None and past == versions.newest(db, bucket, key.name)
    versions.remove(db, bucket, key.name, past)
    if promotes:
        _promote(db, bucket, key.name)
    return Deleted(True, wanted, marker=is_marker)


def _check_removal(meta: Meta, bypass: bool) -> None:
    locks.check_removal(meta.props.system, time.time_ns(), bypass=bypass)


def keeps(place: Place) -> bool:
    """Whether what stands is kept as a version when something takes its place."""
    return place.standing is not None and (place.versioning == Versioning.ENABLED or place.standing.version is not None)


def _displace(db: Connection, place: Place, name: str) -> tuple[int, str | None]:
    """Make way for a new version: keep what stands, or release it if the new one has no id either.

    The rank and the id of the new one. The row of what stands stays, to be replaced or taken out.
    """
    bucket, standing = place.bucket, place.standing
    if standing is not None and keeps(place):
        rank: int | None = _keep(db, bucket, name, standing)
    else:
        rank = _newest_rank(db, bucket, name)
        if standing is not None:
            contents.release(db, standing.content)
    if place.versioning == Versioning.ENABLED:
        rank = next_rank(rank)
        return rank, new_id(rank)
    if (without := versions.find(db, bucket, name, None)) is not None:
        versions.remove(db, bucket, name, without)
    return next_rank(rank), None


def _keep(db: Connection, bucket: int, name: str, standing: Standing) -> int:
    """Keep what stands as a former version, too; the rank of the newest one that there then is."""
    newest = _newest_rank(db, bucket, name)
    rank = next_rank(newest) if standing.version is None else rank_of(standing.version)
    versions.keep(db, bucket, name, rank, standing.size)
    return rank if newest is None else min(rank, newest)


def _newest_rank(db: Connection, bucket: int, name: str) -> int | None:
    newest = versions.newest(db, bucket, name)
    return None if newest is None else newest.rank


def _promote(db: Connection, bucket: int, name: str) -> None:
    """Have the newest version that is left stand, unless it is a marker."""
    newest = versions.newest(db, bucket, name)
    if newest is not None and newest.content is not None:
        versions.restore(db, bucket, name, newest.rank, newest.size)
