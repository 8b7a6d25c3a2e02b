"""Names that stand for any of their versions, or for none of them: `capabilities.Standing`."""

import pytest

from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, InvalidVersion, Locked, NoSuchBucket, NoSuchKey, NoSuchVersion
from gateway.core.locks import BucketLock
from gateway.core.store import Store
from gateway.core.types import Deleted, Key
from gateway.core.versions import NULL, Version, VersionQuery
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, count, put, read
from tests.conformance.versions import UNKNOWN, id_of, read_version, removed, rows, shown, suspend


async def test_a_former_version_stands_as_it_is(store: Store, versioned: Versions, standing: Standing) -> None:
    first, second, third = [await put(store, KEY, data) for data in (OLD, NEW, b"3")]
    assert await standing.stand(KEY, id_of(second)) == second == await store.stat(KEY)
    assert await read(store, KEY) == NEW
    assert await count(store) == (1, len(NEW))
    expected = [(third, False), (second, True), (first, False)]
    assert [(row.meta, row.latest) for row in await rows(versioned)] == expected
    listed: list[tuple[str | None, bool]] = []
    marker = ""
    while len(listed) < 3:
        (row,) = (await versioned.versions(BUCKET, _behind(marker))).items
        assert isinstance(row, Version)
        listed.append((row.meta.version, row.latest))
        marker = id_of(row.meta)
    assert listed == [(meta.version, latest) for meta, latest in expected]
    assert (await versioned.versions(BUCKET, _behind(marker))).items == ()
    fourth = await put(store, KEY, b"4444")
    assert [row.meta for row in await rows(versioned)] == [fourth, third, second, first]
    assert await read_version(store, id_of(second)) == NEW


def _behind(version: str) -> VersionQuery:
    return VersionQuery(key_marker=KEY.name if version else "", version_marker=version, limit=1)


async def test_a_name_without_a_version_without_id_begins_behind_that(
    store: Store, versioned: Versions, standing: Standing
) -> None:
    for data in (OLD, NEW):
        await put(store, KEY, data)
    query = VersionQuery(key_marker=KEY.name, version_marker=NULL)
    assert list((await versioned.versions(BUCKET, query)).items) == await rows(versioned)
    await store.delete(KEY)
    assert list((await versioned.versions(BUCKET, query)).items) == await rows(versioned)
    await standing.withdraw(KEY)
    await suspend(versioned)
    await put(store, KEY)
    assert list((await versioned.versions(BUCKET, query)).items) == (await rows(versioned))[1:]


async def test_what_stands_already_may_stand(store: Store, versioned: Versions, standing: Standing) -> None:
    made = await put(store, KEY)
    assert await standing.stand(KEY, id_of(made)) == made
    assert len(await rows(versioned)) == 1


async def test_a_version_stands_in_the_place_of_a_marker(store: Store, versioned: Versions, standing: Standing) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    marker = removed(await store.delete(KEY))
    await standing.stand(KEY, id_of(first))
    assert await read(store, KEY) == OLD
    assert shown(await rows(versioned)) == [
        (KEY.name, marker, False, True),
        (KEY.name, second.version, False, False),
        (KEY.name, first.version, True, False),
    ]
    assert await store.delete(KEY, marker) == Deleted(True, marker, marker=True)
    assert await store.stat(KEY) == first


async def test_what_stood_without_an_id_is_kept(store: Store, versioned: Versions, standing: Standing) -> None:
    first = await put(store, KEY, OLD)
    await suspend(versioned)
    plain = await put(store, KEY, NEW)
    await standing.stand(KEY, id_of(first))
    assert [(row.meta, row.latest) for row in await rows(versioned)] == [(plain, False), (first, True)]
    with pytest.raises(InvalidVersion):
        await standing.stand(KEY, NULL)
    again = await put(store, KEY, b"again")
    assert [row.meta for row in await rows(versioned)] == [again, first]


async def test_what_cannot_stand(store: Store, versioned: Versions, standing: Standing) -> None:
    await put(store, KEY)
    for version, refusal in ((UNKNOWN, NoSuchVersion), ("x", InvalidVersion)):
        with pytest.raises(refusal):
            await standing.stand(KEY, version)
    with pytest.raises(NoSuchBucket):
        await standing.stand(Key("missing", "a"), UNKNOWN)
    marker = removed(await store.delete(KEY))
    with pytest.raises(NoSuchKey):
        await standing.stand(KEY, marker)
    assert len(await rows(versioned)) == 2


async def test_a_version_with_an_id_is_kept_when_it_no_longer_stands(
    store: Store, versioned: Versions, standing: Standing
) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    assert await standing.withdraw(KEY) == Deleted(True)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert await count(store) == (0, 0)
    assert [(row.meta, row.latest) for row in await rows(versioned)] == [(second, False), (first, False)]
    assert await standing.withdraw(KEY) == Deleted(False)
    assert await store.delete(KEY, id_of(second)) == Deleted(True, second.version)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    third = await put(store, KEY, b"3")
    assert [row.meta for row in await rows(versioned)] == [third, first]


async def test_a_version_without_an_id_goes_when_it_no_longer_stands(
    store: Store, versioned: Versions, standing: Standing
) -> None:
    first = await put(store, KEY, OLD)
    await suspend(versioned)
    plain = await put(store, KEY, NEW)
    with pytest.raises(ConditionFailed):
        await standing.withdraw(KEY, When(if_match=(first.etag,)))
    assert await standing.withdraw(KEY, When(if_match=(plain.etag,))) == Deleted(True)
    assert shown(await rows(versioned)) == [(KEY.name, first.version, False, False)]
    with pytest.raises(NoSuchBucket):
        await standing.withdraw(Key("missing", "a"))


async def test_no_version_takes_the_place_of_one_that_is_expunged(
    store: Store, versioned: Versions, standing: Standing
) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    assert await standing.expunge(KEY, id_of(second)) == Deleted(True, second.version)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert shown(await rows(versioned)) == [(KEY.name, first.version, False, False)]
    marker = removed(await store.delete(KEY))
    assert await standing.expunge(KEY, marker) == Deleted(True, marker, marker=True)
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert await standing.expunge(KEY, NULL) == Deleted(False)
    third = await put(store, KEY, NEW)
    assert await standing.expunge(KEY, id_of(first)) == Deleted(True, first.version)
    assert [row.meta for row in await rows(versioned)] == [third]


async def test_locks_hold(store: Store, locked: Locks, standing: Standing) -> None:
    first, second = await put(store, KEY, OLD), await put(store, KEY, NEW)
    await locked.set_hold(KEY, id_of(second), held=True)
    with pytest.raises(Locked):
        await standing.expunge(KEY, id_of(second))
    await standing.stand(KEY, id_of(first))
    assert await standing.withdraw(KEY) == Deleted(True)
    with pytest.raises(Locked):
        await standing.expunge(KEY, id_of(second))
    assert await read_version(store, id_of(second)) == NEW


async def test_a_version_without_an_id_that_is_held_goes_on_standing(
    store: Store, versions: Versions, locks: Locks, standing: Standing
) -> None:
    await put(store, KEY, OLD)
    await versions.set_versioning(BUCKET, enabled=True)
    await locks.set_lock(BUCKET, BucketLock())
    await locks.set_hold(KEY, held=True)
    with pytest.raises(Locked):
        await standing.withdraw(KEY)
    assert await read(store, KEY) == OLD
