"""Locks on versions: `capabilities.Locks`."""

import time

from gateway.core import locks
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, When
from gateway.core.errors import LocksOff, VersioningOff
from gateway.core.locks import LEGAL_HOLD, OBJECT_LOCK, RETENTION, BucketLock, Retention
from gateway.core.types import Deleted, Key, Meta, PropsChange
from gateway.core.versions import Versioning
from gateway.stores.memory.entry import Entry, frozen, frozen_props
from gateway.stores.memory.objects import Objects


class Locks(Objects):
    """The rules are those of `core.locks`; nothing here awaits between a rule and what it is about."""

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        found = self._buckets.get(bucket)
        if found.versioning is not Versioning.ENABLED:
            raise VersioningOff
        found.system = frozen({**found.system, OBJECT_LOCK: lock.pack()})
        return found.meta

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        entry = self._lockable(key, version)
        found = locks.retention_of(entry.meta.props.system)
        locks.check_retention(found, retention, time.time_ns(), bypass=bypass)
        return self._change(entry, RETENTION, None if retention is None else retention.pack())

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return self._change(self._lockable(key, version), LEGAL_HOLD, locks.ON if held else locks.OFF)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        return self._buckets.holding(key).delete_version(key.name, version, when, bypass=True)

    def _lockable(self, key: Key, version: str | None) -> Entry:
        """A version that can be locked. Raises as `Store.stat`, and `LocksOff`."""
        entry = self._readable(key, version)
        if OBJECT_LOCK not in self._buckets.get(key.bucket).system:
            raise LocksOff
        return entry

    def _change(self, entry: Entry, name: str, value: str | None) -> Meta:
        props = frozen_props(PropsChange(system={name: value}).apply(entry.meta.props))
        return self._buckets.get(entry.meta.key.bucket).change(entry.having(props))
