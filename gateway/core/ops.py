"""Operations that a store may have natively, and what is done, safely, where it hasn't."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace

from gateway.core.body import Body, StreamBody
from gateway.core.buckets import AccountMeta, BucketMeta
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.conditions import ABSENT, ANY, ANYTHING, When, check_write
from gateway.core.errors import (
    AlreadyExists,
    ConditionFailed,
    InvalidName,
    NoSuchKey,
    NotFound,
    StoreError,
    Unsupported,
)
from gateway.core.locks import unlocked
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.versions import Version, VersionQuery, VersionRef

PAGE = 1000
MAX_COUNTED = 10_000
"""Objects of a bucket that are counted where the store does not keep count."""


async def each_bucket(store: Store, owner: str | None = None) -> AsyncIterator[BucketMeta]:
    """All buckets, page by page."""
    query = ListQuery(limit=PAGE)
    while True:
        page = await store.buckets(query, owner)
        for item in page.items:
            if isinstance(item, BucketMeta):
                yield item
        if page.next is None:
            return
        query = ListQuery(limit=PAGE, marker=page.next)


async def each(store: Store, bucket: str, prefix: str = "", delimiter: str = "") -> AsyncGenerator[Meta | Prefix, None]:
    """All rows of a listing, page by page; memory holds one page."""
    marker = ""
    while True:
        page = await store.list(bucket, ListQuery(prefix=prefix, delimiter=delimiter, marker=marker, limit=PAGE))
        for item in page.items:
            yield item
        if page.next is None:
            return
        marker = page.next


async def counted(store: Store, bucket: BucketMeta) -> BucketMeta:
    """A bucket with its counters; where the store keeps none, by a listing of up to `MAX_COUNTED` objects.

    Of a bucket that holds more, the counters then say how much that many are: they are a lower bound.
    """
    if store.caps.counters:
        return bucket
    objects = size = 0
    async with aclosing(each(store, bucket.name)) as rows:
        async for row in rows:
            if isinstance(row, Meta):
                objects += 1
                size += row.size
            if objects == MAX_COUNTED:
                break
    return replace(bucket, objects=objects, bytes=size)


async def stat_account(store: Store, owner: str) -> AccountMeta:
    """Totals of an account, added up bucket by bucket where the store doesn't keep them."""
    if accounts := find(store, Accounts):
        return await accounts.stat_account(owner)
    buckets = objects = size = former = 0
    async for bucket in each_bucket(store, owner):
        buckets += 1
        objects += bucket.objects
        size += bucket.bytes
        former += bucket.former
    return AccountMeta(name=owner, buckets=buckets, objects=objects, bytes=size, former=former)


async def update_account(store: Store, owner: str, change: PropsChange) -> AccountMeta:
    """Raises `Unsupported` where the store keeps no properties of accounts."""
    if accounts := find(store, Accounts):
        return await accounts.update_account(owner, change)
    raise Unsupported("This store keeps no metadata of accounts")


async def create_account(store: Store, owner: str, change: PropsChange) -> bool:
    """Raises `Unsupported` where the store keeps no accounts."""
    return await _roster(store).create_account(owner, change)


async def delete_account(store: Store, owner: str) -> None:
    """Raises `NoSuchAccount`, `NotEmpty`, and `Unsupported` where the store keeps no accounts."""
    await _roster(store).delete_account(owner)


def _roster(store: Store) -> Roster:
    if roster := find(store, Roster):
        return roster
    raise Unsupported("The store behind this namespace keeps no accounts beside those of the configuration")


async def recount(store: Store, bucket: str) -> BucketMeta:
    """Repair a bucket's counters. Where they can't be wrong, or are not the store's, they are told as they are."""
    if native := find(store, Recount):
        return await native.recount(bucket)
    return await counted(store, await store.stat_bucket(bucket))


