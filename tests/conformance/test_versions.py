"""Buckets that keep what is replaced or deleted."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import ABSENT, When
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
from gateway.core.store import Append, Batch, Multipart, Rename, Store, Versions
from gateway.core.types import (
    BucketProps,
    Copy,
    Deleted,
    Key,
    Meta,
    PartRef,
    Props,
    PropsChange,
    Put,
    Version,
    Versioning,
    VersionQuery,
    VersionRef,
)
from gateway.core.versions import NULL
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, assembled, begun, count, names, put, read

UNKNOWN = "0" * 32
MALFORMED = ("", "x", "NULL", "0" * 31, "0" * 33, "f" * 32, "0" * 31 + "G", "é" * 32, "1 OR 1=1")


@pytest.fixture
async def versions(versions: Versions) -> Versions:
    """With versioning enabled in the bucket."""
    await versions.set_versioning(BUCKET, enabled=True)
    return versions


async def suspend(versions: Versions) -> None:
    await versions.set_versioning(BUCKET, enabled=False)


async def read_version(store: Store, version: str | None, key: Key = KEY, span: Span | None = None) -> bytes:
    async with store.open(key, version=version, span=span) as reader:
        assert reader.meta.version == (None if version == NULL else version)
        return b"".join([chunk async for chunk in reader.chunks()])


async def rows(versions: Versions, bucket: str = BUCKET) -> Sequence[Version]:
    page = await versions.versions(bucket, VersionQuery())
    return [row for row in page.items if isinstance(row, Version)]


def shown(rows: Sequence[Version]) -> list[tuple[str, str | None, bool, bool]]:
    return [(row.name, row.meta.version, row.latest, row.marker) for row in rows]


def id_of(meta: Meta) -> str:
    assert meta.version is not None
    return meta.version


def removed(deleted: Deleted) -> str:
    assert deleted.version is not None
    return deleted.version


async def test_versioning_of_a_bucket_is_told(empty: Store, versions: Versions) -> None:
    await empty.create_bucket("plain", BucketProps(owner=OWNER))
    assert (await empty.stat_bucket("plain")).versioning is Versioning.OFF
    for enabled, expected in ((True, Versioning.ENABLED), (False, Versioning.SUSPENDED), (True, Versioning.ENABLED)):
        assert (await versions.set_versioning(BUCKET, enabled=enabled)).versioning is expected
        assert (await empty.stat_bucket(BUCKET)).versioning is expected
    assert (await empty.stat_bucket("plain")).versioning is Versioning.OFF
    changed = await empty.update_bucket(BUCKET, PropsChange(user={"a": "b"}))
    assert changed.versioning is Versioning.ENABLED
    with pytest.raises(NoSuchBucket):
        await versions.set_versioning("missing", enabled=True)


async def test_an_unversioned_bucket_lists_its_objects_as_versions_without_ids(
    store: Store, versions: Versions
) -> None:
    await store.create_bucket("plain", BucketProps(owner=OWNER))
    for name in ("b", "a"):
        assert (await put(store, Key("plain", name))).version is None
    assert shown(await rows(versions, "plain")) == [("a", None, True, False), ("b", None, True, False)]
    assert await read_version(store, NULL, Key("plain", "a")) == OLD
    assert await store.delete(Key("plain", "a"), NULL) == Deleted(True)
    assert await names(store, "plain") == ["b"]


async def test_every_write_makes_a_version(store: Store, versions: Versions) -> None:
    metas = [await put(store, KEY, f"content {number}".encode()) for number in range(5)]
    ids = [id_of(meta) for meta in metas]
    assert len(set(ids)) == 5
    assert await store.stat(KEY) == metas[-1]
    for number, (meta, version) in enumerate(zip(metas, ids, strict=True)):
        assert await store.stat(KEY, version) == meta
        assert await read_version(store, version) == f"content {number}".encode()
    found = await rows(versions)
    assert [row.meta for row in found] == metas[::-1]
    assert [row.latest for row in found] == [True, False, False, False, False]
    assert await count(store) == (1, metas[-1].size)


async def test_a_range_and_conditions_of_a_version(store: Store, versions: Versions) -> None:
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


async def test_a_delete_puts_a_marker_in_the_place_of_the_object(store: Store, versions: Versions) -> None:
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
    assert shown(await rows(versions)) == [
        (KEY.name, deleted.version, True, True),
        (KEY.name, first.version, False, False),
    ]


async def test_a_marker_cannot_be_read_by_its_id(store: Store, versions: Versions) -> None:
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


async def test_deleting_what_is_not_there_makes_a_marker_too(store: Store, versions: Versions) -> None:
    deleted = [await store.delete(KEY) for _ in range(2)]
    assert [row.existed for row in deleted] == [False, False]
    assert shown(await rows(versions)) == [
        (KEY.name, deleted[1].version, True, True),
        (KEY.name, deleted[0].version, False, True),
    ]


async def test_deleting_a_version_is_for_good(store: Store, versions: Versions) -> None:
    first, second, third = [await put(store, KEY, data) for data in (b"1", b"22", b"333")]
    assert await store.delete(KEY, id_of(second)) == Deleted(True, second.version)
    with pytest.raises(NoSuchVersion):
        await store.stat(KEY, id_of(second))
    assert await store.delete(KEY, id_of(second)) == Deleted(False, second.version)
    assert [row.meta for row in await rows(versions)] == [third, first]


async def test_deleting_the_current_version_brings_the_one_before_back(store: Store, versions: Versions) -> None:
    first, second = [await put(store, KEY, data) for data in (b"1", b"22")]
    await store.delete(KEY, id_of(second))
    assert await store.stat(KEY) == first
    assert await read(store, KEY) == b"1"
    assert await count(store) == (1, 1)
    assert shown(await rows(versions)) == [(KEY.name, first.version, True, False)]
    await store.delete(KEY, id_of(first))
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert await rows(versions) == []


async def test_deleting_the_marker_brings_the_object_back(store: Store, versions: Versions) -> None:
    first = await put(store, KEY)
    marker = removed(await store.delete(KEY))
    assert await store.delete(KEY, marker) == Deleted(True, marker, marker=True)
    assert await store.stat(KEY) == first
    assert await count(store) == (1, len(OLD))


async def test_deleting_markers_in_any_order(store: Store, versions: Versions) -> None:
    first = await put(store, KEY)
    older, newer = removed(await store.delete(KEY)), removed(await store.delete(KEY))
    await store.delete(KEY, older)
    with pytest.raises(DeleteMarker):
        await store.stat(KEY)
    await store.delete(KEY, newer)
    assert await store.stat(KEY) == first


async def test_under_a_marker_the_version_before_does_not_come_back(store: Store, versions: Versions) -> None:
    """What is newest then is another marker."""
    first = await put(store, KEY, b"1")
    await store.delete(KEY)
    second = await put(store, KEY, b"2")
    await store.delete(KEY, id_of(second))
    with pytest.raises(DeleteMarker):
        await store.stat(KEY)
    assert await count(store) == (0, 0)
    assert await read_version(store, first.version) == b"1"


async def test_what_stood_before_versioning_has_no_id(store: Store, versions: Versions) -> None:
    key = Key("later", "object")
    await store.create_bucket("later", BucketProps(owner=OWNER))
    old = await put(store, key, OLD)
    await versions.set_versioning("later", enabled=True)
    assert await store.stat(key) == old == await store.stat(key, NULL)
    new = await put(store, key, NEW)
    assert await store.stat(key, NULL) == old
    assert await read_version(store, NULL, key) == OLD
    assert [row.meta for row in await rows(versions, "later")] == [new, old]
    assert await store.delete(key, NULL) == Deleted(True)
    with pytest.raises(NoSuchVersion):
        await store.stat(key, NULL)
    assert await store.stat(key) == new


async def test_while_suspended_only_the_version_without_id_is_replaced(store: Store, versions: Versions) -> None:
    kept = [await put(store, KEY, data) for data in (b"1", b"22")]
    await suspend(versions)
    for data in (b"333", b"4444"):
        plain = await put(store, KEY, data)
        assert plain.version is None
        assert [row.meta for row in await rows(versions)] == [plain, kept[1], kept[0]]
    assert await count(store) == (1, 4)
    deleted = await store.delete(KEY)
    assert deleted == Deleted(True, None, marker=True)
    assert shown(await rows(versions)) == [
        (KEY.name, None, True, True),
        (KEY.name, kept[1].version, False, False),
        (KEY.name, kept[0].version, False, False),
    ]
    with pytest.raises(DeleteMarker):
        await store.stat(KEY, NULL)
    back = await put(store, KEY, b"55555")
    assert [row.meta for row in await rows(versions)] == [back, kept[1], kept[0]]


async def test_deleting_while_suspended_keeps_the_current_version_if_it_has_an_id(
    store: Store, versions: Versions
) -> None:
    first = await put(store, KEY)
    await suspend(versions)
    assert await store.delete(KEY) == Deleted(True, None, marker=True)
    assert await store.delete(KEY) == Deleted(False, None, marker=True)
    assert shown(await rows(versions)) == [(KEY.name, None, True, True), (KEY.name, first.version, False, False)]
    assert await store.delete(KEY, NULL) == Deleted(True, None, marker=True)
    assert await store.stat(KEY) == first


async def test_a_version_without_id_is_replaced_wherever_it_stands(store: Store, versions: Versions) -> None:
    await suspend(versions)
    await put(store, KEY, b"null")
    await versions.set_versioning(BUCKET, enabled=True)
    kept = [await put(store, KEY, data) for data in (b"1", b"22")]
    await suspend(versions)
    plain = await put(store, KEY, b"new null")
    assert [row.meta for row in await rows(versions)] == [plain, kept[1], kept[0]]
    assert await read_version(store, NULL) == b"new null"


async def test_enabled_again_the_version_without_id_is_kept_in_its_place(store: Store, versions: Versions) -> None:
    first = await put(store, KEY, b"1")
    await suspend(versions)
    plain = await put(store, KEY, b"null")
    await versions.set_versioning(BUCKET, enabled=True)
    last = await put(store, KEY, b"2")
    assert [row.meta for row in await rows(versions)] == [last, plain, first]
    await store.delete(KEY, id_of(last))
    assert await store.stat(KEY) == plain


async def test_versions_that_are_not_there(store: Store, versions: Versions) -> None:
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
async def test_ids_that_are_none(store: Store, versions: Versions, version: str) -> None:
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
            await versions.versions(BUCKET, VersionQuery(key_marker=KEY.name, version_marker=version))
    (refused,) = await versions.delete_versions(BUCKET, [VersionRef(KEY.name, version)])
    assert isinstance(refused, InvalidVersion)
    assert await read(store, KEY) == OLD


async def test_conditions_of_a_write_speak_of_what_stands(store: Store, versions: Versions) -> None:
    first = await put(store, KEY)
    with pytest.raises(ConditionFailed):
        await put(store, KEY, NEW, when=ABSENT)
    await store.delete(KEY)
    with pytest.raises(ConditionFailed) as told:
        await put(store, KEY, NEW, when=When(if_match=(first.etag,)))
    assert told.value.missing
    second = await put(store, KEY, NEW, when=ABSENT)
    assert len(await rows(versions)) == 3
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, when=When(if_match=(first.etag,)))
    assert await store.stat(KEY) == second


async def test_conditions_of_deleting_a_version_speak_of_it(store: Store, versions: Versions) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    for meta, other in ((first, second), (second, first)):
        with pytest.raises(ConditionFailed):
            await store.delete(KEY, id_of(meta), When(if_match=(other.etag,)))
    with pytest.raises(ConditionFailed) as told:
        await store.delete(KEY, UNKNOWN, When(if_match=(first.etag,)))
    assert told.value.missing
    marker = removed(await store.delete(KEY))
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, marker, When(if_match=("*",)))
    for meta in (first, second):
        await store.delete(KEY, id_of(meta), When(if_match=(meta.etag,)))
    assert shown(await rows(versions)) == [(KEY.name, marker, True, True)]


async def test_properties_of_any_version_can_be_changed(store: Store, versions: Versions) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    changed = await store.update(KEY, PropsChange(user={"which": "first"}), id_of(first))
    assert (changed.version, changed.etag, changed.modified) == (first.version, first.etag, first.modified)
    assert await store.stat(KEY, id_of(first)) == changed
    assert await store.stat(KEY) == second
    with pytest.raises(ConditionFailed):
        await store.update(KEY, PropsChange(user={"a": "b"}, when=When(if_match=(second.etag,))), id_of(first))
    current = await store.update(KEY, PropsChange(user={"which": "second"}))
    assert [row.meta for row in await rows(versions)] == [current, changed]
    assert await store.update(KEY, PropsChange(content_type="a/b"), id_of(second)) == await store.stat(KEY)
    assert await count(store) == (1, len(NEW))


async def test_a_version_is_copied(store: Store, versions: Versions) -> None:
    first = await put(store, KEY, OLD, props=Props(user={"a": "b"}))
    await put(store, KEY, NEW)
    target = Key(BUCKET, "copy")
    copied = await store.copy(KEY, target, Copy(source_version=id_of(first), source_when=When(if_match=(first.etag,))))
    assert copied.version not in (None, first.version)
    assert (copied.props, await read(store, target)) == (first.props, OLD)
    restored = await store.copy(KEY, KEY, Copy(source_version=id_of(first)))
    assert await read(store, KEY) == OLD
    assert len(await rows(versions)) == 4
    assert await store.stat(KEY) == restored


async def test_a_copy_onto_itself_makes_a_version(store: Store, versions: Versions) -> None:
    first = await put(store, KEY, OLD)
    second = await store.copy(KEY, KEY, Copy(props=Props(user={"a": "b"})))
    assert [row.meta for row in await rows(versions)] == [second, first]
    await store.delete(KEY, id_of(first))
    assert await read(store, KEY) == OLD


async def test_an_append_makes_a_version(store: Store, versions: Versions, appender: Append) -> None:
    metas = [await appender.append(KEY, BytesBody(b"%d" % number * 2000), Put()) for number in range(4)]
    for number, meta in enumerate(metas):
        expected = b"".join(b"%d" % each * 2000 for each in range(number + 1))
        assert await read_version(store, meta.version) == expected
    assert len(await rows(versions)) == 4
    await suspend(versions)
    for _ in range(2):
        await appender.append(KEY, BytesBody(b"x"), Put())
    assert len(await rows(versions)) == 5
    assert (await read(store, KEY)).endswith(b"3xx")
    assert await read_version(store, metas[-1].version) == (await read(store, KEY))[:-2]


async def test_a_completed_upload_makes_a_version(store: Store, versions: Versions, multipart: Multipart) -> None:
    first = await put(store, KEY)
    second = await assembled(multipart, KEY, [b"part one", b"part two"])
    third = await assembled(multipart, KEY, [b"part three"])
    assert [row.meta for row in await rows(versions)] == [third, second, first]
    assert await read_version(store, second.version) == b"part onepart two"


async def test_a_part_is_copied_from_a_version(store: Store, versions: Versions, multipart: Multipart) -> None:
    first = await put(store, KEY, b"0123456789")
    await put(store, KEY, NEW)
    target = Key(BUCKET, "target")
    upload = (await multipart.create_upload(target, Put())).id
    part = await multipart.copy_part(target, upload, 1, KEY, version=first.version, span=Span(2, 4))
    with pytest.raises(NoSuchVersion):
        await multipart.copy_part(target, upload, 2, KEY, version=UNKNOWN)
    await multipart.complete_upload(target, upload, [PartRef(1, part.etag)])
    assert await read(store, target) == b"234"


async def test_a_rename_is_a_copy_with_a_delete_behind_it(store: Store, versions: Versions, renamer: Rename) -> None:
    first, target = await put(store, KEY, OLD), Key(BUCKET, "target")
    replaced = await put(store, target, NEW)
    renamed = await renamer.rename(KEY, target)
    assert renamed.version not in (None, first.version)
    assert renamed.modified == first.modified
    assert await read(store, target) == OLD
    found = await rows(versions)
    assert [(row.name, row.latest, row.marker) for row in found] == [
        (KEY.name, True, True),
        (KEY.name, False, False),
        ("target", True, False),
        ("target", False, False),
    ]
    assert [found[1].meta, found[2].meta, found[3].meta] == [first, renamed, replaced]
    assert await names(store) == ["target"]
    assert await count(store) == (1, len(OLD))


async def test_a_rename_to_itself_makes_no_version(store: Store, versions: Versions, renamer: Rename) -> None:
    first = await put(store, KEY)
    assert await renamer.rename(KEY, KEY) == first
    assert [row.meta for row in await rows(versions)] == [first]


async def test_a_prefix_is_renamed_with_markers_left_behind(store: Store, versions: Versions, renamer: Rename) -> None:
    await store.create_bucket("plain", BucketProps(owner=OWNER))
    metas = [await put(store, f"dir/{number}", b"x" * number) for number in range(3)]
    assert await renamer.rename_prefix(Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 3
    assert await names(store) == ["new/0", "new/1", "new/2"]
    assert [(row.latest, row.marker) for row in await rows(versions)][:6] == [(True, True), (False, False)] * 3
    assert await read_version(store, metas[2].version, metas[2].key) == b"xx"
    assert await renamer.rename_prefix(Key(BUCKET, "new/"), Key("plain", "out/")) == 3
    assert await names(store) == []
    assert await names(store, "plain") == ["out/0", "out/1", "out/2"]
    assert [row.meta.version for row in await rows(versions, "plain")] == [None] * 3
    assert await renamer.rename_prefix(Key("plain", "out/"), Key(BUCKET, "dir/")) == 3
    assert await names(store) == ["dir/0", "dir/1", "dir/2"]
    assert await rows(versions, "plain") == []
    assert await count(store) == (3, 3)
    assert await count(store, "plain") == (0, 0)
    assert len(await rows(versions)) == 3 * 3 + 3 * 2


async def test_a_bucket_is_renamed_with_all_its_versions(store: Store, versions: Versions, renamer: Rename) -> None:
    await store.create_bucket("old-name", BucketProps(owner=OWNER))
    await versions.set_versioning("old-name", enabled=True)
    first = await put(store, Key("old-name", "a"), OLD)
    await put(store, Key("old-name", "a"), NEW)
    await store.delete(Key("old-name", "b"))
    before = shown(await rows(versions, "old-name"))
    await renamer.rename_bucket("old-name", "new-name")
    assert shown(await rows(versions, "new-name")) == before
    assert {row.meta.key.bucket for row in await rows(versions, "new-name")} == {"new-name"}
    assert await read_version(store, first.version, Key("new-name", "a")) == OLD


async def test_a_batch_makes_markers(store: Store, versions: Versions, batch: Batch) -> None:
    first = await put(store, "a")
    done = await batch.delete_many(BUCKET, ["a", "b"])
    assert [(row.existed, row.marker) for row in done if isinstance(row, Deleted)] == [(True, True), (False, True)]
    assert [(row.name, row.marker) for row in await rows(versions)] == [("a", True), ("a", False), ("b", True)]
    assert (await rows(versions))[1].meta == first


async def test_versions_are_deleted_as_one(store: Store, versions: Versions) -> None:
    first, second = await put(store, "a", OLD), await put(store, "a", NEW)
    other = await put(store, "b")
    refs = [
        VersionRef("a", first.version),
        VersionRef("a", UNKNOWN),
        VersionRef("a/../b", first.version),
        VersionRef("a", second.version),
        VersionRef("b"),
        VersionRef("c", NULL),
    ]
    done = await versions.delete_versions(BUCKET, refs)
    assert [row.existed if isinstance(row, Deleted) else type(row).__name__ for row in done] == [
        True,
        False,
        "InvalidName",
        True,
        True,
        False,
    ]
    assert [(row.name, row.marker) for row in await rows(versions)] == [("b", True), ("b", False)]
    assert (await rows(versions))[1].meta == other
    with pytest.raises(NoSuchBucket):
        await versions.delete_versions("missing", refs)


async def test_a_bucket_with_versions_is_not_empty(store: Store, versions: Versions) -> None:
    await store.create_bucket("full", BucketProps(owner=OWNER))
    await versions.set_versioning("full", enabled=True)
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
    assert await rows(versions, "full") == []


async def test_a_reader_keeps_a_version_that_is_deleted(store: Store, versions: Versions) -> None:
    data = bytes(range(256)) * 4096
    meta = await put(store, KEY, data)
    await put(store, KEY, NEW)
    async with store.open(KEY, version=meta.version) as reader:
        await store.delete(KEY, meta.version)
        assert b"".join([chunk async for chunk in reader.chunks()]) == data


async def test_32_writers_make_32_versions(store: Store, versions: Versions) -> None:
    metas = await asyncio.gather(*[put(store, KEY, b"%d" % number) for number in range(32)])
    found = await rows(versions)
    assert {row.meta.version for row in found} == {meta.version for meta in metas}
    assert [row.latest for row in found] == [True] + [False] * 31
    assert await store.stat(KEY) == found[0].meta


async def test_of_writers_that_want_the_name_free_one_makes_a_version(store: Store, versions: Versions) -> None:
    await store.delete(KEY)
    results = await asyncio.gather(
        *[put(store, KEY, b"%d" % number, when=ABSENT) for number in range(32)], return_exceptions=True
    )
    assert sum(isinstance(result, Meta) for result in results) == 1
    assert sum(isinstance(result, ConditionFailed) for result in results) == 31
    assert len(await rows(versions)) == 2


async def test_versions_and_current_object_are_deleted_by_racers(store: Store, versions: Versions) -> None:
    metas = [await put(store, KEY, b"%d" % number) for number in range(16)]
    await asyncio.gather(*[store.delete(KEY, meta.version) for meta in metas], store.delete(KEY))
    found = await rows(versions)
    assert [(row.latest, row.marker) for row in found] == [(True, True)]


async def test_an_upload_begun_before_versioning_completes_as_a_version(
    store: Store, versions: Versions, multipart: Multipart
) -> None:
    await store.create_bucket("later", BucketProps(owner=OWNER))
    key = Key("later", "object")
    old = await put(store, key)
    upload, refs = await begun(multipart, key, [b"part"])
    await versions.set_versioning("later", enabled=True)
    made = await multipart.complete_upload(key, upload, refs)
    assert made.version is not None
    assert [row.meta for row in await rows(versions, "later")] == [made, old]
