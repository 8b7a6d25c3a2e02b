"""The layer that keeps what is replaced or deleted in a container of its own, where one is named for that."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace

from gateway.core import ops
from gateway.core.archives import MARKER_TYPE, Archive, Mode, archive_of, folder_of, is_marker, past_name
from gateway.core.body import Body, BytesBody
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ABSENT, ANY, When, check_write
from gateway.core.errors import (
    ConditionFailed,
    InvalidName,
    KeyRequired,
    NoSuchBucket,
    NoSuchKey,
    NotArchived,
    NotFound,
    QuotaExceeded,
    StoreError,
    VersionsArchived,
)
from gateway.core.store import Caps, Store
from gateway.core.tasks import Turns
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Props, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import VersionRef, stands
from gateway.layers.known import Knowing

_EXISTED = Deleted(existed=True)

TICK = 10_000
"""Nanoseconds by which a former version is dated later whose name another one has."""
TRIES = 100
PAGE = 10
"""Former versions that are looked at at once: nearly always the first is the one that is wanted."""


class _Followed(Body):
    """A body, and what is to be done once it has come in whole, before the store's commit."""

    def __init__(self, source: Body, follow: Callable[[], Awaitable[None]]) -> None:
        self._source = source
        self._follow = follow
        self.size = source.size

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._source.chunks()) as chunks:
            async for chunk in chunks:
                yield chunk
        await self._follow()


