"""Stores to measure others with."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from gateway.core.body import Body
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put


class Plain(Store):
    """A store with none of the optional capabilities, whatever the one inside has. `calls`: what was asked of it."""

    shields = True

    def __init__(self, inner: Store) -> None:
        self.inner: Store = inner
        self.caps = inner.caps
        self.calls: list[str] = []

    async def start(self) -> None:
        await self.inner.start()

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        self.calls.append("buckets")
        return await self.inner.buckets(query, owner)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        self.calls.append("create_bucket")
        return await self.inner.create_bucket(name, props)

    async def stat_bucket(self, name: str) -> BucketMeta:
        self.calls.append("stat_bucket")
        return await self.inner.stat_bucket(name)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        self.calls.append("update_bucket")
        return await self.inner.update_bucket(name, change)

    async def delete_bucket(self, name: str) -> None:
        self.calls.append("delete_bucket")
        await self.inner.delete_bucket(name)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        self.calls.append("list")
        return await self.inner.list(bucket, query)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        self.calls.append("stat")
        return await self.inner.stat(key, version, when)

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        self.calls.append("open")
        return self.inner.open(key, span=span, version=version, when=when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        self.calls.append("put")
        return await self.inner.put(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        self.calls.append("update")
        return await self.inner.update(key, change, version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        self.calls.append("copy")
        return await self.inner.copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        self.calls.append("delete")
        return await self.inner.delete(key, version, when)


def names_of(rows: Sequence[Meta | Prefix]) -> tuple[str, ...]:
    return tuple(row.name for row in rows)
