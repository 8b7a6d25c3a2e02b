"""The layer that does one thing around every operation, and the facts about operations that such layers go by."""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.body import Body
from gateway.core.buckets import AccountMeta, BucketMeta, BucketProps
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.segments import Keeping
from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import CustomerKey
from gateway.core.errors import StoreError
from gateway.core.locks import BucketLock, Retention
from gateway.core.ranges import Span
from gateway.core.segments import Base, Kept
from gateway.core.store import Reader
from gateway.core.types import Copy, Deleted, Expired, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.core.versions import Version, VersionQuery, VersionRef
from gateway.layers.layer import Layer

T = TypeVar("T")
Attempt = Callable[[], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that is asked for.

    `harmless`: done twice, it leaves behind and tells what it does when done once. `body`: what it takes in.
    """

    name: str
    harmless: bool = True
    body: Body | None = None


class Around(Layer):
    """Passes every operation through `around`, and what is read through `opening`."""

    @abstractmethod
    async def around(self, operation: Operation, attempt: Attempt[T]) -> T:
        """Carry out an operation by calling `attempt`."""

    @abstractmethod
    def opening(
        self, key: Key, span: Span | None, version: str | None, when: When
    ) -> AbstractAsyncContextManager[Reader]:
        """`Store.open`, by the store inside."""

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        return await self.around(Operation("buckets"), lambda: self.inner.buckets(query, owner))

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        operation = Operation("create_bucket", harmless=False)
        return await self.around(operation, lambda: self.inner.create_bucket(name, props))

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self.around(Operation("stat_bucket"), lambda: self.inner.stat_bucket(name))

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        operation = Operation("update_bucket", harmless=change.when is ANY)
        return await self.around(operation, lambda: self.inner.update_bucket(name, change))

    async def delete_bucket(self, name: str) -> None:
        operation = Operation("delete_bucket", harmless=False)
        await self.around(operation, lambda: self.inner.delete_bucket(name))

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await self.around(Operation("list"), lambda: self.inner.list(bucket, query))

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return await self.around(Operation("stat"), lambda: self.inner.stat(key, version, when))

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self.opening(key, span, version, when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        operation = Operation("put", harmless=opts.when is ANY, body=body)
        return await self.around(operation, lambda: self.inner.put(key, body, opts))

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        operation = Operation("update", harmless=change.when is ANY)
        return await self.around(operation, lambda: self.inner.update(key, change, version))

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        operation = Operation("copy", harmless=opts.when is ANY)
        return await self.around(operation, lambda: self.inner.copy(source, target, opts))

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        operation = Operation("delete", harmless=False)
        return await self.around(operation, lambda: self.inner.delete(key, version, when))

    async def stat_account(self, owner: str) -> AccountMeta:
        native = self._native(Accounts)
        return await self.around(Operation("stat_account"), lambda: native.stat_account(owner))

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        native, operation = self._native(Accounts), Operation("update_account", harmless=change.when is ANY)
        return await self.around(operation, lambda: native.update_account(owner, change))

    async def has_account(self, owner: str) -> bool:
        native = self._native(Roster)
        return await self.around(Operation("has_account"), lambda: native.has_account(owner))

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        native, operation = self._native(Roster), Operation("create_account", harmless=False)
        return await self.around(operation, lambda: native.create_account(owner, change))

    async def delete_account(self, owner: str) -> None:
        native, operation = self._native(Roster), Operation("delete_account", harmless=False)
        await self.around(operation, lambda: native.delete_account(owner))

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        native = self._native(Roster)
        return await self.around(Operation("accounts"), lambda: native.accounts(query))

    async def recount(self, bucket: str) -> BucketMeta:
        native = self._native(Recount)
        return await self.around(Operation("recount"), lambda: native.recount(bucket))

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        native, operation = self._native(Batch), Operation("delete_many", harmless=False)
        return await self.around(operation, lambda: native.delete_many(bucket, names))

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        native, operation = self._native(Append), Operation("append", harmless=False, body=body)
        return await self.around(operation, lambda: native.append(key, body, opts))

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        native = self._native(Keeping)
        return await self.around(Operation("kept_uploads"), lambda: native.kept_uploads(bucket))

    async def kept_size(self, key: Key, upload: str) -> int:
        native = self._native(Keeping)
        return await self.around(Operation("kept_size"), lambda: native.kept_size(key, upload))

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        native, operation = self._native(Keeping), Operation("resume_kept", harmless=False, body=body)
        return await self.around(operation, lambda: native.resume_kept(kept, body, opts, base))

    async def drop_kept(self, key: Key, upload: str) -> None:
        native, operation = self._native(Keeping), Operation("drop_kept", harmless=False)
        await self.around(operation, lambda: native.drop_kept(key, upload))

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        native, operation = self._native(Rename), Operation("rename", harmless=False)
        return await self.around(operation, lambda: native.rename(source, target, when=when, source_when=source_when))

    async def rename_prefix(self, source: Key, target: Key) -> int:
        native, operation = self._native(Rename), Operation("rename_prefix", harmless=False)
        return await self.around(operation, lambda: native.rename_prefix(source, target))

    async def rename_bucket(self, source: str, target: str) -> None:
        native, operation = self._native(Rename), Operation("rename_bucket", harmless=False)
        await self.around(operation, lambda: native.rename_bucket(source, target))

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        native, operation = self._native(Multipart), Operation("create_upload", harmless=False)
        return await self.around(
            operation, lambda: native.create_upload(key, opts, owner=owner, checksum=checksum, whole=whole)
        )

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        native = self._native(Multipart)
        return await self.around(Operation("stat_upload"), lambda: native.stat_upload(key, upload))

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        native, operation = self._native(Multipart), Operation("put_part", body=body)
        return await self.around(operation, lambda: native.put_part(key, upload, number, body, checksums, secret))

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
        return await self.around(
            Operation("copy_part"),
            lambda: native.copy_part(key, upload, number, source, span=span, version=version, when=when),
        )

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        native = self._native(Multipart)
        return await self.around(Operation("parts"), lambda: native.parts(key, upload, marker=marker, limit=limit))

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        native = self._native(Multipart)
        return await self.around(Operation("uploads"), lambda: native.uploads(bucket, query))

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        native, operation = self._native(Multipart), Operation("complete_upload", harmless=False)
        return await self.around(
            operation, lambda: native.complete_upload(key, upload, parts, when=when, min_part=min_part)
        )

    async def abort_upload(self, key: Key, upload: str) -> None:
        native, operation = self._native(Multipart), Operation("abort_upload", harmless=False)
        await self.around(operation, lambda: native.abort_upload(key, upload))

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        native = self._native(Expiring)
        return await self.around(Operation("expired"), lambda: native.expired(until, after=after, limit=limit))

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        native = self._native(Parted)
        return await self.around(
            Operation("object_parts"), lambda: native.object_parts(key, version, marker=marker, limit=limit)
        )

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        native = self._native(Versions)
        return await self.around(Operation("set_versioning"), lambda: native.set_versioning(bucket, enabled=enabled))

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        native = self._native(Versions)
        return await self.around(Operation("versions"), lambda: native.versions(bucket, query))

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        native, operation = self._native(Versions), Operation("delete_versions", harmless=False)
        return await self.around(operation, lambda: native.delete_versions(bucket, refs))

    async def stand(self, key: Key, version: str) -> Meta:
        native = self._native(Standing)
        return await self.around(Operation("stand"), lambda: native.stand(key, version))

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        native, operation = self._native(Standing), Operation("withdraw", harmless=False)
        return await self.around(operation, lambda: native.withdraw(key, when))

    async def expunge(self, key: Key, version: str) -> Deleted:
        native, operation = self._native(Standing), Operation("expunge", harmless=False)
        return await self.around(operation, lambda: native.expunge(key, version))

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        native = self._native(Locks)
        return await self.around(Operation("set_lock"), lambda: native.set_lock(bucket, lock))

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        native = self._native(Locks)
        return await self.around(
            Operation("set_retention"), lambda: native.set_retention(key, retention, version, bypass=bypass)
        )

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        native = self._native(Locks)
        return await self.around(Operation("set_hold"), lambda: native.set_hold(key, version, held=held))

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        native, operation = self._native(Locks), Operation("delete_governed", harmless=False)
        return await self.around(operation, lambda: native.delete_governed(key, version, when))
