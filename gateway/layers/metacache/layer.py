"""The layer that answers from the cache, and tells it of writes."""

import logging
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from gateway.cache.entries import Entries
from gateway.cache.near import Near
from gateway.cache.sights import Name
from gateway.core.body import Body
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.capabilities.listings import Glance
from gateway.core.conditions import ANY, When, check_read
from gateway.core.context import current
from gateway.core.errors import DeleteMarker, NoSuchBucket, NoSuchKey, NotFound, StoreError
from gateway.core.expiry import has_vanished
from gateway.core.locks import BucketLock, Retention
from gateway.core.paths import SEPARATOR
from gateway.core.segments import Base, Kept
from gateway.core.store import Store
from gateway.core.tasks import Shared, wholly
from gateway.core.tree import PAGE
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import VersionRef
from gateway.layers.layer import Layer
from gateway.layers.metacache.telling import Telling
from gateway.layers.packing import Answer, Unreadable, pack, unpack

logger = logging.getLogger("portico.metacache")

T = TypeVar("T", bound=Answer)

Fetch = Callable[[], Coroutine[Any, Any, T]]


@dataclass(frozen=True, slots=True)
class View:
    """What one caller sees of an account of the namespace: writes of any caller make the entries of all of that account
    worthless, and nobody gets an entry of another caller. `scope` names the caller.
    """

    account: str
    scope: Name


