"""Objects: looking at them, reading, writing, changing and copying them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.core.body import Body
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    BadRange,
    BadRequest,
    Busy,
    ConditionFailed,
    DeleteMarker,
    NoSuchKey,
    NoSuchVersion,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.locks import OF_VERSIONS, check_change, check_stated, unlocked
from gateway.core.names import checked_key
from gateway.core.ranges import Span, resolve
from gateway.core.store import Reader
from gateway.core.tasks import Turns, wholly
from gateway.core.types import Copy, Key, Meta, Props, PropsChange, Put
from gateway.core.versions import NULL, Versioning, check_foreign
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.checksums import digests_of
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import of_version
from gateway.stores.s3.guard import ROUNDS, Guard, Probe, Write, quoted
from gateway.stores.s3.metadata import Stated, meta_of
from gateway.stores.s3.reading import S3Reader, range_header
from gateway.stores.s3.settings import MIN_PART, S3StoreSettings
from gateway.stores.s3.source import Source
from gateway.stores.s3.upload import Uploader, Written

MAX_COPY = 5 * 1024**3
"""Bytes that CopyObject takes; what is larger is copied in parts."""
COPY_PART = 512 * 1024**2
REFRESHES = 4
"""So often a read is begun anew because the object has changed since it was looked at."""


class Objects:
    """The objects of all buckets.

    Changes of one object by one process follow upon each other. Between processes an update that races with another
    update of the same bytes may undo it: S3 has no condition on metadata.
    """

    def __init__(self, client: Client, buckets: Buckets, settings: S3StoreSettings) -> None:
        self._client = client
        self._buckets = buckets
        self.probe = Probe(client, buckets, settings.conditional_writes)
        self._checks = settings.check_etag
        self.turns = Turns()
        self.uploader = Uploader(client, self.find)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        """Raises as `Store.stat`."""
        return (await self.source(key, version, when)).meta

    async def source(self, key: Key, version: str | None, when: When) -> Source:
        """As `stat`: what a copy may be made of."""
        checked_key(key)
        named = await self.named(key.bucket, version)
        meta = await self.look(key, named)
        check_read(when, meta)
        return Source(meta, named)

    async def named(self, bucket: str, version: str | None) -> str | None:
        """How a version is named to the remote; None: not at all, what stands is meant.

        Raises `InvalidVersion`, `NoSuchVersion`, `NoSuchBucket`. Remotes without versions pass over ids, which then
        would mean the object that stands: none is told them of a bucket that keeps no versions.
        """
        if version is None:
            return None
        check_foreign(version)
        if await self._buckets.keeps_versions(bucket):
            return version
        if version != NULL:
            raise NoSuchVersion
        return None

    async def look(self, key: Key, named: str | None) -> Meta:
        """What the remote says of an object, or of a version as `named` tells it. Raises as `Store.stat`."""
        try:
            answer = await self._client.call(
                "head_object", Bucket=key.bucket, Key=key.name, VersionId=named, ChecksumMode="ENABLED"
            )
            return meta_of(key, answer, int(answer.headers.get("content-length", "")))
        except DeleteMarker:
            raise
        except (NoSuchKey, NoSuchVersion):
            raise await self._buckets.absent(key.bucket, named) from None
        except BadRequest as error:
            raise of_version(error, named) from None
        except ValueError as error:
            raise Unavailable("The store's answer can't be understood") from error

    async def find(self, key: Key) -> Meta | None:
        """The object that stands; None where there is none. Raises `NoSuchBucket`."""
        try:
            return await self.stat(key)
        except NoSuchKey:
            return None

    @asynccontextmanager
    async def open(self, key: Key, span: Span | None, version: str | None, when: When) -> AsyncIterator[Reader]:
        """Raises as `Store.open`."""
        checked_key(key)
        reader = await self._opened(key, span, version, when)
        try:
            yield reader
        finally:
            reader.close()

    async def _opened(self, key: Key, span: Span | None, version: str | None, when: When) -> S3Reader:
        for _ in range(REFRESHES):
            pin = named = None
            if when != ANY or version is not None:
                found = await self.source(key, version, when)
                resolve(span, found.meta.size)
                pin, named = quoted(found.meta.etag), found.named
            try:
                answer = await self._client.call(
                    "get_object",
                    Bucket=key.bucket,
                    Key=key.name,
                    VersionId=named,
                    Range=range_header(span),
                    IfMatch=pin,
                )
            except ConditionFailed:
                continue
            except BadRange:
                raise BadRange((await self.stat(key)).size) from None
            except DeleteMarker:
                raise
            except NoSuchKey:
                raise await self._buckets.absent(key.bucket) from None
            return S3Reader(key, answer, span, self._checks)
        raise Busy("The object is being changed by too many at once")

    async def guard(self, key: Key, when: When, *writes: Write) -> Guard:
        """The condition of writes to `key` by these requests. Raises `ConditionFailed`, `Unsupported`."""
        checked_key(key)
        when = replace(when, if_modified_since=None)  # a matter of reads
        if when != ANY:
            await self.probe.require(key.bucket, when, *writes)
        return await Guard.begin(self.find, key, when)

    async def check_locks(self, bucket: str, props: Props | None) -> None:
        """Raise where a new object can't be locked as its writer states: remotes may pass over what is stated.

        Raises as `core.locks.check_stated`, and `NoSuchBucket`.
        """
        if props is not None and props.system and not OF_VERSIONS.isdisjoint(props.system):
            check_stated(props, (await self._buckets.stat(bucket)).system, time.time_ns())

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        """Raises as `Store.put`."""
        await self.check_locks(key.bucket, opts.props)
        guard = await self.guard(key, opts.when, Write.PUT)
        written = await self.uploader.write(key, body, opts, guard)
        return await self.told(key, written, opts.props)

    async def told(self, key: Key, written: Written, props: Props) -> Meta:
        """What has been committed, as the remote describes it, unless that has been replaced already."""
        known = Meta(
            key=key,
            size=written.size,
            etag=written.etag,
            modified=written.date,
            props=props,
            version=written.version,
        )
        try:
            found = await self.look(key, written.version)
        except StoreError:
            return known  # it was written all the same
        return found if (found.etag, found.version) == (written.etag, written.version) else known

    async def update(self, key: Key, change: PropsChange, version: str | None) -> Meta:
        """Raises as `Store.update`. The remote copies the object onto itself, which moves no bytes through here.

        Where that would not replace it but make a version: `Unsupported`.
        """
        check_change(change)
        async with self.turns.of(key):
            for _ in range(ROUNDS):
                source = await self.source(key, version, ANY)
                found = source.meta
                check_write(change.when, found)
                if not await self._is_replaced(source):
                    raise Unsupported("This store can't change the metadata of a version; copy the object onto itself")
                modified = found.modified if change.modified is None else change.modified
                stated = Stated(props=change.apply(found.props), modified=modified, checksums=_kept(found))
                try:
                    await self._copied(source, key, stated, ANY)
                except ConditionFailed:
                    continue
                return await self.stat(key)
        raise Busy("The object is being changed by too many at once")

    async def _is_replaced(self, source: Source) -> bool:
        """Whether a write would take this version's place: it has no id and stands, and none is given out."""
        if source.meta.version is not None:
            return False
        if (await self._buckets.stat(source.meta.key.bucket)).versioning is Versioning.ENABLED:
            return False
        standing = source.meta if source.named is None else await self.find(source.meta.key)
        return standing is not None and standing.version is None

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        """Raises as `Store.copy`."""
        checked_key(target)
        await self.check_locks(target.bucket, opts.props)
        for _ in range(ROUNDS):
            origin = await self.source(source, opts.source_version, opts.source_when)
            found = origin.meta
            props = unlocked(found.props) if opts.props is None else opts.props
            guard = await self.guard(target, opts.when, Write.PUT if found.size <= MIN_PART else Write.COMPLETE)
            try:
                if opts.when == ANY:
                    written = await self._copied(origin, target, Stated(props=props, checksums=_kept(found)), ANY)
                else:
                    written = await self._copied_if(origin, target, props, guard)
            except ConditionFailed:
                continue
            return await self.told(target, written, props)
        raise Busy("The object is being changed by too many at once")

    async def _copied(self, source: Source, target: Key, stated: Stated, when: When) -> Written:
        """Have the remote copy `source`. Raises `ConditionFailed` where it has changed."""
        if source.meta.size > MAX_COPY:
            guard = await self.guard(target, when, Write.COMPLETE)
            place = await self.uploader.begin(target, stated, None)
            return await self.uploader.copy_object(source, place, COPY_PART, guard)
        answer = await wholly(
            self._client.call(
                "copy_object",
                Bucket=target.bucket,
                Key=target.name,
                MetadataDirective="REPLACE",
                **source.parameters,
                **stated.parameters(),
            )
        )
        result = answer.row("CopyObjectResult")
        return Written(result.etag(), source.meta.size, result.time("LastModified"), answer.version())

    async def _copied_if(self, source: Source, target: Key, props: Props, guard: Guard) -> Written:
        """Copy while a condition of the target holds: CopyObject minds it with few remotes, writes with many."""
        found = source.meta
        if found.size > MIN_PART:
            place = await self.uploader.begin(target, Stated(props=props), None)
            return await self.uploader.copy_object(source, place, COPY_PART, guard)
        async with self.open(found.key, None, source.version, When(if_match=(found.etag,))) as reader:
            data = b"".join([chunk async for chunk in reader.chunks()])
        kept = frozenset(Algorithm(name) for name in _kept(found))
        return await self.uploader.write_whole(
            target, data, Put(props=props, checksums=kept), guard, await digests_of(data, kept)
        )


def _kept(found: Meta) -> dict[str, str]:
    """The checksums that a copy with metadata of its own has to state again: those that are no part's."""
    return {name: value for name, value in found.checksums.items() if "-" not in value}
