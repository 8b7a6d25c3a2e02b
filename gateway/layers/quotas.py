"""Quotas of buckets and accounts, held whoever writes."""

import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from gateway.core import ops, quotas
from gateway.core.body import Body
from gateway.core.buckets import AccountMeta, BucketMeta
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import CustomerKey
from gateway.core.errors import QuotaExceeded
from gateway.core.quotas import UNLIMITED, Quota
from gateway.core.ranges import Span
from gateway.core.store import Caps, Store
from gateway.core.types import Copy, Key, Meta, PropsChange, Put
from gateway.core.uploads import Part, PartRef, Upload
from gateway.layers.known import Knowing

EXCEEDED = "Upload exceeds quota."


@dataclass(frozen=True, slots=True)
class _Limits:
    """A bucket's owner, its quota and his. `is_free`: there are none."""

    owner: str
    bucket: Quota
    account: Quota
    is_free: bool


class _Claim:
    """Room that a write has taken beforehand, in a bucket and in its owner's account."""

    def __init__(self, pending: Counter[str], scopes: Sequence[tuple[str, int | None]]) -> None:
        self._pending = pending
        self._scopes = scopes
        self._taken = 0

    def take(self, size: int) -> None:
        """Raises `QuotaExceeded` where there is no room for so many bytes more."""
        for scope, room in self._scopes:
            if room is not None and self._pending[scope] + size > room:
                raise QuotaExceeded(EXCEEDED)
        for scope, _ in self._scopes:
            self._pending[scope] += size
        self._taken += size

    def release(self) -> None:
        for scope, _ in self._scopes:
            self._pending[scope] -= self._taken
            if not self._pending[scope]:
                del self._pending[scope]


class _Measured(Body):
    """A body of unknown length that takes its room as it comes in."""

    def __init__(self, source: Body, claim: _Claim) -> None:
        self._source = source
        self._claim = claim

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._source.chunks()) as chunks:
            async for chunk in chunks:
                self._claim.take(len(chunk))
                yield chunk


class Quotas(Knowing[_Limits]):
    """Refuses what would not fit. As with Swift's, what a write replaces is not counted in its favour, and bytes of
    former versions are counted.

    Buckets and accounts without a quota, which are nearly all, cost a look into a table. What is under way counts, so
    that writes at once don't go over together. An upload in parts is held to its quotas part by part, and as a whole
    when it is completed.
    """

    def __init__(self, inner: Store, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(inner, self._limits, clock)
        self._caps: Caps | None = None
        self._pending: Counter[str] = Counter()

    @property
    def caps(self) -> Caps:  # type: ignore[override]
        if self._caps is None:
            self._caps = replace(self.inner.caps, quotas=True)
        return self._caps

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        if self._is_free(key.bucket):
            return await self.inner.put(key, body, opts)
        async with self._room(key.bucket, body.size or 0, 1) as claim:
            return await self.inner.put(key, _measured(body, claim), opts)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        async with self._room(key.bucket, body.size or 0, 0) as claim:
            return await super().append(key, _measured(body, claim), opts)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        if self._is_free(target.bucket):
            return await self.inner.copy(source, target, opts)
        found = await self.inner.stat(source, opts.source_version)
        async with self._room(target.bucket, found.size, 1):
            return await self.inner.copy(source, target, opts)

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        if source.bucket == target.bucket or self._is_free(target.bucket):
            return await super().rename(source, target, when=when, source_when=source_when)
        found = await self.inner.stat(source)
        async with self._room(target.bucket, found.size, 1):
            return await super().rename(source, target, when=when, source_when=source_when)

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        async with self._room(key.bucket, 0, 1):
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
        async with self._room(key.bucket, body.size or 0, 0) as claim:
            return await super().put_part(key, upload, number, _measured(body, claim), checksums, secret)

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
        async with self._room(key.bucket, 0, 0):
            return await super().copy_part(key, upload, number, source, span=span, version=version, when=when)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        if self._is_free(key.bucket):
            return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)
        size = await self._size(key, upload, {part.number for part in parts})
        async with self._room(key.bucket, size, 1):
            return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def stand(self, key: Key, version: str) -> Meta:
        async with self._room(key.bucket, 0, 1):
            return await super().stand(key, version)

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        found = await super().update_account(owner, change)
        self._known.forget()
        return found

    def _is_free(self, bucket: str) -> bool:
        known = self._known.at_hand(bucket)
        return known is not None and known.is_free

    @asynccontextmanager
    async def _room(self, bucket: str, size: int, objects: int) -> AsyncIterator[_Claim | None]:
        """Raises `QuotaExceeded`, and `NoSuchBucket` from the store. None: there are no quotas."""
        known = await self._known.of(bucket)
        if known.is_free:
            yield None
            return
        claim = _Claim(self._pending, await self._scopes(bucket, known, objects))
        claim.take(size)
        try:
            yield claim
        finally:
            claim.release()

    async def _limits(self, bucket: BucketMeta) -> _Limits:
        own, account = quotas.of_bucket(bucket), await self._account_quota(bucket.owner)
        return _Limits(bucket.owner, own, account, is_free=own == account == UNLIMITED)

    async def _account_quota(self, owner: str) -> Quota:
        accounts = find(self.inner, Accounts)
        return UNLIMITED if accounts is None else quotas.of_account(await accounts.stat_account(owner))

    async def _scopes(self, bucket: str, known: _Limits, objects: int) -> Sequence[tuple[str, int | None]]:
        """What is limited, and the bytes that are left there."""
        scopes: list[tuple[str, int | None]] = []
        if known.bucket != UNLIMITED:
            found = await ops.counted(self.inner, await self.inner.stat_bucket(bucket))
            scopes.append((f"bucket {bucket}", _left(known.bucket, found, objects)))
        if known.account != UNLIMITED:
            totals = await ops.stat_account(self.inner, known.owner)
            scopes.append((f"account {known.owner}", _left(known.account, totals, objects)))
        return scopes

    async def _size(self, key: Key, upload: str, numbers: set[int]) -> int:
        """The bytes of those parts of an upload."""
        native, size, marker = self._native(Multipart), 0, 0
        while True:
            page = await native.parts(key, upload, marker=marker)
            size += sum(part.size for part in page.items if part.number in numbers)
            if page.next is None:
                return size
            marker = int(page.next)


def _left(quota: Quota, found: BucketMeta | AccountMeta, objects: int) -> int | None:
    """The bytes that may be stored yet. Raises `QuotaExceeded` where there is no room for so many objects more."""
    if not quota.allows(0, found.objects + objects if objects else 0):
        raise QuotaExceeded(EXCEEDED)
    return None if quota.bytes is None else quota.bytes - found.used


def _measured(body: Body, claim: _Claim | None) -> Body:
    return body if claim is None or body.size is not None else _Measured(body, claim)