class MetaCache(Layer):
    """Answers `stat`, `stat_bucket`, `list` and `buckets` from the cache where it holds the present truth.

    A bucket is a group of entries; so are the buckets of the namespace. Every write replaces the generations of what
    it touched, after its commit and before it is acknowledged. Where the cache can't be told, this replica passes it by
    for as long as entries live, and goes on trying; others may see the old state for no longer than that.

    `near`, which layers may share, holds answers of this process. With a `view`, the entries are one caller's alone.
    """

    shields = True

    def __init__(
        self, inner: Store, entries: Entries, namespace: str, near: Near[Answer] | None = None, view: View | None = None
    ) -> None:
        super().__init__(inner)
        self._entries = entries
        self._near: Near[Answer] = Near() if near is None else near
        self._root: Name = (namespace,) if view is None else (namespace, "callers", view.account)
        self._scope: Name = () if view is None else view.scope
        self._fetching: Shared[Answer] = Shared()
        self._telling = Telling(entries)

    def offers(self, capability: type) -> bool:
        return capability is Glance or super().offers(capability)

    async def aclose(self) -> None:
        await self._telling.aclose()
        await self._fetching.aclose()
        await self.inner.aclose()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        name = ("buckets", repr(owner), repr(query), *self._scope)
        return await self._cached(self._root, name, lambda: self.inner.buckets(query, owner))

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self._cached(self._bucket(name), ("bucket", *self._scope), lambda: self.inner.stat_bucket(name))

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await self._cached(self._bucket(bucket), self._listing(query), lambda: self.inner.list(bucket, query))

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        if version is not None:
            return await self.inner.stat(key, version, when)
        name = ("stat", key.name, *self._scope)
        meta = await self._cached(self._bucket(key.bucket), name, lambda: self.inner.stat(key))
        if has_vanished(meta.expires):
            raise NoSuchKey
        check_read(when, meta)
        return meta

    async def glance(self, key: Key) -> Meta | None:
        """`capabilities.Glance`: from the listing of the directory of the object, if this process holds it."""
        group = self._bucket(key.bucket)
        directory = key.name[: key.name.rfind(SEPARATOR) + 1]
        first = query = ListQuery(prefix=directory, delimiter=SEPARATOR, limit=PAGE)
        generation: bytes | None = None
        while (held := self._near.get((group, name := self._listing(query)))) and not self._telling.owes(group):
            if generation is None:
                generation = (await self._entries.get(group, name, held.generation, current().began)).generation
            page = held.answer
            if held.generation != generation or not isinstance(page, Page):
                return None
            row = _row(page, key.name)
            if isinstance(row, Meta):
                return row
            if page.next is None or key.name <= page.next:
                if query is first and page.next is None and _row(page, key.name + SEPARATOR) is None:
                    raise NoSuchKey
                return None
            query = replace(query, marker=page.next)
        return None

    async def _cached(self, group: Name, name: Name, fetch: Fetch[T]) -> T:
        if self._telling.owes(group):
            return await fetch()
        held = self._near.get((group, name))
        found = await self._entries.get(group, name, None if held is None else held.generation, current().began)
        if found.generation is None:
            return await fetch()
        if held is not None and held.generation == found.generation:
            return _given(cast(T | NotFound, held.answer))
        if found.payload is not None:
            try:
                answer = unpack(found.payload)
            except Unreadable:
                logger.warning("an entry of the cache is not readable; fetched anew")
            else:
                self._near.keep((group, name), found.generation, answer, len(found.payload), found.life)
                return _given(cast(T | NotFound, answer))
        fetched = await self._fetched(group, name, found.generation, fetch)
        return _given(cast(T | NotFound, fetched))

    async def _fetched(self, group: Name, name: Name, generation: bytes, fetch: Fetch[T]) -> Answer:
        """Fetch once for all who ask in the same generation."""
        flight = group, name, generation
        return await self._fetching.result(flight, lambda: self._fetch(group, name, generation, fetch))

    async def _fetch(self, group: Name, name: Name, generation: bytes, fetch: Fetch[T]) -> Answer:
        answer: Answer
        try:
            answer = await fetch()
        except DeleteMarker:  # it tells more than that nothing is there
            raise
        except (NoSuchKey, NoSuchBucket) as absent:
            answer = type(absent)()  # without the frames that this one was raised through
        packed = pack(answer)
        self._near.keep((group, name), generation, answer, len(packed), self._entries.ttl)
        await self._entries.put(group, name, generation, packed)
        return answer

    def _bucket(self, name: str) -> Name:
        return (*self._root, name)

    def _listing(self, query: ListQuery) -> Name:
        return ("list", repr(query), *self._scope)

    @asynccontextmanager
    async def _writing(self, *buckets: str) -> AsyncIterator[None]:
        """Around a write to `buckets`: replaces generations however it ends, since what failed may have happened."""
        try:
            yield
        finally:
            await wholly(self._telling.tell({self._root, *map(self._bucket, buckets)}))

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        async with self._writing(name):
            return await self.inner.create_bucket(name, props)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        async with self._writing(name):
            return await self.inner.update_bucket(name, change)

    async def delete_bucket(self, name: str) -> None:
        async with self._writing(name):
            await self.inner.delete_bucket(name)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        async with self._writing(key.bucket):
            return await self.inner.put(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        async with self._writing(key.bucket):
            return await self.inner.update(key, change, version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        async with self._writing(target.bucket):
            return await self.inner.copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        async with self._writing(key.bucket):
            return await self.inner.delete(key, version, when)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        async with self._writing(bucket):
            return await super().delete_many(bucket, names)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        async with self._writing(key.bucket):
            return await super().append(key, body, opts)

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        async with self._writing(kept.key.bucket):
            return await super().resume_kept(kept, body, opts, base)

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        async with self._writing(source.bucket, target.bucket):
            return await super().rename(source, target, when=when, source_when=source_when)

    async def rename_prefix(self, source: Key, target: Key) -> int:
        async with self._writing(source.bucket, target.bucket):
            return await super().rename_prefix(source, target)

    async def rename_bucket(self, source: str, target: str) -> None:
        async with self._writing(source, target):
            await super().rename_bucket(source, target)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        async with self._writing(key.bucket):
            return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def recount(self, bucket: str) -> BucketMeta:
        async with self._writing(bucket):
            return await super().recount(bucket)

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        async with self._writing(bucket):
            return await super().set_versioning(bucket, enabled=enabled)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        async with self._writing(bucket):
            return await super().delete_versions(bucket, refs)

    async def stand(self, key: Key, version: str) -> Meta:
        async with self._writing(key.bucket):
            return await super().stand(key, version)

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        async with self._writing(key.bucket):
            return await super().withdraw(key, when)

    async def expunge(self, key: Key, version: str) -> Deleted:
        async with self._writing(key.bucket):
            return await super().expunge(key, version)

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        async with self._writing(bucket):
            return await super().set_lock(bucket, lock)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        async with self._writing(key.bucket):
            return await super().set_retention(key, retention, version, bypass=bypass)

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        async with self._writing(key.bucket):
            return await super().set_hold(key, version, held=held)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        async with self._writing(key.bucket):
            return await super().delete_governed(key, version, when)


def _row(page: Page[Meta | Prefix] | Page[BucketMeta | Prefix], name: str) -> Meta | BucketMeta | Prefix | None:
    rows: Sequence[Meta | BucketMeta | Prefix] = page.items
    place = bisect_left(rows, name, key=lambda row: row.name)
    return rows[place] if place < len(rows) and rows[place].name == name else None


def _given(answer: T | NotFound) -> T:
    if isinstance(answer, NotFound):
        raise type(answer)
    return answer
