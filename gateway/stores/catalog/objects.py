"""Objects: the methods of `Store` that are about them."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TypeVar

from gateway.core import locks
from gateway.core.body import Body, Salvage
from gateway.core.capabilities.listings import Row
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.digest import composite_etag
from gateway.core.encryption import SEAL, refuse_sealed
from gateway.core.errors import IncompleteBody, StoreError, TooLarge
from gateway.core.names import check_bucket, check_key, checked_key
from gateway.core.ranges import Extent, Span, resolve
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.draft import MAX_OBJECT
from gateway.stores.catalog.engine import Engine, Part
from gateway.stores.catalog.reader import ContentReader, InlineReader, Layout, SegmentReader
from gateway.stores.catalog.stored import Received
from gateway.stores.catalog.tables import buckets, contents, extents, history, listing, objects, uploads
from gateway.stores.catalog.tables.objects import Opened

T = TypeVar("T")

FEW = 4
"""Up to so many rows are listed at once, as for the question whether a directory is empty."""


class Objects(Part):
    """Every write first takes in its body, and then does all the rest in one transaction."""

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        check_bucket(bucket)
        readers, page = self._engine.readers, partial(listing.page, bucket=bucket, query=query)
        return readers.together(page) if query.limit <= FEW else await readers.away(page)

    async def render(self, bucket: str, query: ListQuery, form: Callable[[Page[Row | Prefix]], T]) -> T:
        """`capabilities.Rendering`."""
        check_bucket(bucket)
        readers = self._engine.readers

        def work(db: Connection) -> T:
            return form(listing.rows(db, bucket, query))

        return readers.together(work) if query.limit <= FEW else await readers.away(work)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        readers = self._engine.readers
        if version is None:
            found = readers.here(partial(objects.find, key=checked_key(key)))
        else:
            found = readers.together(partial(history.find, key=checked_key(key), version=version))
        check_read(when, found.meta)
        return found.meta

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[ContentReader]:
        return _Opening(self._engine, key, span, version, when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        self._refuse_early(key, opts)
        engine = self._engine
        salvage = Salvage(body) if opts.keep and SEAL not in opts.props.system else None
        received = await engine.receive(salvage or body, opts.checksums)
        if salvage is not None and salvage.error is not None:
            await self._keep(key, received, opts, salvage.error)
            raise salvage.error

        def work(db: Connection) -> Meta:
            place = objects.place(db, key, opts.when, opts.owner)
            meta = _created(key, received, opts)
            return history.put(db, place, contents.create(db, received.stored), meta)

        return await engine.commit(received, work, (key,))

    async def _keep(self, key: Key, received: Received, opts: Put, error: IncompleteBody) -> None:
        """Make an upload of what came of a body that broke by `error`, if that can be done."""
        if not received.size:
            return

        def work(db: Connection) -> str:
            objects.place(db, key, ANY, opts.owner)
            return uploads.keep(db, key, opts, received)

        with suppress(StoreError):
            error.kept = await self._engine.commit(received, work, ())

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """`capabilities.Append`."""
        self._refuse_early(key, opts)
        engine = self._engine
        received = await engine.receive(body, opts.checksums)

        def work(db: Connection) -> Meta:
            place = objects.place(db, key, opts.when, opts.owner)
            if place.standing is None or place.standing.has_vanished:
                return history.put(db, place, contents.create(db, received.stored), _created(key, received, opts))
            meta = _extended(objects.find(db, key).meta, received, opts)
            if meta.size > MAX_OBJECT:
                raise TooLarge
            content = extents.extend(
                db,
                place.standing.content,
                received.stored,
                engine.volume.ids,
                engine.settings.inline_max,
                kept=history.keeps(place),
            )
            return history.put(db, place, content, meta)

        # Where versions are kept, an object of many parts has as many rows copied.
        return await engine.commit(received, work, (key,), brief=False)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        checked_key(key)
        locks.check_change(change)

        def work(db: Connection) -> Meta:
            found = history.find(db, key, version)
            check_write(change.when, found.meta)
            modified = found.meta.modified if change.modified is None else change.modified
            meta = replace(found.meta, props=change.apply(found.meta.props), modified=modified)
            return history.update(db, found, meta)

        return await self._engine.writer.run(work, (key,), brief=True)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        checked_key(source)
        checked_key(target)
        if opts.props is not None:
            self._check_stated(target.bucket, opts.props)

        def work(db: Connection) -> Meta:
            found = history.find(db, source, opts.source_version)
            check_read(opts.source_when, found.meta)
            place = objects.place(db, target, opts.when)
            own = found.meta.props
            props = locks.unlocked(own) if opts.props is None else opts.props.with_seal_of(own)
            contents.share(db, found.content)
            meta = replace(found.meta, key=target, modified=time.time_ns(), props=props)
            return history.put(db, place, found.content, meta)

        return await self._engine.writer.run(work, (target,), brief=True)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        delete = history.delete if version is None else partial(history.delete_version, version=version)
        return await self._engine.writer.run(partial(delete, key=checked_key(key), when=when), (key,), brief=True)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Batch`."""
        check_bucket(bucket)
        keys = [Key(bucket, name) for name in names]

        def work(db: Connection) -> Sequence[Deleted | StoreError]:
            buckets.identify(db, bucket)
            return [delete_one(db, key) for key in keys]

        return await self._engine.writer.run(work, keys)

    def _refuse_early(self, key: Key, opts: Put) -> None:
        """Spare a body that would be refused.

        Raises `InvalidName`, `NoSuchBucket`, `ConditionFailed`, and as `locks.check_stated`.
        """
        checked_key(key)
        self._check_stated(key.bucket, opts.props)
        if opts.when is not ANY:
            self._engine.readers.here(partial(objects.place, key=key, when=opts.when))

    def _check_stated(self, bucket: str, props: Props) -> None:
        """Raises `NoSuchBucket`, and as `locks.check_stated`."""
        found = self._engine.known.find(bucket)
        if props.system:
            locks.check_stated(props, found.system, time.time_ns())


