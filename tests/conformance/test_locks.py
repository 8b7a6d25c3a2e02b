"""Buckets in which versions can be locked, and how the locks on versions change."""

import asyncio

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities.objects import Rename
from gateway.core.capabilities.versions import Locks, Versions
from gateway.core.errors import (
    DeleteMarker,
    InvalidVersion,
    Locked,
    LocksOff,
    LocksOn,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    RetentionOver,
    StoreError,
    Unsupported,
    VersioningOff,
)
from gateway.core.locks import LEGAL_HOLD, OBJECT_LOCK, OFF, ON, RETENTION, BucketLock, Retention, lock_of
from gateway.core.store import Store
from gateway.core.types import Key, Meta, PropsChange
from gateway.core.versions import Versioning
from tests.conformance.locked import COMPLIANCE, FOR_A_DAY, GOVERNANCE, PLAIN, UNKNOWN, held, id_of, kept, refused
from tests.conformance.tools import BUCKET, KEY, MISSING, OWNER, put
from tests.support.clock import DAY, SECOND, Clock


async def test_a_bucket_has_locks_from_the_beginning(store: Store, locked: Locks, versions: Versions) -> None:
    props = BucketProps(owner=OWNER, system={OBJECT_LOCK: FOR_A_DAY.pack()})
    assert await store.create_bucket("locked", props)
    found = await store.stat_bucket("locked")
    assert found.versioning is Versioning.ENABLED
    assert lock_of(found.system) == FOR_A_DAY
    assert (await put(store, Key("locked", "a"))).version is not None


async def test_a_bucket_with_locks_is_made_so_or_not_at_all(empty: Store) -> None:
    props = BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()})
    try:
        assert await empty.create_bucket("locked", props)
    except Unsupported:
        with pytest.raises(NoSuchBucket):
            await empty.stat_bucket("locked")
    else:
        assert lock_of((await empty.stat_bucket("locked")).system) == BucketLock()


async def test_locks_are_set_in_a_bucket_that_keeps_versions(store: Store, locked: Locks, versions: Versions) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    assert lock_of((await store.stat_bucket(PLAIN)).system) is None
    with pytest.raises(VersioningOff):
        await locked.set_lock(PLAIN, BucketLock())
    await versions.set_versioning(PLAIN, enabled=True)
    await versions.set_versioning(PLAIN, enabled=False)
    with pytest.raises(VersioningOff):
        await locked.set_lock(PLAIN, BucketLock())
    await versions.set_versioning(PLAIN, enabled=True)
    for lock in (FOR_A_DAY, BucketLock()):
        assert lock_of((await locked.set_lock(PLAIN, lock)).system) == lock
        assert lock_of((await store.stat_bucket(PLAIN)).system) == lock
    with pytest.raises(NoSuchBucket):
        await locked.set_lock("missing", BucketLock())


async def test_versioning_is_not_suspended_where_locks_are(store: Store, locked: Locks, versions: Versions) -> None:
    with pytest.raises(LocksOn):
        await versions.set_versioning(BUCKET, enabled=False)
    assert (await versions.set_versioning(BUCKET, enabled=True)).versioning is Versioning.ENABLED
    assert (await store.stat_bucket(BUCKET)).versioning is Versioning.ENABLED


async def test_locks_are_not_changed_as_other_properties_are(store: Store, locked: Locks) -> None:
    until = Retention(COMPLIANCE, (await put(store, KEY)).modified + DAY)
    await locked.set_retention(KEY, until)
    await locked.set_hold(KEY, held=True)
    for name in (RETENTION, LEGAL_HOLD):
        for value in (None, OFF):
            with pytest.raises(Locked):
                await store.update(KEY, PropsChange(system={name: value}))
    with pytest.raises(Locked):
        await store.update_bucket(BUCKET, PropsChange(system={OBJECT_LOCK: None}))
    changed = await store.update(KEY, PropsChange(user={"a": "b"}, replace_user=True, system={"s3:tagging": "a=b"}))
    assert (kept(changed), held(changed)) == (until, ON)
    assert lock_of((await store.update_bucket(BUCKET, PropsChange(user={"a": "b"}))).system) == BucketLock()


