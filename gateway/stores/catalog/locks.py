"""Locks on versions: `capabilities.Locks`."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from gateway.core import locks
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, When
from gateway.core.errors import LocksOff
from gateway.core.locks import LEGAL_HOLD, RETENTION, BucketLock, Retention
from gateway.core.names import check_bucket, checked_key
from gateway.core.types import Deleted, Key, Meta, PropsChange
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.tables import buckets, history

_Change = Callable[[Mapping[str, str]], PropsChange]


class Locks(Part):
    """Each rule is evaluated in the transaction that changes what it is about."""

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        return await self._engine.writer.run(partial(buckets.set_lock, name=check_bucket(bucket), lock=lock))

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        def change(system: Mapping[str, str]) -> PropsChange:
            locks.check_retention(locks.retention_of(system), retention, time.time_ns(), bypass=bypass)
            return PropsChange(system={RETENTION: None if retention is None else retention.pack()})

        return await self._change(key, version, change)

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        change = PropsChange(system={LEGAL_HOLD: locks.ON if held else locks.OFF})
        return await self._change(key, version, lambda _: change)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        delete = partial(history.delete_version, key=checked_key(key), version=version, when=when, bypass=True)
        return await self._engine.writer.run(delete, (key,), brief=True)

    async def _change(self, key: Key, version: str | None, change: _Change) -> Meta:
        """Change the lock of a version as `change` says, which is given its properties and raises what forbids it."""
        checked_key(key)

        def work(db: Connection) -> Meta:
            found = history.find(db, key, version)
            if locks.lock_of(buckets.find(db, key.bucket).system) is None:
                raise LocksOff
            props = found.meta.props
            return history.update(db, found, replace(found.meta, props=change(props.system).apply(props)))

        return await self._engine.writer.run(work, (key,), brief=True)
