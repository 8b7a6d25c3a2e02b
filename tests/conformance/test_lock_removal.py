"""What keeps locked versions from being removed, and what does not."""

import asyncio

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.objects import Batch
from gateway.core.capabilities.versions import Locks, Versions
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, InvalidVersion, Locked, NoSuchBucket, NoSuchVersion, NotEmpty
from gateway.core.locks import OBJECT_LOCK, ON, BucketLock, Mode, Retention
from gateway.core.store import Store
from gateway.core.types import Deleted, Key, Meta, Props
from gateway.core.versions import NULL, VersionRef
from tests.conformance.locked import COMPLIANCE, GOVERNANCE, PLAIN, UNKNOWN, held, id_of, is_there, refused
from tests.conformance.tools import BUCKET, KEY, NEW, OWNER, names, put
from tests.support.clock import DAY, SECOND, Clock


@pytest.mark.parametrize("mode", Mode)
async def test_a_retained_version_is_not_removed(
    store: Store, locked: Locks, versions: Versions, clock: Clock, mode: Mode
) -> None:
    """Neither while it stands, nor when it is a former one or lies under a marker; until its time is over."""
    version = id_of(await put(store, KEY))
    await locked.set_retention(KEY, Retention(mode, clock.ahead(DAY)))
    await refused(store, versions, version)
    newer = await put(store, KEY, NEW)
    await refused(store, versions, version)
    assert await store.delete(KEY, newer.version) == Deleted(True, newer.version)
    deleted = await store.delete(KEY)
    assert deleted.marker
    await refused(store, versions, version)
    clock.let_pass(DAY - 60 * SECOND)
    await refused(store, versions, version)
    clock.let_pass(61 * SECOND)
    assert await store.delete(KEY, version) == Deleted(True, version)
    assert not await is_there(store, KEY, version)


async def test_only_governance_is_bypassed(store: Store, locked: Locks, clock: Clock) -> None:
    first, second = [await put(store, KEY) for _ in range(2)]
    await locked.set_retention(KEY, Retention(GOVERNANCE, clock.ahead(DAY)), first.version)
    await locked.set_retention(KEY, Retention(COMPLIANCE, clock.ahead(DAY)), second.version)
    assert await locked.delete_governed(KEY, id_of(first)) == Deleted(True, first.version)
    with pytest.raises(Locked):
        await locked.delete_governed(KEY, id_of(second))
    clock.let_pass(2 * DAY)
    assert await locked.delete_governed(KEY, id_of(second)) == Deleted(True, second.version)


async def test_a_bypass_is_a_delete_like_any_other(store: Store, locked: Locks) -> None:
    first, second = [await put(store, KEY) for _ in range(2)]
    with pytest.raises(ConditionFailed):
        await locked.delete_governed(KEY, id_of(second), When(if_match=("other",)))
    assert await locked.delete_governed(KEY, id_of(second), When(if_match=(second.etag,))) == Deleted(
        True, second.version
    )
    assert await store.stat(KEY) == first
    assert await locked.delete_governed(KEY, UNKNOWN) == Deleted(False, UNKNOWN)
    marker = await store.delete(KEY)
    assert await locked.delete_governed(KEY, marker.version or "") == Deleted(True, marker.version, marker=True)
    with pytest.raises(InvalidVersion):
        await locked.delete_governed(KEY, "x")
    with pytest.raises(NoSuchBucket):
        await locked.delete_governed(Key("missing", "a"), UNKNOWN)


async def test_a_hold_keeps_a_version_until_it_is_lifted(
    store: Store, locked: Locks, versions: Versions, clock: Clock
) -> None:
    version = id_of(await put(store, KEY))
    await locked.set_hold(KEY, held=True)
    clock.let_pass(1000 * DAY)
    await refused(store, versions, version)
    with pytest.raises(Locked):
        await locked.delete_governed(KEY, version)
    await locked.set_hold(KEY, version, held=False)
    assert await store.delete(KEY, version) == Deleted(True, version)