async def test_a_lock_makes_no_version_and_is_seen_at_once(store: Store, locked: Locks) -> None:
    first = await put(store, KEY)
    await store.stat(KEY)
    until = Retention(GOVERNANCE, first.modified + DAY)
    for change, expected in (
        (locked.set_retention(KEY, until), (until, None)),
        (locked.set_hold(KEY, held=True), (until, ON)),
        (locked.set_hold(KEY, id_of(first), held=False), (until, OFF)),
        (locked.set_retention(KEY, None, bypass=True), (None, OFF)),
    ):
        changed = await change
        assert (changed.version, changed.modified, changed.etag) == (first.version, first.modified, first.etag)
        for found in (changed, await store.stat(KEY), await store.stat(KEY, first.version)):
            assert (kept(found), held(found)) == expected


async def test_a_retention_is_extended_and_not_shortened(store: Store, locked: Locks, clock: Clock) -> None:
    await put(store, KEY)
    start = clock.ahead(0)
    for mode in (GOVERNANCE, COMPLIANCE):
        await locked.set_retention(KEY, Retention(mode, start + 2 * DAY), bypass=True)
        for worse in (Retention(mode, start + DAY), None):
            with pytest.raises(Locked):
                await locked.set_retention(KEY, worse)
        assert kept(await store.stat(KEY)) == Retention(mode, start + 2 * DAY)
        await locked.set_retention(KEY, Retention(mode, start + 3 * DAY))
    with pytest.raises(Locked):
        await locked.set_retention(KEY, Retention(GOVERNANCE, start + 4 * DAY), bypass=True)
    clock.let_pass(5 * DAY)
    assert kept(await locked.set_retention(KEY, None)) is None


async def test_what_can_not_be_locked(store: Store, locked: Locks, versions: Versions, clock: Clock) -> None:
    until = Retention(GOVERNANCE, clock.ahead(DAY))
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    await put(store, Key(PLAIN, "object"))
    version = id_of(await put(store, KEY))
    marker = await store.delete(KEY)
    for key, named, error in (
        (MISSING, None, NoSuchKey),
        (MISSING, UNKNOWN, NoSuchVersion),
        (KEY, None, DeleteMarker),
        (KEY, marker.version, DeleteMarker),
        (KEY, "x", InvalidVersion),
        (Key(PLAIN, "object"), None, LocksOff),
        (Key("missing", "object"), None, NoSuchBucket),
    ):
        with pytest.raises(error):
            await locked.set_retention(key, until, named)
        with pytest.raises(error):
            await locked.set_hold(key, named, held=True)
    with pytest.raises(RetentionOver):
        await locked.set_retention(KEY, Retention(GOVERNANCE, clock() - SECOND), version)


async def test_locks_stay_when_their_bucket_gets_another_name(
    store: Store, locked: Locks, versions: Versions, renamer: Rename
) -> None:
    key = Key("locked", "object")
    await store.create_bucket("locked", BucketProps(owner=OWNER, system={OBJECT_LOCK: FOR_A_DAY.pack()}))
    meta = await put(store, key)
    await renamer.rename_bucket("locked", "renamed")
    assert lock_of((await store.stat_bucket("renamed")).system) == FOR_A_DAY
    await refused(store, versions, id_of(meta), Key("renamed", "object"))


async def test_of_racing_retentions_none_is_shortened(store: Store, locked: Locks, clock: Clock) -> None:
    await put(store, KEY)
    start = clock.ahead(0)
    wanted = [Retention(COMPLIANCE, start + (1 + number * 7 % 16) * DAY) for number in range(16)]
    results = await asyncio.gather(*[locked.set_retention(KEY, until) for until in wanted], return_exceptions=True)
    assert all(isinstance(result, Meta | Locked) for result in results)
    assert not any(isinstance(result, StoreError) and not isinstance(result, Locked) for result in results)
    assert kept(await store.stat(KEY)) == max(wanted, key=lambda until: until.until)
