"""Buckets that keep what is replaced or deleted: what is kept, how it is read, and how it goes."""

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import When
from gateway.core.errors import (
    ConditionFailed,
    DeleteMarker,
    InvalidVersion,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    NotEmpty,
    NotModified,
)
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, PropsChange
from gateway.core.versions import NULL, Versioning, VersionQuery, VersionRef
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, count, names, put, read
from tests.conformance.versions import UNKNOWN, id_of, read_version, removed, rows, shown

MALFORMED = ("", "x", "NULL", "0" * 31, "0" * 33, "f" * 32, "0" * 31 + "G", "é" * 32, "1 OR 1=1")


async def test_versioning_of_a_bucket_is_told(empty: Store, versioned: Versions) -> None:
    await empty.create_bucket("plain", BucketProps(owner=OWNER))
    assert (await empty.stat_bucket("plain")).versioning is Versioning.OFF
    for enabled, expected in ((True, Versioning.ENABLED), (False, Versioning.SUSPENDED), (True, Versioning.ENABLED)):
        assert (await versioned.set_versioning(BUCKET, enabled=enabled)).versioning is expected
        assert (await empty.stat_bucket(BUCKET)).versioning is expected
    assert (await empty.stat_bucket("plain")).versioning is Versioning.OFF
    changed = await empty.update_bucket(BUCKET, PropsChange(user={"a": "b"}))
    assert changed.versioning is Versioning.ENABLED
    with pytest.raises(NoSuchBucket):
        await versioned.set_versioning("missing", enabled=True)


async def test_an_unversioned_bucket_lists_its_objects_as_versions_without_ids(
    store: Store, versioned: Versions
) -> None:
    await store.create_bucket("plain", BucketProps(owner=OWNER))
    for name in ("b", "a"):
        assert (await put(store, Key("plain", name))).version is None
    assert shown(await rows(versioned, "plain")) == [("a", None, True, False), ("b", None, True, False)]
    assert await read_version(store, NULL, Key("plain", "a")) == OLD
    assert await store.delete(Key("plain", "a"), NULL) == Deleted(True)
    assert await names(store, "plain") == ["b"]


async def test_every_write_makes_a_version(store: Store, versioned: Versions) -> None:
    metas = [await put(store, KEY, f"content {number}".encode()) for number in range(5)]
    ids = [id_of(meta) for meta in metas]
    assert len(set(ids)) == 5
    assert await store.stat(KEY) == metas[-1]
    for number, (meta, version) in enumerate(zip(metas, ids, strict=True)):
        assert await store.stat(KEY, version) == meta
        assert await read_version(store, version) == f"content {number}".encode()
    found = await rows(versioned)
    assert [row.meta for row in found] == metas[::-1]
    assert [row.latest for row in found] == [True, False, False, False, False]
    assert await count(store) == (1, metas[-1].size)


async def test_a_range_and_conditions_of_a_version(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY, b"0123456789")
    await put(store, KEY, NEW)
    version = id_of(first)
    assert await read_version(store, version, span=Span(3, 5)) == b"345"
    assert await store.stat(KEY, version, When(if_match=(first.etag,))) == first
    with pytest.raises(NotModified):
        await store.stat(KEY, version, When(if_none_match=(first.etag,)))
    with pytest.raises(ConditionFailed):
        async with store.open(KEY, version=version, when=When(if_match=("other",))):
            raise AssertionError("opened")


async def test_a_delete_puts_a_marker_in_the_place_of_the_object(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY)
    deleted = await store.delete(KEY)
    assert (deleted.existed, deleted.marker) == (True, True)
    assert await names(store) == []
    assert await count(store) == (0, 0)
    for attempt in (store.stat(KEY), store.update(KEY, PropsChange()), read(store, KEY), store.copy(KEY, KEY, Copy())):
        with pytest.raises(DeleteMarker) as told:
            await attempt
        assert (told.value.version, told.value.named) == (deleted.version, False)
        assert told.value.modified >= first.modified
    assert await read_version(store, first.version) == OLD
    assert shown(await rows(versioned)) == [
        (KEY.name, deleted.version, True, True),
        (KEY.name, first.version, False, False),
    ]


async def test_a_marker_cannot_be_read_by_its_id(store: Store, versioned: Versions) -> None:
    marker = removed(await store.delete(KEY))
    await put(store, KEY)
    for attempt in (
        store.stat(KEY, marker),
        read_version(store, marker),
        store.update(KEY, PropsChange(user={"a": "b"}), marker),
        store.copy(KEY, Key(BUCKET, "copy"), Copy(source_version=marker)),
    ):
        with pytest.raises(DeleteMarker) as told:
            await attempt
        assert (told.value.version, told.value.named) == (marker, True)
    assert await names(store) == [KEY.name]


async def test_deleting_what_is_not_there_makes_a_marker_too(store: Store, versioned: Versions) -> None:
    deleted = [await store.delete(KEY) for _ in range(2)]
    assert [row.existed for row in deleted] == [False, False]
    assert shown(await rows(versioned)) == [
        (KEY.name, deleted[1].version, True, True),
        (KEY.name, deleted[0].version, False, True),
    ]