async def test_of_many_versions_the_locked_ones_stay(store: Store, locked: Locks, versions: Versions) -> None:
    metas = [await put(store, KEY) for _ in range(4)]
    for meta in metas[::2]:
        await locked.set_hold(KEY, meta.version, held=True)
    done = await versions.delete_versions(BUCKET, [VersionRef(KEY.name, meta.version) for meta in metas])
    assert [type(outcome) for outcome in done] == [Locked, Deleted, Locked, Deleted]
    assert [await is_there(store, KEY, id_of(meta)) for meta in metas] == [True, False, True, False]


async def test_deletes_of_names_go_on(store: Store, locked: Locks, batch: Batch) -> None:
    metas = [await put(store, name) for name in ("a", "b")]
    for meta in metas:
        await locked.set_hold(meta.key, held=True)
    assert all(isinstance(done, Deleted) and done.marker for done in await batch.delete_many(BUCKET, ["a", "b"]))
    assert await names(store) == []
    for meta in metas:
        assert await is_there(store, meta.key, id_of(meta))


async def test_a_time_to_vanish_is_no_way_past_a_lock(
    store: Store, locked: Locks, versions: Versions, clock: Clock
) -> None:
    expires = clock() + DAY
    meta = await put(store, KEY, props=Props(expires=expires))
    await locked.set_hold(KEY, held=True)
    clock.let_pass(2 * DAY)
    await refused(store, versions, id_of(meta))
    done = await store.delete(KEY, when=When(expires=expires))
    assert done.marker
    with pytest.raises(Locked):
        await store.delete(KEY, meta.version, When(past=True))
    await refused(store, versions, id_of(meta))


async def test_a_version_from_before_can_be_locked(store: Store, locked: Locks, versions: Versions) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    key = Key(PLAIN, "object")
    await put(store, key)
    await versions.set_versioning(PLAIN, enabled=True)
    await locked.set_lock(PLAIN, BucketLock())
    await locked.set_hold(key, NULL, held=True)
    await refused(store, versions, NULL, key)
    await put(store, key, NEW)
    await refused(store, versions, NULL, key)


async def test_a_bucket_goes_when_nothing_is_left_in_it(store: Store, locked: Locks, clock: Clock) -> None:
    key = Key("locked", "object")
    await store.create_bucket("locked", BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()}))
    meta = await put(store, key)
    await locked.set_retention(key, Retention(COMPLIANCE, clock.ahead(DAY)))
    marker = await store.delete(key)
    assert await store.delete(key, marker.version) == Deleted(True, marker.version, marker=True)
    with pytest.raises(NotEmpty):
        await store.delete_bucket("locked")
    clock.let_pass(2 * DAY)
    await store.delete(key, meta.version)
    await store.delete_bucket("locked")
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket("locked")


async def test_of_a_hold_and_a_delete_one_wins(store: Store, locked: Locks, versions: Versions) -> None:
    metas = [await put(store, f"{number}") for number in range(24)]

    async def outcome(number: int, meta: Meta) -> tuple[object, object]:
        hold, delete = locked.set_hold(meta.key, meta.version, held=True), store.delete(meta.key, meta.version)
        tasks = (hold, delete) if number % 2 else (delete, hold)
        first, second = await asyncio.gather(*tasks, return_exceptions=True)
        return (first, second) if number % 2 else (second, first)

    outcomes = await asyncio.gather(*[outcome(*row) for row in enumerate(metas)])
    for meta, (hold, delete) in zip(metas, outcomes, strict=True):
        if isinstance(delete, Deleted):
            assert isinstance(hold, NoSuchVersion)
            assert not await is_there(store, meta.key, id_of(meta))
        else:
            assert isinstance(delete, Locked)
            assert isinstance(hold, Meta)
            assert held(await store.stat(meta.key, meta.version)) == ON