class _Opening:
    """An object from its look-up to its end. What lies inline has none: a generator would cost more than the row."""

    __slots__ = ("_engine", "_key", "_segments", "_span", "_version", "_when")

    def __init__(self, engine: Engine, key: Key, span: Span | None, version: str | None, when: When) -> None:
        self._engine = engine
        self._key = key
        self._span = span
        self._version = version
        self._when = when
        self._segments: AbstractAsyncContextManager[ContentReader] | None = None

    async def __aenter__(self) -> ContentReader:
        found = self._engine.recent.open(self._key) if self._version is None else self._old(self._version)
        meta = found.meta
        check_read(self._when, meta)
        extent = resolve(self._span, meta.size)
        if found.data is not None:
            return InlineReader(meta, extent, found.data)
        self._segments = _segments(self._engine, found, extent)
        return await self._segments.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return None if self._segments is None else await self._segments.__aexit__(kind, error, trace)

    def _old(self, version: str) -> Opened:
        find = partial(history.find_open, key=checked_key(self._key), version=version)
        return self._engine.readers.together(find)


@asynccontextmanager
async def _segments(engine: Engine, found: Opened, extent: Extent) -> AsyncIterator[ContentReader]:
    with engine.pins.hold(found.content):
        layout = Layout(engine.readers, found.content)
        async with SegmentReader(found.meta, extent, engine.volume, layout, mixed=found.mixed) as reader:
            yield reader


def delete_one(db: Connection, key: Key, version: str | None = None) -> Deleted | StoreError:
    """What was done of one of many, or refused."""
    try:
        check_key(key.name)
        return history.delete(db, key) if version is None else history.delete_version(db, key, version)
    except StoreError as error:
        return error


def _created(key: Key, received: Received, opts: Put) -> Meta:
    return Meta(
        key=key,
        size=received.size,
        etag=received.etag,
        modified=time.time_ns() if opts.modified is None else opts.modified,
        props=opts.props,
        checksums=received.checksums,
    )


def _extended(found: Meta, received: Received, opts: Put) -> Meta:
    """An object with more bytes at its end: put together of what stood and what came, whose checksums are not known."""
    refuse_sealed(found.props.system)
    return replace(
        found,
        props=locks.unlocked(found.props),
        size=found.size + received.size,
        etag=composite_etag((found.etag, received.etag)),
        modified=time.time_ns() if opts.modified is None else opts.modified,
        checksums={},
    )