class Archived(Knowing[Archive | None]):
    """Has a bucket's former versions kept as its properties say (`core.archives`), whoever writes.

    Buckets without an archive, which are nearly all, cost a look into a table. Writers of one object take turns from
    the moment when all bytes of theirs have come in, so that no version is lost between two of them. A write that
    fails behind that leaves a copy of what stands in the archive, which is overwritten by the next.
    """

    def __init__(self, inner: Store) -> None:
        super().__init__(inner, _archive)
        self._turns = Turns()
        self._caps: Caps | None = None

    @property
    def caps(self) -> Caps:  # type: ignore[override]
        if self._caps is None:
            self._caps = replace(self.inner.caps, archives=True)
        return self._caps

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        archive = await self._known.of(key.bucket)
        if archive is None:
            return await self.inner.put(key, body, opts)
        async with AsyncExitStack() as turn:
            return await self.inner.put(key, self._keeping(turn, archive, key, body, opts.when), opts)

    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        archive = await self._known.of(key.bucket)
        if archive is None:
            return await super().append(key, body, opts)
        async with AsyncExitStack() as turn:
            return await super().append(key, self._keeping(turn, archive, key, body, opts.when), opts)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        archive = await self._known.of(target.bucket)
        if archive is None:
            return await self.inner.copy(source, target, opts)
        async with self._turns.of(target):
            await self._keep(archive, target, opts.when)
            return await self.inner.copy(source, target, opts)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        archive = await self._known.of(key.bucket)
        if archive is None:
            return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)
        async with self._turns.of(key):
            await self._keep(archive, key, when)
            return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        if await self._is_archived(source.bucket, target.bucket):
            return await ops.rename_anew(self, source, target, when=when, source_when=source_when)
        return await super().rename(source, target, when=when, source_when=source_when)

    async def rename_prefix(self, source: Key, target: Key) -> int:
        if await self._is_archived(source.bucket, target.bucket):
            return await ops.rename_prefix_anew(self, source, target)
        return await super().rename_prefix(source, target)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        """What vanishes by its own time (`When.expires`) leaves nothing, and has nothing stand again."""
        archive = await self._known.of(key.bucket)
        if archive is None or not stands(version) or when.expires is not None:
            return await self.inner.delete(key, version, when)
        async with self._turns.of(key):
            if archive.mode is Mode.STACK:
                return await self._pop(archive, key, when)
            await self._keep(archive, key, when)
            await self._mark(archive, key.name)
            return await self.inner.delete(key, when=when)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        if await self._known.of(bucket) is None:
            return await super().delete_many(bucket, names)
        return [await self._delete_one(Key(bucket, name)) for name in names]

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        if await self._known.of(bucket) is None:
            return await super().delete_versions(bucket, refs)
        return [await self._delete_one(Key(bucket, ref.name), ref.version) for ref in refs]

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        if await self._known.of(bucket) is not None:
            raise VersionsArchived
        return await super().set_versioning(bucket, enabled=enabled)

    async def _is_archived(self, *buckets: str) -> bool:
        return any([await self._known.of(bucket) is not None for bucket in buckets])

    async def _delete_one(self, key: Key, version: str | None = None) -> Deleted | StoreError:
        try:
            return await self.delete(key, version)
        except StoreError as error:
            return error

    def _keeping(self, turn: AsyncExitStack, archive: Archive, key: Key, body: Body, when: When) -> Body:
        """The body of a write, at whose end the turn begins and what stands is kept."""

        async def keep() -> None:
            await turn.enter_async_context(self._turns.of(key))
            await self._keep(archive, key, when)

        return _Followed(body, keep)

    async def _keep(self, archive: Archive, key: Key, when: When) -> None:
        """Copy what stands to the archive. Raises `ConditionFailed` where it may not be written over."""
        try:
            found = await self.inner.stat(key)
        except NotFound:
            check_write(when, None)
            return
        check_write(when, found)
        copy = Copy(when=ABSENT, source_when=When(if_match=(found.etag,)))
        with suppress(NoSuchKey):  # it has vanished meanwhile
            await self._written(archive, found, lambda past: self.inner.copy(key, past, copy))

    async def _mark(self, archive: Archive, name: str) -> None:
        """Have the archive tell of a delete. Raises `NotArchived`."""
        opts = Put(props=Props(content_type=MARKER_TYPE), when=ABSENT, owner=archive.owner)
        marker = Meta(key=Key(archive.bucket, name), size=0, etag="", modified=time.time_ns())
        await self._written(archive, marker, lambda past: self.inner.put(past, BytesBody(b""), opts))

    async def _written(self, archive: Archive, version: Meta, write: Callable[[Key], Awaitable[object]]) -> None:
        """Write a version to the archive, under the next free time if its own is taken. Raises `NotArchived`.

        One that is there already, since the write behind it failed, is left as it is.
        """
        try:
            if (await self.inner.stat_bucket(archive.bucket)).owner != archive.owner:
                raise NoSuchBucket
            for tries in range(TRIES):
                past = Key(archive.bucket, past_name(version.name, version.modified + tries * TICK))
                try:
                    await write(past)
                except ConditionFailed:
                    if (await self.inner.stat(past)).etag != version.etag:
                        continue
                return
        except (NoSuchBucket, InvalidName, KeyRequired, QuotaExceeded) as error:
            raise NotArchived from error
        raise NotArchived

    async def _pop(self, archive: Archive, key: Key, when: When) -> Deleted:
        """Have the newest former version stand again; where there is none, delete what stands.

        Above it may lie the mark of a delete, from when the archive was a history: that goes along with it, and it goes
        alone where what stands is newer.
        """
        found = await self._standing(key)
        check_write(when, found)
        mark: Meta | None = None
        async with aclosing(self._past(archive, key.name)) as rows:
            async for row in rows:
                if is_marker(row):
                    if found is not None or mark is not None:
                        break
                    mark = row
                elif await self._restored(row, key):
                    return await self._dropped(mark)
        if mark is not None:
            return await self._dropped(mark)
        return await self.inner.delete(key, when=when)

    async def _restored(self, row: Meta, key: Key) -> bool:
        """Move a former version to where it stood; False where it is not there any more."""
        try:
            await self.inner.copy(row.key, key, Copy())
        except NoSuchKey:
            return False
        await self.inner.delete(row.key)
        return True

    async def _dropped(self, mark: Meta | None) -> Deleted:
        if mark is not None:
            await self.inner.delete(mark.key)
        return _EXISTED

    async def _standing(self, key: Key) -> Meta | None:
        try:
            return await self.inner.stat(key)
        except NoSuchKey:
            return None

    async def _past(self, archive: Archive, name: str) -> AsyncGenerator[Meta, None]:
        """The former versions of an object, the newest first; none where the archive is not there."""
        query = ListQuery(prefix=folder_of(name), reverse=True, limit=PAGE)
        while True:
            try:
                if (await self.inner.stat_bucket(archive.bucket)).owner != archive.owner:
                    return
                page = await self.inner.list(archive.bucket, query)
            except NoSuchBucket:
                return
            for row in page.items:
                if isinstance(row, Meta):
                    yield row
            if page.next is None:
                return
            query = replace(query, marker=page.next)


async def _archive(bucket: BucketMeta) -> Archive | None:
    return archive_of(bucket)
