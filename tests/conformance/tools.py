"""What the tests of the suite share."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ANY, When
from gateway.core.errors import NoSuchBucket, Unsupported
from gateway.core.ops import counted
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Prefix, Props, Put
from gateway.core.uploads import PartRef, Upload, UploadQuery
from gateway.core.versions import NULL, Version, VersionQuery

BUCKET = "bucket"
OWNER = "owner"
KEY = Key(BUCKET, "object")
MISSING = Key(BUCKET, "missing")
OLD = b"the old content"
NEW = b"the new and longer content"


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


async def put(store: Store, key: Key | str, data: bytes = OLD, *, when: When = ANY, props: Props | None = None) -> Meta:
    key = Key(BUCKET, key) if isinstance(key, str) else key
    return await store.put(key, BytesBody(data), Put(when=when, props=props or Props()))


async def read(store: Store, key: Key | str, span: Span | None = None) -> bytes:
    key = Key(BUCKET, key) if isinstance(key, str) else key
    async with store.open(key, span=span) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def rows(store: Store, bucket: str = BUCKET, prefix: str = "", limit: int = 1000) -> list[Meta]:
    """All objects, walked page by page."""
    found: list[Meta] = []
    marker: str | None = ""
    while marker is not None:
        page = await store.list(bucket, ListQuery(prefix=prefix, marker=marker, limit=limit))
        found += [row for row in page.items if isinstance(row, Meta)]
        assert page.next is None or page.next > marker
        marker = page.next
    return found


async def names(store: Store, bucket: str = BUCKET, prefix: str = "") -> list[str]:
    return [row.name for row in await rows(store, bucket, prefix)]


async def count(store: Store, bucket: str = BUCKET) -> tuple[int, int]:
    """The bucket's counters: objects and bytes."""
    found = await counted(store, await store.stat_bucket(bucket))
    return found.objects, found.bytes


async def open_uploads(multipart: Multipart, bucket: str = BUCKET) -> list[Upload]:
    page = await multipart.uploads(bucket, UploadQuery())
    return [row for row in page.items if isinstance(row, Upload)]


async def begun(multipart: Multipart, key: Key, parts: Sequence[bytes]) -> tuple[str, list[PartRef]]:
    """An upload with parts 1, 2, ... and the references that complete it."""
    upload = await multipart.create_upload(key, Put())
    refs = []
    for number, data in enumerate(parts, 1):
        part = await multipart.put_part(key, upload.id, number, BytesBody(data))
        refs.append(PartRef(number, part.etag))
    return upload.id, refs


async def assembled(multipart: Multipart, key: Key, parts: Sequence[bytes]) -> Meta:
    """An object put together from parts."""
    upload, refs = await begun(multipart, key, parts)
    return await multipart.complete_upload(key, upload, refs)


@dataclass(frozen=True)
class View:
    """All that can be seen of a bucket, apart from times, ids and the bucket's own name."""

    objects: Mapping[str, tuple[str, Props, Mapping[str, str], bytes]]
    uploads: Sequence[tuple[str, Mapping[int, tuple[int, str]]]]
    past: Sequence[tuple[str, bool, str]]
    user: Mapping[str, str]


async def view(store: Store, bucket: str = BUCKET) -> View | None:
    """Look through a bucket, from end to end, and see that all that is told of it agrees. None: it is not there."""
    try:
        meta = await counted(store, await store.stat_bucket(bucket))
    except NoSuchBucket:
        return None
    listed = await rows(store, bucket)
    assert [row.name for row in listed] == sorted({row.name for row in listed})
    assert (meta.objects, meta.bytes) == (len(listed), sum(row.size for row in listed))
    objects = {}
    for row in listed:
        found, data = await _sound(store, row)
        objects[row.name] = found.etag, found.props, found.checksums, data
    return View(objects, await _uploads(store, bucket), await _past(store, listed, bucket), meta.user)


async def _sound(store: Store, row: Meta) -> tuple[Meta, bytes]:
    found = await store.stat(row.key)
    assert found == row if store.caps.listed_props else _told(found) == _told(row)
    async with store.open(row.key) as reader:
        assert reader.meta == found
        data = b"".join([chunk async for chunk in reader.chunks()])
    assert len(data) == row.size
    assert row.is_composite or row.etag == md5(data)
    return found, data


def _told(row: Meta) -> tuple[Key, int, str]:
    """What every listing tells of an object."""
    return row.key, row.size, row.etag


async def _past(store: Store, listed: Sequence[Meta], bucket: str) -> list[tuple[str, bool, str]]:
    """What a listing of versions tells beside what stands, which must agree with the listing of objects."""
    versions = find(store, Versions)
    if versions is None:
        return []
    page = await versions.versions(bucket, VersionQuery(limit=10_000))
    found = [row for row in page.items if isinstance(row, Version)]
    standing = [row.meta for row in found if row.latest and not row.marker]
    assert standing == listed if store.caps.listed_props else [*map(_told, standing)] == [*map(_told, listed)]
    assert len({(row.name, row.meta.version) for row in found}) == len(found)
    latest = [row.name for row in found if row.latest]
    assert len(set(latest)) == len(latest)
    for row in found:
        if not row.marker:
            meta = await store.stat(row.meta.key, row.meta.version or NULL)
            assert meta == row.meta if store.caps.listed_props else _told(meta) == _told(row.meta)
            assert meta.version == row.meta.version
    return [(row.name, row.marker, row.meta.etag) for row in found if row.marker or not row.latest]


async def _uploads(store: Store, bucket: str) -> list[tuple[str, Mapping[int, tuple[int, str]]]]:
    multipart = find(store, Multipart)
    if multipart is None:
        return []
    found: list[tuple[str, Mapping[int, tuple[int, str]]]] = []
    try:
        uploads = await open_uploads(multipart, bucket)
    except Unsupported:  # the upstream does not tell them
        return []
    for upload in uploads:
        page = await multipart.parts(upload.key, upload.id)
        found.append((upload.name, {part.number: (part.size, part.etag) for part in page.items}))
    return found


def shown(row: Meta | Prefix) -> str:
    """A row of a listing as one string; a group bears a mark of its own."""
    return f"<{row.name}>" if isinstance(row, Prefix) else row.name