async def test_deleting_a_version_is_for_good(store: Store, versioned: Versions) -> None:
    first, second, third = [await put(store, KEY, data) for data in (b"1", b"22", b"333")]
    assert await store.delete(KEY, id_of(second)) == Deleted(True, second.version)
    with pytest.raises(NoSuchVersion):
        await store.stat(KEY, id_of(second))
    assert await store.delete(KEY, id_of(second)) == Deleted(False, second.version)
    assert [row.meta for row in await rows(versioned)] == [third, first]


async def test_deleting_the_current_version_brings_the_one_before_back(store: Store, versioned: Versions) -> None:
    first, second = [await put(store, KEY, data) for data in (b"1", b"22")]
    await store.delete(KEY, id_of(second))
    assert await store.stat(KEY) == first
    assert await read(store, KEY) == b"1"
    assert await count(store) == (1, 1)
    assert shown(await rows(versioned)) == [(KEY.name, first.version, True, False)]
    await store.delete(KEY, id_of(first))
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert await rows(versioned) == []


async def test_deleting_the_marker_brings_the_object_back(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY)
    marker = removed(await store.delete(KEY))
    assert await store.delete(KEY, marker) == Deleted(True, marker, marker=True)
    assert await store.stat(KEY) == first
    assert await count(store) == (1, len(OLD))


async def test_deleting_markers_in_any_order(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY)
    older, newer = removed(await store.delete(KEY)), removed(await store.delete(KEY))
    await store.delete(KEY, older)
    with pytest.raises(DeleteMarker):
        await store.stat(KEY)
    await store.delete(KEY, newer)
    assert await store.stat(KEY) == first


async def test_under_a_marker_the_version_before_does_not_come_back(store: Store, versioned: Versions) -> None:
    """What is newest then is another marker."""
    first = await put(store, KEY, b"1")
    await store.delete(KEY)
    second = await put(store, KEY, b"2")
    await store.delete(KEY, id_of(second))
    with pytest.raises(DeleteMarker):
        await store.stat(KEY)
    assert await count(store) == (0, 0)
    assert await read_version(store, first.version) == b"1"


async def test_versions_that_are_not_there(store: Store, versioned: Versions) -> None:
    meta = await put(store, KEY)
    other = Key(BUCKET, "other")
    await put(store, other)
    for key, version in ((KEY, UNKNOWN), (KEY, NULL), (other, id_of(meta)), (Key(BUCKET, "missing"), id_of(meta))):
        for attempt in (
            store.stat(key, version),
            read_version(store, version, key),
            store.update(key, PropsChange(), version),
            store.copy(key, Key(BUCKET, "copy"), Copy(source_version=version)),
        ):
            with pytest.raises(NoSuchVersion):
                await attempt
        assert not (await store.delete(key, version)).existed
    assert await names(store) == [KEY.name, "other"]


@pytest.mark.parametrize("version", MALFORMED)
async def test_ids_that_are_none(store: Store, versioned: Versions, version: str) -> None:
    await put(store, KEY)
    for attempt in (
        store.stat(KEY, version),
        read_version(store, version),
        store.update(KEY, PropsChange(), version),
        store.copy(KEY, Key(BUCKET, "copy"), Copy(source_version=version)),
        store.delete(KEY, version),
    ):
        with pytest.raises(InvalidVersion):
            await attempt
    if version:
        with pytest.raises(InvalidVersion):
            await versioned.versions(BUCKET, VersionQuery(key_marker=KEY.name, version_marker=version))
    (refused,) = await versioned.delete_versions(BUCKET, [VersionRef(KEY.name, version)])
    assert isinstance(refused, InvalidVersion)
    assert await read(store, KEY) == OLD


async def test_a_bucket_with_versions_is_not_empty(store: Store, versioned: Versions) -> None:
    await store.create_bucket("full", BucketProps(owner=OWNER))
    await versioned.set_versioning("full", enabled=True)
    key = Key("full", "object")
    first = await put(store, key)
    marker = removed(await store.delete(key))
    for version in (first.version, marker):
        with pytest.raises(NotEmpty):
            await store.delete_bucket("full")
        await store.delete(key, version)
    await store.delete_bucket("full")
    await store.create_bucket("full", BucketProps(owner=OWNER))
    assert (await store.stat_bucket("full")).versioning is Versioning.OFF
    assert await rows(versioned, "full") == []


async def test_a_reader_keeps_a_version_that_is_deleted(store: Store, versioned: Versions) -> None:
    data = bytes(range(256)) * 4096
    meta = await put(store, KEY, data)
    await put(store, KEY, NEW)
    async with store.open(KEY, version=meta.version) as reader:
        await store.delete(KEY, meta.version)
        assert b"".join([chunk async for chunk in reader.chunks()]) == data
