"""Objects: looking at them, reading, changing, copying and deleting them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.core.body import Body
from gateway.core.conditions import ANY, When, check_read, check_write
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    BadRange,
    Busy,
    ConditionFailed,
    InvalidName,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    StoreError,
    Unavailable,
)
from gateway.core.names import check_key, checked_key
from gateway.core.ranges import Span, resolve
from gateway.core.store import Reader
from gateway.core.tasks import Turns, wholly
from gateway.core.types import Copy, Deleted, Key, Meta, Props, PropsChange, Put
from gateway.core.versions import stands
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.checksums import digests_of
from gateway.stores.s3.client import Client
from gateway.stores.s3.failures import refusal
from gateway.stores.s3.guard import ROUNDS, Guard, Pin, Probe, Write, quoted
from gateway.stores.s3.metadata import Stated, meta_of
from gateway.stores.s3.reading import S3Reader, range_header
from gateway.stores.s3.settings import MIN_PART, S3StoreSettings
from gateway.stores.s3.upload import Uploader, Written

MAX_COPY = 5 * 1024**3
"""Bytes that CopyObject takes; what is larger is copied in parts."""
COPY_PART = 512 * 1024**2
MAX_BATCH = 1000
"""Names that DeleteObjects takes."""
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
        self._probe = Probe(client, settings.conditional_writes)
        self._checks = settings.check_etag
        self._turns = Turns()
        self.uploader = Uploader(client, self.find)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        """Raises as `Store.stat`."""
        checked_key(key)
        try:
            answer = await self._client.call("head_object", Bucket=key.bucket, Key=key.name, ChecksumMode="ENABLED")
            meta = meta_of(key, answer, int(answer.headers.get("content-length", "")))
        except NoSuchKey:
            raise await self._buckets.absent(key.bucket) from None
        except ValueError as error:
            raise Unavailable("The store's answer can't be understood") from error
        if not stands(version):
            raise NoSuchVersion
        check_read(when, meta)
        return meta

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
            pin = None
            if when != ANY or version is not None:
                found = await self.stat(key, version, when)
                resolve(span, found.size)
                pin = quoted(found.etag)
            try:
                answer = await self._client.call(
                    "get_object", Bucket=key.bucket, Key=key.name, Range=range_header(span), IfMatch=pin
                )
            except ConditionFailed:
                continue
            except BadRange:
                raise BadRange((await self.stat(key)).size) from None
            except NoSuchKey:
                raise await self._buckets.absent(key.bucket) from None
            return S3Reader(key, answer, span, self._checks)
        raise Busy("The object is being changed by too many at once")

    async def guard(self, key: Key, when: When, *writes: Write) -> Guard:
        """The condition of writes to `key` by these requests. Raises `ConditionFailed`, `Unsupported`."""
        checked_key(key)
        when = replace(when, if_modified_since=None)  # a matter of reads
        if when != ANY:
            await self._probe.require(key.bucket, when, *writes)
        return await Guard.begin(self.find, key, when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        """Raises as `Store.put`."""
        guard = await self.guard(key, opts.when, Write.PUT)
        written = await self.uploader.write(key, body, opts, guard)
        return await self.told(key, written, opts.props)

    async def told(self, key: Key, written: Written, props: Props) -> Meta:
        """What has been committed, as the remote describes it, unless that has been replaced already."""
        known = Meta(key=key, size=written.size, etag=written.etag, modified=written.date, props=props)
        try:
            found = await self.stat(key)
        except StoreError:
            return known  # it was written all the same
        return found if found.etag == written.etag else known

    async def update(self, key: Key, change: PropsChange, version: str | None) -> Meta:
        """Raises as `Store.update`. The remote copies the object onto itself, which moves no bytes through here."""
        async with self._turns.of(key):
            for _ in range(ROUNDS):
                found = await self.stat(key, version)
                check_write(change.when, found)
                modified = found.modified if change.modified is None else change.modified
                stated = Stated(props=change.apply(found.props), modified=modified, checksums=_kept(found))
                try:
                    await self._copied(found, key, stated, ANY)
                except ConditionFailed:
                    continue
                return await self.stat(key)
        raise Busy("The object is being changed by too many at once")

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        """Raises as `Store.copy`."""
        checked_key(target)
        for _ in range(ROUNDS):
            found = await self.stat(source, opts.source_version, opts.source_when)
            props = found.props if opts.props is None else opts.props
            guard = await self.guard(target, opts.when, Write.PUT if found.size <= MIN_PART else Write.COMPLETE)
            try:
                if opts.when == ANY:
                    written = await self._copied(found, target, Stated(props=props, checksums=_kept(found)), ANY)
                else:
                    written = await self._copied_if(found, target, props, guard)
            except ConditionFailed:
                continue
            return await self.told(target, written, props)
        raise Busy("The object is being changed by too many at once")

    async def _copied(self, found: Meta, target: Key, stated: Stated, when: When) -> Written:
        """Have the remote copy `found`. Raises `ConditionFailed` where it has changed."""
        if found.size > MAX_COPY:
            guard = await self.guard(target, when, Write.COMPLETE)
            place = await self.uploader.begin(target, stated, None)
            return await self.uploader.copy_object(found, place, COPY_PART, guard)
        answer = await wholly(
            self._client.call(
                "copy_object",
                Bucket=target.bucket,
                Key=target.name,
                CopySource={"Bucket": found.key.bucket, "Key": found.key.name},
                CopySourceIfMatch=quoted(found.etag),
                MetadataDirective="REPLACE",
                **stated.parameters(),
            )
        )
        result = answer.row("CopyObjectResult")
        return Written(result.etag(), found.size, result.time("LastModified"))

    async def _copied_if(self, found: Meta, target: Key, props: Props, guard: Guard) -> Written:
        """Copy while a condition of the target holds: CopyObject minds it with few remotes, writes with many."""
        if found.size > MIN_PART:
            place = await self.uploader.begin(target, Stated(props=props), None)
            return await self.uploader.copy_object(found, place, COPY_PART, guard)
        async with self.open(found.key, None, None, When(if_match=(found.etag,))) as reader:
            data = b"".join([chunk async for chunk in reader.chunks()])
        kept = frozenset(Algorithm(name) for name in _kept(found))
        return await self.uploader.write_whole(
            target, data, Put(props=props, checksums=kept), guard, await digests_of(data, kept)
        )

    async def delete(self, key: Key, version: str | None, when: When) -> Deleted:
        """Raises as `Store.delete`. S3 does not tell whether anything was there, so it is looked for first."""
        checked_key(key)
        if not stands(version):
            await self._buckets.require(key.bucket)
            return Deleted(existed=False)
        async with self._turns.of(key):
            for _ in range(ROUNDS):
                found = await self.find(key)
                check_write(when, found)
                if found is None:
                    return Deleted(existed=False)
                if when != ANY:
                    await self._probe.require(key.bucket, when, Write.DELETE)
                pin = Pin() if when == ANY else Pin(etag=found.etag)
                try:
                    await wholly(self._client.call("delete_object", Bucket=key.bucket, Key=key.name, **pin.parameters))
                except (ConditionFailed, NoSuchKey):
                    continue
                return Deleted(existed=True)
        raise Busy("The object is being changed by too many at once")

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`core.store.Batch`. Whether an object was there is not known: every one that is gone counts as deleted."""
        await self._buckets.require(bucket)
        done: dict[str, Deleted | StoreError] = {}
        plain: list[str] = []
        for name in dict.fromkeys(names):
            try:
                check_key(name)
            except InvalidName as error:
                done[name] = error
                continue
            if name.isprintable():
                plain.append(name)
            else:  # no XML can hold it
                done[name] = await self._deleted(Key(bucket, name))
        for start in range(0, len(plain), MAX_BATCH):
            done |= await wholly(self._delete_page(bucket, plain[start : start + MAX_BATCH]))
        return [done[name] for name in names]

    async def _deleted(self, key: Key) -> Deleted | StoreError:
        try:
            return await self.delete(key, None, ANY)
        except StoreError as error:
            return error

    async def _delete_page(self, bucket: str, names: Sequence[str]) -> dict[str, Deleted | StoreError]:
        rows = [{"Key": name} for name in names]
        answer = await self._client.call("delete_objects", Bucket=bucket, Delete={"Objects": rows, "Quiet": True})
        done: dict[str, Deleted | StoreError] = dict.fromkeys(names, Deleted(existed=True))
        for row in answer.rows("Errors"):
            error = refusal({"Error": {"Code": row.text("Code")}})
            if isinstance(error, NoSuchBucket):
                raise error
            done[row.text("Key")] = Deleted(existed=False) if isinstance(error, NoSuchKey) else error
        return done


def _kept(found: Meta) -> dict[str, str]:
    """The checksums that a copy with metadata of its own has to state again: those that are no part's."""
    return {name: value for name, value in found.checksums.items() if "-" not in value}
