"""What each operation does in a bucket that keeps versions, alone and beside others."""

import asyncio

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed, NoSuchBucket, NoSuchVersion
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, Meta, Props, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import NULL, VersionRef
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, assembled, begun, count, names, put, read
from tests.conformance.versions import UNKNOWN, id_of, read_version, removed, rows, shown, suspend


async def test_conditions_of_a_write_speak_of_what_stands(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY)
    with pytest.raises(ConditionFailed):
        await put(store, KEY, NEW, when=ABSENT)
    await store.delete(KEY)
    with pytest.raises(ConditionFailed) as told:
        await put(store, KEY, NEW, when=When(if_match=(first.etag,)))
    assert told.value.missing
    second = await put(store, KEY, NEW, when=ABSENT)
    assert len(await rows(versioned)) == 3
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, when=When(if_match=(first.etag,)))
    assert await store.stat(KEY) == second


async def test_conditions_of_deleting_a_version_speak_of_it(store: Store, versioned: Versions) -> None:
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
    assert shown(await rows(versioned)) == [(KEY.name, marker, True, True)]


async def test_properties_of_any_version_can_be_changed(store: Store, versioned: Versions) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    changed = await store.update(KEY, PropsChange(user={"which": "first"}), id_of(first))
    assert (changed.version, changed.etag, changed.modified) == (first.version, first.etag, first.modified)
    assert await store.stat(KEY, id_of(first)) == changed
    assert await store.stat(KEY) == second
    with pytest.raises(ConditionFailed):
        await store.update(KEY, PropsChange(user={"a": "b"}, when=When(if_match=(second.etag,))), id_of(first))
    current = await store.update(KEY, PropsChange(user={"which": "second"}))
    assert [row.meta for row in await rows(versioned)] == [current, changed]
    assert await store.update(KEY, PropsChange(content_type="a/b"), id_of(second)) == await store.stat(KEY)
    assert await count(store) == (1, len(NEW))


async def test_a_version_is_copied(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY, OLD, props=Props(user={"a": "b"}))
    await put(store, KEY, NEW)
    target = Key(BUCKET, "copy")
    copied = await store.copy(KEY, target, Copy(source_version=id_of(first), source_when=When(if_match=(first.etag,))))
    assert copied.version not in (None, first.version)
    assert (copied.props, await read(store, target)) == (first.props, OLD)
    restored = await store.copy(KEY, KEY, Copy(source_version=id_of(first)))
    assert await read(store, KEY) == OLD
    assert len(await rows(versioned)) == 4
    assert await store.stat(KEY) == restored


async def test_a_copy_onto_itself_makes_a_version(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY, OLD)
    second = await store.copy(KEY, KEY, Copy(props=Props(user={"a": "b"})))
    assert [row.meta for row in await rows(versioned)] == [second, first]
    await store.delete(KEY, id_of(first))
    assert await read(store, KEY) == OLD


async def test_an_append_makes_a_version(store: Store, versioned: Versions, appender: Append) -> None:
    metas = [await appender.append(KEY, BytesBody(b"%d" % number * 2000), Put()) for number in range(4)]
    for number, meta in enumerate(metas):
        expected = b"".join(b"%d" % each * 2000 for each in range(number + 1))
        assert await read_version(store, meta.version) == expected
    assert len(await rows(versioned)) == 4
    await suspend(versioned)
    for _ in range(2):
        await appender.append(KEY, BytesBody(b"x"), Put())
    assert len(await rows(versioned)) == 5
    assert (await read(store, KEY)).endswith(b"3xx")
    assert await read_version(store, metas[-1].version) == (await read(store, KEY))[:-2]


async def test_a_completed_upload_makes_a_version(store: Store, versioned: Versions, multipart: Multipart) -> None:
    first = await put(store, KEY)
    second = await assembled(multipart, KEY, [b"part one", b"part two"])
    third = await assembled(multipart, KEY, [b"part three"])
    assert [row.meta for row in await rows(versioned)] == [third, second, first]
    assert await read_version(store, second.version) == b"part onepart two"


async def test_a_part_is_copied_from_a_version(store: Store, versioned: Versions, multipart: Multipart) -> None:
    first = await put(store, KEY, b"0123456789")
    await put(store, KEY, NEW)
    target = Key(BUCKET, "target")
    upload = (await multipart.create_upload(target, Put())).id
    part = await multipart.copy_part(target, upload, 1, KEY, version=first.version, span=Span(2, 4))
    with pytest.raises(NoSuchVersion):
        await multipart.copy_part(target, upload, 2, KEY, version=UNKNOWN)
    await multipart.complete_upload(target, upload, [PartRef(1, part.etag)])
    assert await read(store, target) == b"234"


async def test_a_rename_is_a_copy_with_a_delete_behind_it(store: Store, versioned: Versions, renamer: Rename) -> None:
    first, target = await put(store, KEY, OLD), Key(BUCKET, "target")
    replaced = await put(store, target, NEW)
    renamed = await renamer.rename(KEY, target)
    assert renamed.version not in (None, first.version)
    assert renamed.modified == first.modified
    assert await read(store, target) == OLD
    found = await rows(versioned)
    assert [(row.name, row.latest, row.marker) for row in found] == [
        (KEY.name, True, True),
        (KEY.name, False, False),
        ("target", True, False),
        ("target", False, False),
    ]
    assert [found[1].meta, found[2].meta, found[3].meta] == [first, renamed, replaced]
    assert await names(store) == ["target"]
    assert await count(store) == (1, len(OLD))


