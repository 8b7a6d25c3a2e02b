"""Buckets and objects: the methods that every store has, and those that need no more than them."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.core import locks
from gateway.core.body import Body, Salvage
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.digest import composite_etag
from gateway.core.encryption import SEAL, refuse_sealed
from gateway.core.errors import NoSuchBucket, NotEmpty, StoreError
from gateway.core.listing import paginate
from gateway.core.ranges import Span, resolve
from gateway.core.store import Caps, Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.core.versions import VERSIONS_LEFT, Versioning
from gateway.stores.memory.bucket import Bucket, Buckets
from gateway.stores.memory.entry import Entry, EntryReader, Received, frozen, frozen_props, now, receive
from gateway.stores.memory.pending import kept


class Objects(Store):
    """Every write first takes in its body; the commit that follows checks and changes without an await between."""

    caps = Caps(durable=False, keeps=True)

    def __init__(self) -> None:
        self._buckets = Buckets()

    async def aclose(self) -> None:
        self._buckets = Buckets()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        def seek(start: str, included: bool) -> Iterator[BucketMeta]:
            rows = self._buckets.index.walk(start, included, query.reverse)
            return (row.meta for row in rows if owner in (None, row.owner))

        return paginate(seek, query)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        if self._buckets.find(name) is not None:
            return False
        user, system = frozen(props.user), frozen(props.system)
        bucket = Bucket(name=name, owner=props.owner, created=now(), user=user, system=system)
        if locks.OBJECT_LOCK in system:
            bucket.versioning = Versioning.ENABLED
        self._buckets.index.put(name, bucket)
        return True

    async def stat_bucket(self, name: str) -> BucketMeta:
        return self._buckets.get(name).meta

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        bucket = self._buckets.get(name)
        locks.check_change(change)
        bucket.user = frozen(change.apply_user(bucket.user))
        bucket.system = frozen(change.apply_system(bucket.system))
        return bucket.meta

    async def delete_bucket(self, name: str) -> None:
        bucket = self._buckets.get(name)
        if len(bucket.objects):
            raise NotEmpty
        if len(bucket.history):
            raise NotEmpty(VERSIONS_LEFT)
        self._buckets.index.pop(name)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        objects = self._buckets.get(bucket).objects

        def seek(start: str, included: bool) -> Iterator[Meta]:
            return (row.meta for row in objects.walk(start, included, query.reverse))

        return paginate(seek, query)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return self._readable(key, version, when).meta

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        entry = self._readable(key, version, when)
        yield EntryReader(entry, resolve(span, entry.meta.size))

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        check_stated(self._writable(key, opts.when), opts.props)  # spares a body that would be refused
        salvage = Salvage(body) if opts.keep and SEAL not in opts.props.system else None
        received = await receive(salvage or body, opts.checksums)
        if salvage is not None and salvage.error is not None:
            if received.size:
                pending = kept(key, received, opts)
                self._writable(key, ANY, opts.owner).uploads.put((key.name, pending.upload.id), pending)
                salvage.error.kept = pending.upload.id
            raise salvage.error
        return self._writable(key, opts.when, opts.owner).put(_created(key, received, opts))

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """`capabilities.Append`."""
        check_stated(self._writable(key, opts.when), opts.props)
        received = await receive(body, opts.checksums)
        bucket = self._writable(key, opts.when, opts.owner)
        found = bucket.standing(key.name)
        return bucket.put(_extended(found, received, opts) if found else _created(key, received, opts))

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        locks.check_change(change)
        entry = self._readable(key, version)
        check_write(change.when, entry.meta)
        modified = entry.meta.modified if change.modified is None else change.modified
        meta = replace(entry.meta, props=frozen_props(change.apply(entry.meta.props)), modified=modified)
        return self._buckets.holding(key).change(replace(entry, meta=meta))

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        entry = self._readable(source, opts.source_version, opts.source_when)
        bucket = self._writable(target, opts.when)
        if opts.props is not None:
            check_stated(bucket, opts.props)
        own = entry.meta.props
        props = locks.unlocked(own) if opts.props is None else opts.props.with_seal_of(own)
        meta = replace(entry.meta, key=target, modified=now(), props=frozen_props(props))
        return bucket.put(replace(entry, meta=meta))

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        if version is not None:
            return self._buckets.holding(key).delete_version(key.name, version, when)
        bucket = self._writable(key, when)
        existed = when.expires is not None or bucket.standing(key.name) is not None
        return replace(bucket.delete(key.name), existed=existed)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Batch`."""
        self._buckets.get(bucket)
        return [await self._delete_one(Key(bucket, name)) for name in names]

    async def _delete_one(self, key: Key) -> Deleted | StoreError:
        try:
            return await self.delete(key)
        except StoreError as error:
            return error

    def _readable(self, key: Key, version: str | None = None, when: When = ANY) -> Entry:
        """The object at `key`, if it may be read. Raises as `stat`."""
        entry = self._buckets.holding(key).entry(key.name, version)
        check_read(when, entry.meta)
        return entry

    def _writable(self, key: Key, when: When, owner: str | None = None) -> Bucket:
        """The bucket of `key`, if the object there may be replaced; `owner`: see `Put`.

        Raises `NoSuchBucket`, `ConditionFailed`.
        """
        bucket = self._buckets.holding(key)
        if owner not in (None, bucket.owner):
            raise NoSuchBucket
        check_write(when, bucket.find(key.name))
        return bucket


def check_stated(bucket: Bucket, props: Props) -> None:
    """Raises as `locks.check_stated`."""
    locks.check_stated(props, bucket.system, time.time_ns())


def _created(key: Key, received: Received, opts: Put) -> Entry:
    meta = Meta(
        key=key,
        size=received.size,
        etag=received.etag,
        modified=now() if opts.modified is None else opts.modified,
        props=frozen_props(opts.props),
        checksums=received.checksums,
    )
    return Entry(meta, received.chunks, (received.etag,))


def _extended(found: Entry, received: Received, opts: Put) -> Entry:
    """An object with more bytes at its end: put together, as from parts, of which no checksum is known."""
    refuse_sealed(found.meta.props.system)
    etags = (*found.etags, received.etag)
    meta = replace(
        found.meta,
        props=locks.unlocked(found.meta.props),
        size=found.meta.size + received.size,
        etag=composite_etag(etags),
        modified=now() if opts.modified is None else opts.modified,
        checksums={},
    )
    return Entry(meta, found.chunks + received.chunks, etags)