async def delete_many(store: Store, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
    """Remove objects; for each name what was done, or the error that it met. Raises `NoSuchBucket`."""
    if batch := find(store, Batch):
        return await batch.delete_many(bucket, names)
    await store.stat_bucket(bucket)
    return [await _delete_one(store, Key(bucket, name)) for name in names]


async def _delete_one(store: Store, key: Key, version: str | None = None) -> Deleted | StoreError:
    try:
        return await store.delete(key, version)
    except StoreError as error:
        return error


async def set_versioning(store: Store, bucket: str, *, enabled: bool) -> BucketMeta:
    """Raises `NoSuchBucket`, and `Unsupported` where the store keeps no versions."""
    if native := find(store, Versions):
        return await native.set_versioning(bucket, enabled=enabled)
    raise Unsupported("The store behind this bucket keeps no versions of objects")


async def versions(store: Store, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
    """One page of versions. Where the store keeps none, what stands is the only version of each name."""
    if native := find(store, Versions):
        return await native.versions(bucket, query)
    return await standing_versions(store, bucket, query)


async def standing_versions(store: Store, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
    """One page of the versions of a bucket that keeps none: what stands."""
    names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
    page = await store.list(bucket, names)
    rows = [Version(meta=row, latest=True) if isinstance(row, Meta) else row for row in page.items]
    return Page(tuple(rows), page.next)


async def delete_versions(store: Store, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
    """Remove versions; for each what was done, or the error that it met. Raises `NoSuchBucket`."""
    if native := find(store, Versions):
        return await native.delete_versions(bucket, refs)
    await store.stat_bucket(bucket)
    return [await _delete_one(store, Key(bucket, ref.name), ref.version) for ref in refs]


async def stand(store: Store, key: Key, version: str) -> Meta:
    """Have a version with an id stand; without `Standing` a copy of it does. Raises as `Store.stat`."""
    if native := find(store, Standing):
        return await native.stand(key, version)
    return await store.copy(key, key, Copy(source_version=version))


async def withdraw(store: Store, key: Key, when: When = ANY) -> Deleted:
    """Have nothing stand; without `Standing` a delete marker tells so. Raises as `Store.delete`."""
    if native := find(store, Standing):
        return await native.withdraw(key, when)
    try:
        return await store.delete(key, when=When(if_match=(ANYTHING,)) if when is ANY else when)
    except ConditionFailed:
        if when is ANY:
            return Deleted(False)
        raise


async def expunge(store: Store, key: Key, version: str) -> Deleted:
    """`Store.delete` of a version; what stands afterwards in its place depends on the store (`Standing`)."""
    if native := find(store, Standing):
        return await native.expunge(key, version)
    return await store.delete(key, version)


def locks_of(store: Store) -> Locks:
    """Raises `Unsupported` where the store can't lock versions."""
    if native := find(store, Locks):
        return native
    raise Unsupported("The store behind this bucket can't lock versions of objects")


async def append(store: Store, key: Key, body: Body, opts: Put) -> Meta:
    """Add to the end of an object, or create it. Without `Append` the object is written anew."""
    if native := find(store, Append):
        return await native.append(key, body, opts)
    return await append_anew(store, key, body, opts)


async def append_anew(store: Store, key: Key, body: Body, opts: Put) -> Meta:
    """Add to the end of an object by one atomic put of all its bytes, or create it.

    A writer that changes the object meanwhile makes it fail (`ConditionFailed`): nothing of either is lost.
    """
    try:
        found = await store.stat(key)
    except NoSuchKey:
        absent = replace(opts.when, if_none_match=ABSENT.if_none_match)
        return await store.put(key, body, replace(opts, when=absent))
    check_write(opts.when, found)
    size = None if body.size is None else found.size + body.size
    unchanged = replace(opts, props=unlocked(found.props), when=_same(found))
    return await store.put(key, StreamBody(joined(store, found, body), size), unchanged)


async def joined(store: Store, found: Meta, body: Body) -> AsyncGenerator[bytes, None]:
    """The bytes of an object, if it still is the one that was found, and those of `body` behind them."""
    async with store.open(found.key, when=_same(found)) as reader:
        async for chunk in reader.chunks():
            yield chunk
    async with aclosing(body.chunks()) as chunks:
        async for chunk in chunks:
            yield chunk


async def rename(store: Store, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
    """Rename an object. Without `Rename` it is copied, then the source deleted if it still is what was copied."""
    if native := find(store, Rename):
        return await native.rename(source, target, when=when, source_when=source_when)
    return await rename_anew(store, source, target, when=when, source_when=source_when)


async def rename_anew(store: Store, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
    """Rename an object by a copy of it and a delete."""
    found = await store.stat(source, when=source_when)
    if source == target:
        check_write(when, found)
        return found
    meta = await store.copy(source, target, Copy(when=when, source_when=_same(found)))
    await _delete_same(store, found)
    return meta


async def rename_prefix(store: Store, source: Key, target: Key) -> int:
    """Rename all objects below a prefix. Raises as `Rename.rename_prefix`."""
    if native := find(store, Rename):
        return await native.rename_prefix(source, target)
    return await rename_prefix_anew(store, source, target)


async def rename_prefix_anew(store: Store, source: Key, target: Key) -> int:
    """Rename all objects below a prefix: all are copied first, then the sources deleted.

    A failure while copying removes the copies; afterwards the tree stands whole under at least one of the names.
    """
    if target.bucket == source.bucket and target.name.startswith(source.name):
        raise InvalidName("A prefix can't be renamed to one inside of itself")
    if await _any(store, target):
        raise AlreadyExists
    sources: list[Meta] = []
    copies: list[Meta] = []
    try:
        async for found in _objects(store, source):
            sources.append(found)
            key = Key(target.bucket, target.name + found.name.removeprefix(source.name))
            copies.append(replace(found, key=key))
            try:
                copies[-1] = await store.copy(found.key, key, Copy(when=ABSENT, source_when=_same(found)))
            except NoSuchKey:  # listings still show what has vanished
                sources.pop()
                copies.pop()
    except BaseException:
        for copy in copies:
            await _delete_same(store, copy)
        raise
    if not sources:
        raise NoSuchKey
    for found in sources:
        await _delete_same(store, found)
    return len(sources)


def _same(found: Meta) -> When:
    return When(if_match=(found.etag,))


async def _delete_same(store: Store, found: Meta) -> None:
    """Delete what was copied; what was written over it since belongs to another writer and stays."""
    with suppress(ConditionFailed):
        await store.delete(found.key, when=_same(found))


async def _any(store: Store, prefix: Key) -> bool:
    return bool((await store.list(prefix.bucket, ListQuery(prefix=prefix.name, limit=1))).items)


async def _objects(store: Store, prefix: Key) -> AsyncIterator[Meta]:
    async for item in each(store, prefix.bucket, prefix.name):
        if isinstance(item, Meta):
            yield item


async def exists(store: Store, key: Key) -> bool:
    """Whether an object of that exact name stands."""
    try:
        await store.stat(key)
    except NotFound:
        return False
    return True
