"""A store that is there only while it is asked for something."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

from gateway.core.body import Body
from gateway.core.buckets import AccountMeta, BucketMeta, BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring, Glance
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
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Deleted, Expired, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.core.versions import Version, VersionQuery, VersionRef
from gateway.layers.layer import Layer

C = TypeVar("C")
T = TypeVar("T")

Lease = Callable[[], AbstractAsyncContextManager[Store]]


class Leased(Layer):
    """Has every operation done by the store that `lease` gives for as long as the operation takes.

    So it may be held for long, by a session that is still, while the store itself is closed and opened again.
    `pattern`, a store of the same make, tells what such a store is able to; nothing else is ever asked of it.
    """

    shields = True

    def __init__(self, lease: Lease, pattern: Store) -> None:
        super().__init__(pattern)
        self._lease = lease

    async def _do(self, work: Callable[[Store], Awaitable[T]]) -> T:
        async with self._lease() as store:
            return await work(store)

    async def _use(self, capability: type[C], work: Callable[[C], Awaitable[T]]) -> T:
        async with self._lease() as store:
            native = find(store, capability)
            if native is None:
                raise Unsupported
            return await work(native)

    async def start(self) -> None:
        """The store is started when it is leased."""

    async def aclose(self) -> None:
        """The store is closed by whoever leases it out."""

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        return await self._do(lambda store: store.buckets(query, owner))

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        return await self._do(lambda store: store.create_bucket(name, props))

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self._do(lambda store: store.stat_bucket(name))

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        return await self._do(lambda store: store.update_bucket(name, change))

    async def delete_bucket(self, name: str) -> None:
        await self._do(lambda store: store.delete_bucket(name))

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await self._do(lambda store: store.list(bucket, query))

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return await self._do(lambda store: store.stat(key, version, when))

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        async with self._lease() as store, store.open(key, span=span, version=version, when=when) as reader:
            yield reader

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self._do(lambda store: store.put(key, body, opts))

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        return await self._do(lambda store: store.update(key, change, version))

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        return await self._do(lambda store: store.copy(source, target, opts))

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        return await self._do(lambda store: store.delete(key, version, when))

    async def stat_account(self, owner: str) -> AccountMeta:
        return await self._use(Accounts, lambda native: native.stat_account(owner))

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        return await self._use(Accounts, lambda native: native.update_account(owner, change))

    async def has_account(self, owner: str) -> bool:
        return await self._use(Roster, lambda native: native.has_account(owner))

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        return await self._use(Roster, lambda native: native.create_account(owner, change))

    async def delete_account(self, owner: str) -> None:
        await self._use(Roster, lambda native: native.delete_account(owner))

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        return await self._use(Roster, lambda native: native.accounts(query))

    async def recount(self, bucket: str) -> BucketMeta:
        return await self._use(Recount, lambda native: native.recount(bucket))

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        return await self._use(Batch, lambda native: native.delete_many(bucket, names))

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self._use(Append, lambda native: native.append(key, body, opts))

    async def glance(self, key: Key) -> Meta | None:
        return await self._use(Glance, lambda native: native.glance(key))

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        return await self._use(Keeping, lambda native: native.kept_uploads(bucket))

    async def kept_size(self, key: Key, upload: str) -> int:
        return await self._use(Keeping, lambda native: native.kept_size(key, upload))

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        return await self._use(Keeping, lambda native: native.resume_kept(kept, body, opts, base))

    async def drop_kept(self, key: Key, upload: str) -> None:
        await self._use(Keeping, lambda native: native.drop_kept(key, upload))

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        return await self._use(Rename, lambda native: native.rename(source, target, when=when, source_when=source_when))

    async def rename_prefix(self, source: Key, target: Key) -> int:
        return await self._use(Rename, lambda native: native.rename_prefix(source, target))

    async def rename_bucket(self, source: str, target: str) -> None:
        await self._use(Rename, lambda native: native.rename_bucket(source, target))

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        return await self._use(
            Multipart, lambda native: native.create_upload(key, opts, owner=owner, checksum=checksum, whole=whole)
        )

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return await self._use(Multipart, lambda native: native.stat_upload(key, upload))

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        return await self._use(Multipart, lambda native: native.put_part(key, upload, number, body, checksums, secret))

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
        return await self._use(
            Multipart,
            lambda native: native.copy_part(key, upload, number, source, span=span, version=version, when=when),
        )

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        return await self._use(Multipart, lambda native: native.parts(key, upload, marker=marker, limit=limit))

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        return await self._use(Multipart, lambda native: native.uploads(bucket, query))

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        return await self._use(
            Multipart, lambda native: native.complete_upload(key, upload, parts, when=when, min_part=min_part)
        )

    async def abort_upload(self, key: Key, upload: str) -> None:
        await self._use(Multipart, lambda native: native.abort_upload(key, upload))

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        return await self._use(Parted, lambda native: native.object_parts(key, version, marker=marker, limit=limit))

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        return await self._use(Versions, lambda native: native.set_versioning(bucket, enabled=enabled))

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        return await self._use(Versions, lambda native: native.versions(bucket, query))

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        return await self._use(Versions, lambda native: native.delete_versions(bucket, refs))

    async def stand(self, key: Key, version: str) -> Meta:
        return await self._use(Standing, lambda native: native.stand(key, version))

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        return await self._use(Standing, lambda native: native.withdraw(key, when))

    async def expunge(self, key: Key, version: str) -> Deleted:
        return await self._use(Standing, lambda native: native.expunge(key, version))

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        return await self._use(Expiring, lambda native: native.expired(until, after=after, limit=limit))

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        return await self._use(Locks, lambda native: native.set_lock(bucket, lock))

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        return await self._use(Locks, lambda native: native.set_retention(key, retention, version, bypass=bypass))

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return await self._use(Locks, lambda native: native.set_hold(key, version, held=held))

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        return await self._use(Locks, lambda native: native.delete_governed(key, version, when))
