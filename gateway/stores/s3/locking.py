"""Locks on versions: `capabilities.Locks` by the remote's own, which alone holds them.

What the remote would refuse is looked at before, so that its refusal can be told for what it is.
"""

import time

from gateway.core.errors import Denied, LocksOff
from gateway.core.locks import OFF, ON, Retention, check_retention, retention_of
from gateway.core.tasks import wholly
from gateway.core.types import Key, Meta
from gateway.core.versions import NULL
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.client import Client
from gateway.stores.s3.locks import moment
from gateway.stores.s3.objects import Objects


class Locking:
    """Changes of the locks on versions. Of a retention the remote tells whole seconds."""

    def __init__(self, client: Client, buckets: Buckets, objects: Objects) -> None:
        self._client = client
        self._buckets = buckets
        self._objects = objects

    async def set_retention(self, key: Key, retention: Retention | None, version: str | None, *, bypass: bool) -> Meta:
        """As `Locks.set_retention`."""
        found = await self._lockable(key, version)
        _check(found, retention, bypass=bypass)
        stated = {} if retention is None else {"Mode": retention.mode.value, "RetainUntilDate": moment(retention)}
        try:
            await self._call("put_object_retention", found, Retention=stated, BypassGovernanceRetention=bypass or None)
        except Denied:
            _check(await self._objects.stat(key, found.version or NULL), retention, bypass=bypass)
            raise
        return await self._objects.stat(key, found.version or NULL)

    async def set_hold(self, key: Key, version: str | None, *, held: bool) -> Meta:
        """As `Locks.set_hold`."""
        found = await self._lockable(key, version)
        await self._call("put_object_legal_hold", found, LegalHold={"Status": ON if held else OFF})
        return await self._objects.stat(key, found.version or NULL)

    async def _lockable(self, key: Key, version: str | None) -> Meta:
        found = await self._objects.stat(key, version)
        if await self._buckets.locks.of(key.bucket) is None:
            raise LocksOff
        return found

    async def _call(self, operation: str, found: Meta, **members: object) -> None:
        """A request about the very version that was looked at."""
        at = {"Bucket": found.key.bucket, "Key": found.key.name, "VersionId": found.version or NULL}
        await wholly(self._client.call(operation, **at, **members))


def _check(found: Meta, wanted: Retention | None, *, bypass: bool) -> None:
    check_retention(retention_of(found.props.system), wanted, time.time_ns(), bypass=bypass)
