"""Objects: reading, writing, changing and copying them."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from time import time_ns
from typing import TypeVar

import msgspec

from gateway.core import locks
from gateway.core.body import Body, CheckedBody, checked
from gateway.core.capabilities.listings import Row
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.digest import Algorithm, composite_etag
from gateway.core.errors import NoSuchKey, NoSuchVersion, Unavailable
from gateway.core.expiry import has_vanished
from gateway.core.ranges import Span, resolve
from gateway.core.store import Reader
from gateway.core.types import Copy, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.versions import stands
from gateway.stores.directory import system
from gateway.stores.directory.bucket import Bucket, File
from gateway.stores.directory.buckets import Buckets
from gateway.stores.directory.describing import set_time, told
from gateway.stores.directory.draft import Draft
from gateway.stores.directory.intake import Received, drafted, received, take_in
from gateway.stores.directory.listing import page_of
from gateway.stores.directory.names import Place, Unholdable, place
from gateway.stores.directory.reader import FileReader
from gateway.stores.directory.records import Kind, Record, stated

T = TypeVar("T")

NO_BYTES = "This store keeps files: a name that ends with a slash is a directory's, which holds no bytes"


class Objects(Buckets):
    """Bodies come in first, into drafts; the commit that follows is one step in a thread."""

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await self._reading.run(self._list, bucket, query)

    async def render(self, bucket: str, query: ListQuery, form: Callable[[Page[Row | Prefix]], T]) -> T:
        """`capabilities.Rendering`."""
        return await self._reading.run(lambda: form(self._list(bucket, query)))

    def _list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        with self._site.bucket(bucket) as opened:
            return page_of(opened, query, self._writing.describing)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return await self._reading.run(self._stat, key, version, when)

    def _stat(self, key: Key, version: str | None, when: When) -> Meta:
        with self._site.bucket(key.bucket) as bucket, self._standing(bucket, key, version) as file:
            return self._readable(bucket, key, file, when)

    @contextmanager
    def _standing(self, bucket: Bucket, key: Key, version: str | None) -> Iterator[File]:
        """An object, open. Raises `NoSuchKey`, `NoSuchVersion`."""
        with bucket.opened(readable(key)) as file:
            if file is None or not stands(version):
                raise NoSuchKey if version is None else NoSuchVersion
            if file.record is not None and has_vanished(file.record.expires):
                raise NoSuchKey
            yield file

    def _readable(self, bucket: Bucket, key: Key, file: File, when: When) -> Meta:
        """What is told of an object, if it may be read. Raises `ConditionFailed`, `NotModified`."""
        meta = self._writing.describing.describe(bucket, key.name, file)
        check_read(when, meta)
        return meta

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        reader = await self._reading.gain(lambda: self._open(key, span, version, when), FileReader.close)
        try:
            yield reader
        finally:
            reader.close()

    def _open(self, key: Key, span: Span | None, version: str | None, when: When) -> FileReader:
        bucket = self._site.open_bucket(key.bucket)
        try:
            with self._standing(bucket, key, version) as file:
                meta = self._readable(bucket, key, file, when)
                reader = FileReader(meta, resolve(span, meta.size), bucket, file, self._reading)
        except BaseException:
            bucket.close()
            raise
        try:
            reader.load()
        except BaseException:
            reader.close()
            raise
        return reader

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        where = place(key.name)
        stage = checked(body, {Algorithm.MD5, *opts.checksums})
        if where.is_directory:
            return await self._put_directory(key, where, stage, opts)

        def finish(draft: Draft) -> Meta:
            record = draft.seal(created(received(stage, opts.checksums), opts))
            self._writing.commit(key, where, draft, opts.when, opts.owner)
            return told(key, record)

        return await take_in(stage, lambda: self._writable(key, where, opts.when), finish, self._threads)

    def _writable(self, key: Key, where: Place, when: When) -> Bucket:
        """The bucket of a key, if what stands may be replaced, which spares a body that would be refused."""
        bucket = self._site.open_bucket(key.bucket)
        try:
            self._writing.check(bucket, key.name, where, when)
        except BaseException:
            bucket.close()
            raise
        return bucket

    async def _put_directory(self, key: Key, where: Place, stage: CheckedBody, opts: Put) -> Meta:
        if stage.size:
            raise Unholdable(NO_BYTES)
        async with aclosing(stage.chunks()) as blocks:
            async for _ in blocks:
                raise Unholdable(NO_BYTES)
        record = created(received(stage, opts.checksums), opts)
        return await self._threads.run(self._make_directory, key, where, record, opts.when, opts.owner)

    def _make_directory(self, key: Key, where: Place, record: Record, when: When, owner: str | None = None) -> Meta:
        marker = msgspec.structs.replace(record, kind=Kind.DIRECTORY)
        with self._writing.held(key, owner) as bucket:
            self._writing.make_marker(bucket, key, where, marker, when)
        return told(key, marker)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """`capabilities.Append`. The kernel copies the old bytes, or shares them where the file system can."""
        where = place(key.name)
        if where.is_directory:
            raise Unholdable(NO_BYTES)
        stage = checked(body, {Algorithm.MD5, *opts.checksums})

        def finish(tail: Draft) -> Meta:
            return self._append(key, where, tail, received(stage, opts.checksums), opts)

        return await take_in(stage, lambda: self._writable(key, where, opts.when), finish, self._threads)

    def _append(self, key: Key, where: Place, tail: Draft, added: Received, opts: Put) -> Meta:
        with self._writing.held(key, opts.owner) as bucket, bucket.opened(where) as file:
            found = self._writing.meta(bucket, key.name, file)
            check_write(opts.when, found)
            if file is None or found is None or has_vanished(found.expires):
                record = tail.seal(created(added, opts))
                self._writing.publish(bucket, key, where, tail, opts.when)
                return told(key, record)
            draft = drafted(self._site.open_bucket(key.bucket))
            try:
                duplicate(file, draft)
                system.copy(tail.descriptor, 0, added.size, draft.descriptor)
                record = draft.seal(extended(found, added, opts))
                self._writing.publish(bucket, key, where, draft, opts.when)
            finally:
                draft.discard()
            return told(key, record)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        return await self._threads.run(self._update, key, change, version)

    def _update(self, key: Key, change: PropsChange, version: str | None) -> Meta:
        with self._writing.held(key) as bucket, self._standing(bucket, key, version) as file:
            meta = self._writing.describing.describe(bucket, key.name, file, remember=False)
            check_write(change.when, meta)
            modified = meta.modified if change.modified is None else change.modified
            changed = replace(meta, props=change.apply(meta.props), modified=modified)
            self._keep(bucket, file, changed)
            return changed

    def _keep(self, bucket: Bucket, file: File, changed: Meta) -> None:
        """Keep what is new of an object whose bytes stay as they are."""
        record = remembered(changed, Kind.DIRECTORY if file.is_folder else Kind.FILE).stamped(file.found)
        bucket.keeper.save(file.descriptor, record)
        if not file.is_folder and changed.modified != file.found.st_mtime_ns:
            set_time(file.descriptor, changed.modified)
            bucket.keeper.save(file.descriptor, record.stamped(os.fstat(file.descriptor)))
        bucket.hidden.sync(file.descriptor)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        return await self._threads.run(self._copy, source, target, opts)

    def _copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        where = place(target.name)
        if source == target:
            return self._copy_onto_itself(source, opts)
        with self._site.bucket(source.bucket) as bucket, self._standing(bucket, source, opts.source_version) as file:
            found = self._readable(bucket, source, file, opts.source_when)
            meta = _copied(found, target, opts)
            if where.is_directory:
                if meta.size:
                    raise Unholdable(NO_BYTES)
                return self._make_directory(target, where, remembered(meta, Kind.DIRECTORY), opts.when)
            draft = drafted(self._writable(target, where, opts.when))
            try:
                duplicate(file, draft)
                record = draft.seal(remembered(meta, Kind.FILE))
                self._writing.commit(target, where, draft, opts.when)
            finally:
                draft.discard()
            return told(target, record)

    def _copy_onto_itself(self, key: Key, opts: Copy) -> Meta:
        with self._writing.held(key) as bucket, self._standing(bucket, key, opts.source_version) as file:
            found = self._writing.describing.describe(bucket, key.name, file, remember=False)
            check_read(opts.source_when, found)
            check_write(opts.when, found)
            meta = _copied(found, key, opts)
            self._keep(bucket, file, meta)
            return meta


def readable(key: Key) -> Place:
    """The place of an object that is to be read. Raises `NoSuchKey` for a name that no file can have."""
    try:
        return place(key.name)
    except Unholdable:
        raise NoSuchKey from None


def created(body: Received, opts: Put) -> Record:
    modified = time_ns() if opts.modified is None else opts.modified
    return Record(
        kind=Kind.FILE,
        etag=body.etag,
        size=body.size,
        modified=modified,
        checksums=dict(body.checksums),
        **stated(opts.props),
    )


def extended(found: Meta, added: Received, opts: Put) -> Record:
    """The record of an object with more bytes at its end: put together, as from parts, with no checksum known."""
    modified = time_ns() if opts.modified is None else opts.modified
    etag = composite_etag((found.etag, added.etag))
    return Record(kind=Kind.FILE, etag=etag, modified=modified, **stated(found.props))


def remembered(meta: Meta, kind: Kind) -> Record:
    return Record(
        kind=kind, etag=meta.etag, modified=meta.modified, checksums=dict(meta.checksums), **stated(meta.props)
    )


def duplicate(file: File, draft: Draft) -> None:
    """Write all bytes of a file to a draft. Raises `Unavailable` where others change it meanwhile."""
    size = file.found.st_size
    copied = system.copy(file.descriptor, 0, size, draft.descriptor)
    now = os.fstat(file.descriptor)
    if (copied, now.st_size) != (size, size):
        raise Unavailable("The file was changed while it was copied")


def _copied(found: Meta, target: Key, opts: Copy) -> Meta:
    props = locks.unlocked(found.props) if opts.props is None else opts.props.with_seal_of(found.props)
    return replace(found, key=target, modified=time_ns(), props=props)
