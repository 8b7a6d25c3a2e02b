"""Versions that have no id: what stood before versioning, and what is written while it is suspended."""

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.versions import Versions
from gateway.core.errors import DeleteMarker, NoSuchVersion
from gateway.core.store import Store
from gateway.core.types import Deleted, Key
from gateway.core.versions import NULL
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, count, put
from tests.conformance.versions import id_of, read_version, rows, shown, suspend


async def test_what_stood_before_versioning_has_no_id(store: Store, versioned: Versions) -> None:
    key = Key("later", "object")
    await store.create_bucket("later", BucketProps(owner=OWNER))
    old = await put(store, key, OLD)
    await versioned.set_versioning("later", enabled=True)
    assert await store.stat(key) == old == await store.stat(key, NULL)
    new = await put(store, key, NEW)
    assert await store.stat(key, NULL) == old
    assert await read_version(store, NULL, key) == OLD
    assert [row.meta for row in await rows(versioned, "later")] == [new, old]
    assert await store.delete(key, NULL) == Deleted(True)
    with pytest.raises(NoSuchVersion):
        await store.stat(key, NULL)
    assert await store.stat(key) == new


async def test_while_suspended_only_the_version_without_id_is_replaced(store: Store, versioned: Versions) -> None:
    kept = [await put(store, KEY, data) for data in (b"1", b"22")]
    await suspend(versioned)
    for data in (b"333", b"4444"):
        plain = await put(store, KEY, data)
        assert plain.version is None
        assert [row.meta for row in await rows(versioned)] == [plain, kept[1], kept[0]]
    assert await count(store) == (1, 4)
    deleted = await store.delete(KEY)
    assert deleted == Deleted(True, None, marker=True)
    assert shown(await rows(versioned)) == [
        (KEY.name, None, True, True),
        (KEY.name, kept[1].version, False, False),
        (KEY.name, kept[0].version, False, False),
    ]
    with pytest.raises(DeleteMarker):
        await store.stat(KEY, NULL)
    back = await put(store, KEY, b"55555")
    assert [row.meta for row in await rows(versioned)] == [back, kept[1], kept[0]]


async def test_deleting_while_suspended_keeps_the_current_version_if_it_has_an_id(
    store: Store, versioned: Versions
) -> None:
    first = await put(store, KEY)
    await suspend(versioned)
    assert await store.delete(KEY) == Deleted(True, None, marker=True)
    assert await store.delete(KEY) == Deleted(False, None, marker=True)
    assert shown(await rows(versioned)) == [(KEY.name, None, True, True), (KEY.name, first.version, False, False)]
    assert await store.delete(KEY, NULL) == Deleted(True, None, marker=True)
    assert await store.stat(KEY) == first


async def test_a_version_without_id_is_replaced_wherever_it_stands(store: Store, versioned: Versions) -> None:
    await suspend(versioned)
    await put(store, KEY, b"null")
    await versioned.set_versioning(BUCKET, enabled=True)
    kept = [await put(store, KEY, data) for data in (b"1", b"22")]
    await suspend(versioned)
    plain = await put(store, KEY, b"new null")
    assert [row.meta for row in await rows(versioned)] == [plain, kept[1], kept[0]]
    assert await read_version(store, NULL) == b"new null"


async def test_enabled_again_the_version_without_id_is_kept_in_its_place(store: Store, versioned: Versions) -> None:
    first = await put(store, KEY, b"1")
    await suspend(versioned)
    plain = await put(store, KEY, b"null")
    await versioned.set_versioning(BUCKET, enabled=True)
    last = await put(store, KEY, b"2")
    assert [row.meta for row in await rows(versioned)] == [last, plain, first]
    await store.delete(KEY, id_of(last))
    assert await store.stat(KEY) == plain
