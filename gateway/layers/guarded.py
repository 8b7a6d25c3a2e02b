"""The layer that keeps accounts as they are which are read-only."""

from collections.abc import Sequence

from gateway.core.body import Body
from gateway.core.buckets import AccountMeta, BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.conditions import ANY, When
from gateway.core.context import current
from gateway.core.digest import Algorithm
from gateway.core.encryption import CustomerKey
from gateway.core.errors import ReadOnly, StoreError
from gateway.core.locks import BucketLock, Retention
from gateway.core.ranges import Span
from gateway.core.readonly import is_read_only
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, Meta, PropsChange, Put
from gateway.core.uploads import Part, PartRef, Upload
from gateway.core.versions import VersionRef
from gateway.layers.known import Known
from gateway.layers.layer import Layer


class Guarded(Layer):
    """Refuses requests that would change what belongs to a read-only account (`ReadOnly`); `deletes`: but for deletes.

    What runs by itself, as the reaper, goes on. The account's own properties may change, since one of them says it.
    Accounts that may be written to, which are nearly all, cost a look into a table.
    """

    def __init__(self, inner: Store, *, deletes: bool = False) -> None:
        super().__init__(inner)
        self._deletes = deletes
        self._known = Known(inner.stat_bucket, self._is_read_only)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        if current().caller is not None and await self._is_account_read_only(props.owner):
            raise ReadOnly
        self._known.forget(name)
        return await self.inner.create_bucket(name, props)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        await self._check(name)
        return await self.inner.update_bucket(name, change)

    async def delete_bucket(self, name: str) -> None:
        await self._check_delete(name)
        await self.inner.delete_bucket(name)
        self._known.forget(name)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        await self._check(key.bucket)
        return await self.inner.put(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        await self._check(key.bucket)
        return await self.inner.update(key, change, version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        await self._check(target.bucket)
        return await self.inner.copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        await self._check_delete(key.bucket)
        return await self.inner.delete(key, version, when)

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        found = await super().update_account(owner, change)
        self._known.forget()
        return found

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        try:
            await self._check_delete(bucket)
        except ReadOnly as error:
            return [error for _ in names]
        return await super().delete_many(bucket, names)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        await self._check(key.bucket)
        return await super().append(key, body, opts)

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        await self._check(source.bucket)
        await self._check(target.bucket)
        return await super().rename(source, target, when=when, source_when=source_when)

    async def rename_prefix(self, source: Key, target: Key) -> int:
        await self._check(source.bucket)
        await self._check(target.bucket)
        return await super().rename_prefix(source, target)

    async def rename_bucket(self, source: str, target: str) -> None:
        await self._check(source)
        await super().rename_bucket(source, target)
        self._known.forget(source, target)

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        await self._check(key.bucket)
        return await super().create_upload(key, opts, owner=owner, checksum=checksum, whole=whole)

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        await self._check(key.bucket)
        return await super().put_part(key, upload, number, body, checksums, secret)

    async def copy_part(
        self,
        key: Key,
        upload: str,
        number: int,
        source: Key,
        *,
        span: Span | None = None,
        version: str | None = None,
        when: When = ANY,
    ) -> Part:
        await self._check(key.bucket)
        return await super().copy_part(key, upload, number, source, span=span, version=version, when=when)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        await self._check(key.bucket)
        return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def abort_upload(self, key: Key, upload: str) -> None:
        await self._check_delete(key.bucket)
        await super().abort_upload(key, upload)

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        await self._check(bucket)
        return await super().set_versioning(bucket, enabled=enabled)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        try:
            await self._check_delete(bucket)
        except ReadOnly as error:
            return [error for _ in refs]
        return await super().delete_versions(bucket, refs)

    async def stand(self, key: Key, version: str) -> Meta:
        await self._check(key.bucket)
        return await super().stand(key, version)

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        await self._check_delete(key.bucket)
        return await super().withdraw(key, when)

    async def expunge(self, key: Key, version: str) -> Deleted:
        await self._check_delete(key.bucket)
        return await super().expunge(key, version)

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        await self._check(bucket)
        return await super().set_lock(bucket, lock)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        await self._check(key.bucket)
        return await super().set_retention(key, retention, version, bypass=bypass)

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        await self._check(key.bucket)
        return await super().set_hold(key, version, held=held)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        await self._check_delete(key.bucket)
        return await super().delete_governed(key, version, when)

    async def _check(self, bucket: str) -> None:
        """Raises `ReadOnly`, and `NoSuchBucket`."""
        if await self._known.of(bucket) and current().caller is not None:
            raise ReadOnly

    async def _check_delete(self, bucket: str) -> None:
        if not self._deletes:
            await self._check(bucket)

    async def _is_read_only(self, bucket: BucketMeta) -> bool:
        return await self._is_account_read_only(bucket.owner)

    async def _is_account_read_only(self, owner: str) -> bool:
        accounts = find(self.inner, Accounts)
        return accounts is not None and is_read_only((await accounts.stat_account(owner)).system)
