"""Buckets with what lies in them. Nothing here awaits, so every change is atomic."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from gateway.core import locks
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import When, check_write
from gateway.core.errors import ConditionFailed, DeleteMarker, NoSuchBucket, NoSuchKey, NoSuchVersion
from gateway.core.expiry import has_vanished
from gateway.core.names import check_bucket, check_key
from gateway.core.types import Deleted, Key, Meta, Props
from gateway.core.versions import Versioning, id_of, new_id, next_rank, rank_of
from gateway.stores.memory.entry import Entry, now
from gateway.stores.memory.history import History
from gateway.stores.memory.index import Index
from gateway.stores.memory.pending import Completed, Pending


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A bucket; `bytes` and `former` are kept with every change."""

    name: str
    owner: str
    created: int
    user: Mapping[str, str]
    system: Mapping[str, str]
    bytes: int = 0
    former: int = 0
    versioning: Versioning = Versioning.OFF
    objects: Index[str, Entry] = field(default_factory=Index[str, Entry])
    history: History = field(default_factory=History)
    uploads: Index[tuple[str, str], Pending] = field(default_factory=Index[tuple[str, str], Pending])
    completed: Completed = field(default_factory=Completed)

    @property
    def meta(self) -> BucketMeta:
        return BucketMeta(
            name=self.name,
            owner=self.owner,
            created=self.created,
            objects=len(self.objects),
            bytes=self.bytes,
            former=self.former,
            user=self.user,
            system=self.system,
            versioning=self.versioning,
        )

    def find(self, name: str) -> Meta | None:
        """The object of that name, or None."""
        entry = self.objects.get(name)
        return entry.meta if entry else None

    def standing(self, name: str) -> Entry | None:
        """The object of that name; None where there is none, or its time has come to vanish."""
        entry = self.objects.get(name)
        return None if entry is None or has_vanished(entry.meta.expires) else entry

    def entry(self, name: str, version: str | None = None) -> Entry:
        """The object of that name, or a version of it. Raises `NoSuchKey`, `NoSuchVersion`, `InvalidVersion`."""
        entry = self.objects.get(name)
        by_name = version is None or self.versioning is Versioning.OFF
        if by_name and entry is not None and has_vanished(entry.meta.expires):
            raise NoSuchKey
        if version is not None:
            return self._version(name, entry, id_of(version))
        if entry is not None:
            return entry
        if (newest := self.history.newest(name)) is not None and newest[1].marker:
            raise _marker(newest[1], named=False)
        raise NoSuchKey

    def _version(self, name: str, current: Entry | None, version: str | None) -> Entry:
        if current is not None and current.meta.version == version:
            return current
        found = self.history.find(name, version)
        if found is None:
            raise NoSuchVersion
        if found[1].marker:
            raise _marker(found[1], named=True)
        return found[1]

    def below(self, prefix: str) -> Iterator[Entry]:
        """All objects whose names begin with `prefix`."""
        rows = self.objects.walk(prefix, included=True)
        return takewhile(lambda entry: entry.meta.name.startswith(prefix), rows)

    def put(self, entry: Entry) -> Meta:
        """Have an object stand, as a new version where the bucket keeps versions. Raises `LocksOff`."""
        props = locks.of_new(entry.meta.props, locks.lock_of(self.system), time.time_ns())
        _, version = self._displace(entry.meta.name)
        return self._stand(entry.having(props).versioned(version))

    def change(self, entry: Entry) -> Meta:
        """Have a version that is there be another, as to its properties."""
        current = self.find(entry.meta.name)
        if current is not None and current.version == entry.meta.version:
            return self._stand(entry)
        found = self.history.find(entry.meta.name, entry.meta.version)
        if found is None:
            raise NoSuchVersion
        self.history.put(found[0], entry)
        return entry.meta

    def delete(self, name: str) -> Deleted:
        """Remove an object; where the bucket keeps versions, put a marker in its place."""
        if self.versioning is Versioning.OFF:
            return Deleted(self._remove(name) is not None)
        rank, version = self._displace(name)
        existed = self._remove(name) is not None
        meta = Meta(key=Key(self.name, name), size=0, etag="", modified=now(), props=Props(), version=version)
        self.history.put(rank, Entry(meta, marker=True))
        return Deleted(existed, version, marker=True)

    def stand(self, name: str, version: str) -> Meta:
        """Have a version with an id stand in the place of what does, which is kept. Raises as `entry`."""
        rank_of(version)
        found = self.entry(name, version)
        if found is not self.objects.get(name):
            current = self._remove(name)
            if current is not None:
                self._keep(self._rank(current), current)
            self._drop(name, found.meta.version)
            self._stand(found)
        return found.meta

    def withdraw(self, name: str) -> Deleted:
        """Have nothing stand: a version with an id is kept, one without removed. Raises `Locked`."""
        current = self.objects.get(name)
        if current is not None and current.meta.version is None:
            locks.check_removal(current.meta.props.system, time.time_ns(), bypass=False)
        elif current is not None:
            self._keep(self._rank(current), current)
        return Deleted(self._remove(name) is not None)

    def delete_version(
        self, name: str, version: str, when: When, *, bypass: bool = False, promotes: bool = True
    ) -> Deleted:
        """Remove a version for good; `bypass`: whatever retention in governance mode it has.

        `promotes`: the newest version that is left stands where this one did, or was the marker in the place of it.
        Raises `InvalidVersion`, `ConditionFailed`, `Locked`.
        """
        wanted = id_of(version)
        current = self.find(name)
        if current is not None and current.version == wanted:
            if when.past:
                raise ConditionFailed
            check_write(when, current)
            locks.check_removal(current.props.system, time.time_ns(), bypass=bypass)
            self._remove(name)
            if promotes:
                self._promote(name)
            return Deleted(True, wanted)
        found = self.history.find(name, wanted)
        check_write(when, None if found is None or found[1].marker else found[1].meta)
        if found is None:
            return Deleted(False, wanted)
        locks.check_removal(found[1].meta.props.system, time.time_ns(), bypass=bypass)
        hides = found[1].marker and current is None and found == self.history.newest(name)
        self._drop(name, wanted)
        if promotes and hides:
            self._promote(name)
        return Deleted(True, wanted, found[1].marker)

    def _displace(self, name: str) -> tuple[int, str | None]:
        """Make way for a new version: keep what stands, unless the new one replaces it. The new one's rank and id."""
        if self.versioning is Versioning.OFF:
            return 0, None
        current = self.objects.get(name)
        if current is not None and (current.meta.version is not None or self.versioning is Versioning.ENABLED):
            self._keep(self._rank(current), current)
        newest = self.history.newest(name)
        rank = newest[0] if newest else None
        if self.versioning is Versioning.SUSPENDED:
            self._drop(name, None)
            return next_rank(rank), None
        rank = next_rank(rank)
        return rank, new_id(rank)

    def _promote(self, name: str) -> None:
        """Have the newest version that is left stand, unless it is a marker."""
        newest = self.history.newest(name)
        if newest is not None and not newest[1].marker:
            self._drop(name, newest[1].meta.version)
            self._stand(newest[1])

    def _rank(self, current: Entry) -> int:
        """The rank of what stands, once it is a former version."""
        if current.meta.version is not None:
            return rank_of(current.meta.version)
        newest = self.history.newest(current.meta.name)
        return next_rank(newest[0] if newest else None)

    def _keep(self, rank: int, entry: Entry) -> None:
        self.history.put(rank, entry)
        self.former += entry.meta.size

    def _drop(self, name: str, version: str | None) -> None:
        entry = self.history.pop(name, version)
        if entry is not None:
            self.former -= entry.meta.size

    def _stand(self, entry: Entry) -> Meta:
        meta = entry.meta
        replaced = self.find(meta.name)
        self.bytes += meta.size - (replaced.size if replaced else 0)
        self.objects.put(meta.name, entry)
        return meta

    def _remove(self, name: str) -> Entry | None:
        entry = self.objects.pop(name)
        if entry is not None:
            self.bytes -= entry.meta.size
        return entry

    def rename(self, name: str) -> None:
        """Give the bucket, and with it everything that lies in it, another name."""
        self.name = name
        for entry in tuple(self.below("")):
            self.objects.put(entry.meta.name, entry.at(Key(name, entry.meta.name)))
        for pending in self.uploads.walk(("", ""), included=True):
            pending.upload = replace(pending.upload, key=Key(name, pending.upload.name))
        self.history.rename(name)
        self.completed.rename(name)


def _marker(entry: Entry, *, named: bool) -> DeleteMarker:
    return DeleteMarker(version=entry.meta.version, modified=entry.meta.modified, named=named)


class Buckets:
    """All buckets of the store."""

    def __init__(self) -> None:
        self.index: Index[str, Bucket] = Index()

    def find(self, name: str) -> Bucket | None:
        """The bucket of that name, or None. Raises `InvalidName`."""
        return self.index.get(check_bucket(name))

    def get(self, name: str) -> Bucket:
        """The bucket of that name. Raises `NoSuchBucket`, `InvalidName`."""
        bucket = self.find(name)
        if bucket is None:
            raise NoSuchBucket
        return bucket

    def holding(self, key: Key) -> Bucket:
        """The bucket that `key` lies in. Raises `NoSuchBucket`, `InvalidName`."""
        check_key(key.name)
        return self.get(key.bucket)
