"""The plain layer: a Store that forwards everything to the one inside, method by method."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from gateway.core.body import Body
from gateway.core.buckets import AccountMeta, BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.segments import Keeping
from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import CustomerKey
from gateway.core.errors import StoreError, Unsupported
from gateway.core.locks import BucketLock, Retention
from gateway.core.ranges import Span
from gateway.core.segments import Base, Kept
from gateway.core.store import Caps, Reader, Store
from gateway.core.types import Copy, Deleted, Expired, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.core.versions import Version, VersionQuery, VersionRef

C = TypeVar("C")


class Layer(Store):
    """Forwards the Store contract and every capability that the store inside has; has no others."""

    def __init__(self, inner: Store) -> None:
        self.inner: Store = inner

    @property
    def caps(self) -> Caps:  # type: ignore[override]
        return self.inner.caps

    def offers(self, capability: type) -> bool:
        return super().offers(capability) and find(self.inner, capability) is not None

    def _native(self, capability: type[C]) -> C:
        found = find(self.inner, capability)
        if found is None:
            raise Unsupported
        return found

    async def start(self) -> None:
        await self.inner.start()

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        return await self.inner.buckets(query, owner)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        return await self.inner.create_bucket(name, props)

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self.inner.stat_bucket(name)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        return await self.inner.update_bucket(name, change)

    async def delete_bucket(self, name: str) -> None:
        await self.inner.delete_bucket(name)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await self.inner.list(bucket, query)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return await self.inner.stat(key, version, when)

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self.inner.open(key, span=span, version=version, when=when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self.inner.put(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        return await self.inner.update(key, change, version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        return await self.inner.copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        return await self.inner.delete(key, version, when)

    async def stat_account(self, owner: str) -> AccountMeta:
        return await self._native(Accounts).stat_account(owner)

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        return await self._native(Accounts).update_account(owner, change)

    async def has_account(self, owner: str) -> bool:
        return await self._native(Roster).has_account(owner)

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        return await self._native(Roster).create_account(owner, change)

    async def delete_account(self, owner: str) -> None:
        await self._native(Roster).delete_account(owner)

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        return await self._native(Roster).accounts(query)

    async def recount(self, bucket: str) -> BucketMeta:
        return await self._native(Recount).recount(bucket)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        return await self._native(Batch).delete_many(bucket, names)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self._native(Append).append(key, body, opts)

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        return await self._native(Keeping).kept_uploads(bucket)

    async def kept_size(self, key: Key, upload: str) -> int:
        return await self._native(Keeping).kept_size(key, upload)

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        return await self._native(Keeping).resume_kept(kept, body, opts, base)

    async def drop_kept(self, key: Key, upload: str) -> None:
        await self._native(Keeping).drop_kept(key, upload)

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        return await self._native(Rename).rename(source, target, when=when, source_when=source_when)

    async def rename_prefix(self, source: Key, target: Key) -> int:
        return await self._native(Rename).rename_prefix(source, target)

    async def rename_bucket(self, source: str, target: str) -> None:
        await self._native(Rename).rename_bucket(source, target)

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        native = self._native(Multipart)
        return await native.create_upload(key, opts, owner=owner, checksum=checksum, whole=whole)

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return await self._native(Multipart).stat_upload(key, upload)

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        return await self._native(Multipart).put_part(key, upload, number, body, checksums, secret)

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
        native = self._native(Multipart)
        return await native.copy_part(key, upload, number, source, span=span, version=version, when=when)

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        return await self._native(Multipart).parts(key, upload, marker=marker, limit=limit)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        return await self._native(Multipart).uploads(bucket, query)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        return await self._native(Multipart).complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def abort_upload(self, key: Key, upload: str) -> None:
        await self._native(Multipart).abort_upload(key, upload)

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        return await self._native(Parted).object_parts(key, version, marker=marker, limit=limit)

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        return await self._native(Versions).set_versioning(bucket, enabled=enabled)

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        return await self._native(Versions).versions(bucket, query)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        return await self._native(Versions).delete_versions(bucket, refs)

    async def stand(self, key: Key, version: str) -> Meta:
        return await self._native(Standing).stand(key, version)

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        return await self._native(Standing).withdraw(key, when)

    async def expunge(self, key: Key, version: str) -> Deleted:
        return await self._native(Standing).expunge(key, version)

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        return await self._native(Expiring).expired(until, after=after, limit=limit)

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        return await self._native(Locks).set_lock(bucket, lock)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        return await self._native(Locks).set_retention(key, retention, version, bypass=bypass)

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return await self._native(Locks).set_hold(key, version, held=held)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        return await self._native(Locks).delete_governed(key, version, when)
