"""`S3Store`: the Store contract over a remote S3."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from gateway.core import ops
from gateway.core.body import Body, ReadyBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, Digests
from gateway.core.encryption import CustomerKey, refuse_key
from gateway.core.errors import StoreError
from gateway.core.locks import BucketLock, Retention
from gateway.core.names import check_bucket
from gateway.core.ranges import Span
from gateway.core.segments import Base, Kept, LeftUpload, SegmentRules
from gateway.core.store import Caps, Reader, Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery
from gateway.core.versions import Version, Versioning, VersionQuery, VersionRef, check_foreign
from gateway.stores.s3.buckets import Buckets
from gateway.stores.s3.client import Client
from gateway.stores.s3.composition import Composition
from gateway.stores.s3.deletes import Deletes
from gateway.stores.s3.listing import list_objects
from gateway.stores.s3.locking import Locking
from gateway.stores.s3.multipart import Uploads, place_of
from gateway.stores.s3.objects import Objects
from gateway.stores.s3.segments import Segments
from gateway.stores.s3.settings import MIN_PART, S3StoreSettings
from gateway.stores.s3.version_listing import list_versions

MAX_OBJECT = 5 * 1024**4


class S3Store(Store):
    """One account's buckets on a remote S3, with `Batch`, `Multipart`, `Versions` and `Locks` where the remote has
    them, and `Segments`, which alone take large bodies.

    What S3 lacks: counters and properties in listings (`caps`), several accounts (all buckets belong to `owner`), what
    `Batch` and `delete_versions` deleted really having been there, changes of a version's properties, and the
    properties of uploads under way. Times are in whole seconds.
    """

    caps = Caps(max_object=MAX_OBJECT, counters=False, listed_props=False, expires=False)

    def __init__(self, settings: S3StoreSettings, owner: str) -> None:
        self._client = Client(settings)
        self._buckets = Buckets(self._client, settings, owner)
        self._objects = Objects(self._client, self._buckets, settings)
        self._deletes = Deletes(self._client, self._buckets, self._objects)
        self._locking = Locking(self._client, self._buckets, self._objects)
        self._uploads = Uploads(self._client, self._objects, owner)
        self._composition = Composition(self._client, self._objects)
        self._segments = Segments(self._objects, self._uploads, marks=settings.segment_marks)

    async def start(self) -> None:
        await self._client.start()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        return await self._buckets.list(query, owner)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        return await self._buckets.create(name, props)

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self._buckets.stat(name)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        return await self._buckets.update(name, change)

    async def delete_bucket(self, name: str) -> None:
        await self._buckets.delete(name)

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        return await list_objects(self._client, check_bucket(bucket), query)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        return await self._objects.stat(key, version, when)

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self._objects.open(key, span, version, when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        return await self._objects.put(key, body, opts)

    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        return await self._objects.update(key, change, version)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        return await self._objects.copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        return await self._deletes.delete(key, version, when)

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """`capabilities.Batch`."""
        return await self._deletes.delete_many(bucket, names)

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        """`capabilities.Multipart`, as all that follow."""
        return await self._uploads.create(key, opts, owner, checksum, whole)

    async def stat_upload(self, key: Key, upload: str) -> Upload:
        return await self._uploads.stat(key, upload)

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        refuse_key(secret)
        return await self._uploads.put_part(place_of(key, upload), number, body, checksums)

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
        return await self._uploads.copy_part(place_of(key, upload), number, source, span, version, when)

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        return await self._uploads.parts(place_of(key, upload), marker, limit)

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        return await self._uploads.list(bucket, query)

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        return await self._uploads.complete(place_of(key, upload), parts, when, min_part)

    async def abort_upload(self, key: Key, upload: str) -> None:
        await self._uploads.abort(place_of(key, upload))

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """`capabilities.Parted`."""
        return await self._composition.parts(key, version, marker, limit)

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        """`capabilities.Versions`, as the two that follow. `Unsupported` where the remote keeps none."""
        wanted = Versioning.ENABLED if enabled else Versioning.SUSPENDED
        return await self._buckets.set_versioning(bucket, wanted)

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        if query.version_marker:
            check_foreign(query.version_marker)
        if await self._buckets.keeps_versions(bucket):
            return await list_versions(self._client, bucket, query)
        return await ops.standing_versions(self, bucket, query)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        return await self._deletes.delete_versions(bucket, refs)

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        """`capabilities.Locks`, as the three that follow. `Unsupported` where the remote has none."""
        return await self._buckets.set_lock(bucket, lock)

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        return await self._locking.set_retention(key, retention, version, bypass=bypass)

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        return await self._locking.set_hold(key, version, held=held)

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        return await self._deletes.delete(key, version, when, bypass=True)

    async def segment_rules(self, key: Key, when: When = ANY, size: int | None = None) -> SegmentRules:
        """`capabilities.Segments`, as all that follow."""
        return await self._segments.rules(key, when, size)

    async def extends(self, found: Meta) -> bool:
        return found.size >= MIN_PART

    async def begin_segments(self, key: Key, opts: Put, base: Base | None = None) -> str:
        return await self._segments.begin(key, opts, base)

    async def put_segment(self, key: Key, upload: str, number: int, body: ReadyBody) -> Part:
        return await self._segments.put(key, upload, number, body)

    async def join_segments(
        self, key: Key, upload: str, segments: Sequence[Part], opts: Put, digests: Digests, base: Base | None = None
    ) -> Meta:
        return await self._segments.join(key, upload, segments, opts, base)

    async def drop_segments(self, key: Key, upload: str, count: int = 0) -> None:
        await self._segments.drop(key, upload)

    async def renew_segments(self, key: Key, upload: str) -> None:
        await self._segments.renew(key, upload)

    async def left_segments(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        return await self._segments.left(check_bucket(bucket), before)

    async def keep_segments(self, key: Key, upload: str, label: str, segments: Sequence[Part]) -> None:
        await self._segments.keep(key, upload, label, segments)

    async def kept_segments(self, bucket: str) -> Sequence[Kept]:
        return await self._segments.kept(check_bucket(bucket))

    async def segments_of(self, key: Key, upload: str) -> Sequence[Part]:
        return await self._segments.segments_of(key, upload)