async def test_a_rename_to_itself_makes_no_version(store: Store, versioned: Versions, renamer: Rename) -> None:
    first = await put(store, KEY)
    assert await renamer.rename(KEY, KEY) == first
    assert [row.meta for row in await rows(versioned)] == [first]


async def test_a_prefix_is_renamed_with_markers_left_behind(store: Store, versioned: Versions, renamer: Rename) -> None:
    await store.create_bucket("plain", BucketProps(owner=OWNER))
    metas = [await put(store, f"dir/{number}", b"x" * number) for number in range(3)]
    assert await renamer.rename_prefix(Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 3
    assert await names(store) == ["new/0", "new/1", "new/2"]
    assert [(row.latest, row.marker) for row in await rows(versioned)][:6] == [(True, True), (False, False)] * 3
    assert await read_version(store, metas[2].version, metas[2].key) == b"xx"
    assert await renamer.rename_prefix(Key(BUCKET, "new/"), Key("plain", "out/")) == 3
    assert await names(store) == []
    assert await names(store, "plain") == ["out/0", "out/1", "out/2"]
    assert [row.meta.version for row in await rows(versioned, "plain")] == [None] * 3
    assert await renamer.rename_prefix(Key("plain", "out/"), Key(BUCKET, "dir/")) == 3
    assert await names(store) == ["dir/0", "dir/1", "dir/2"]
    assert await rows(versioned, "plain") == []
    assert await count(store) == (3, 3)
    assert await count(store, "plain") == (0, 0)
    assert len(await rows(versioned)) == 3 * 3 + 3 * 2


async def test_a_bucket_is_renamed_with_all_its_versions(store: Store, versioned: Versions, renamer: Rename) -> None:
    await store.create_bucket("old-name", BucketProps(owner=OWNER))
    await versioned.set_versioning("old-name", enabled=True)
    first = await put(store, Key("old-name", "a"), OLD)
    await put(store, Key("old-name", "a"), NEW)
    await store.delete(Key("old-name", "b"))
    before = shown(await rows(versioned, "old-name"))
    await renamer.rename_bucket("old-name", "new-name")
    assert shown(await rows(versioned, "new-name")) == before
    assert {row.meta.key.bucket for row in await rows(versioned, "new-name")} == {"new-name"}
    assert await read_version(store, first.version, Key("new-name", "a")) == OLD


async def test_a_batch_makes_markers(store: Store, versioned: Versions, batch: Batch) -> None:
    first = await put(store, "a")
    done = await batch.delete_many(BUCKET, ["a", "b"])
    assert [(row.existed, row.marker) for row in done if isinstance(row, Deleted)] == [(True, True), (False, True)]
    assert [(row.name, row.marker) for row in await rows(versioned)] == [("a", True), ("a", False), ("b", True)]
    assert (await rows(versioned))[1].meta == first


async def test_versions_are_deleted_as_one(store: Store, versioned: Versions) -> None:
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
    done = await versioned.delete_versions(BUCKET, refs)
    assert [row.existed if isinstance(row, Deleted) else type(row).__name__ for row in done] == [
        True,
        False,
        "InvalidName",
        True,
        True,
        False,
    ]
    assert [(row.name, row.marker) for row in await rows(versioned)] == [("b", True), ("b", False)]
    assert (await rows(versioned))[1].meta == other
    with pytest.raises(NoSuchBucket):
        await versioned.delete_versions("missing", refs)


async def test_32_writers_make_32_versions(store: Store, versioned: Versions) -> None:
    metas = await asyncio.gather(*[put(store, KEY, b"%d" % number) for number in range(32)])
    found = await rows(versioned)
    assert {row.meta.version for row in found} == {meta.version for meta in metas}
    assert [row.latest for row in found] == [True] + [False] * 31
    assert await store.stat(KEY) == found[0].meta


async def test_of_writers_that_want_the_name_free_one_makes_a_version(store: Store, versioned: Versions) -> None:
    await store.delete(KEY)
    results = await asyncio.gather(
        *[put(store, KEY, b"%d" % number, when=ABSENT) for number in range(32)], return_exceptions=True
    )
    assert sum(isinstance(result, Meta) for result in results) == 1
    assert sum(isinstance(result, ConditionFailed) for result in results) == 31
    assert len(await rows(versioned)) == 2


async def test_versions_and_current_object_are_deleted_by_racers(store: Store, versioned: Versions) -> None:
    metas = [await put(store, KEY, b"%d" % number) for number in range(16)]
    await asyncio.gather(*[store.delete(KEY, meta.version) for meta in metas], store.delete(KEY))
    found = await rows(versioned)
    assert [(row.latest, row.marker) for row in found] == [(True, True)]


async def test_an_upload_begun_before_versioning_completes_as_a_version(
    store: Store, versioned: Versions, multipart: Multipart
) -> None:
    await store.create_bucket("later", BucketProps(owner=OWNER))
    key = Key("later", "object")
    old = await put(store, key)
    upload, refs = await begun(multipart, key, [b"part"])
    await versioned.set_versioning("later", enabled=True)
    made = await multipart.complete_upload(key, upload, refs)
    assert made.version is not None
    assert [row.meta for row in await rows(versioned, "later")] == [made, old]
