"""Versions that nobody removes while they are locked."""

import asyncio

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities import Append, Batch, Locks, Multipart, Rename, Versions, find
from gateway.core.conditions import When
from gateway.core.errors import (
    ConditionFailed,
    DeleteMarker,
    InvalidVersion,
    Locked,
    LocksOff,
    LocksOn,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    NotEmpty,
    RetentionOver,
    StoreError,
    Unsupported,
    VersioningOff,
)
from gateway.core.locks import (
    LEGAL_HOLD,
    OBJECT_LOCK,
    OFF,
    ON,
    RETENTION,
    BucketLock,
    DefaultRetention,
    Mode,
    Retention,
    Unit,
    lock_of,
    retention_of,
)
from gateway.core.store import Store
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
    Versioning,
    VersionRef,
)
from gateway.core.versions import NULL
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OWNER, begun, names, put
from tests.support.clock import DAY, SECOND, Clock

GOVERNANCE, COMPLIANCE = Mode.GOVERNANCE, Mode.COMPLIANCE
FOR_A_DAY = BucketLock(DefaultRetention(GOVERNANCE, 1, Unit.DAYS))
PLAIN = "plain"
UNKNOWN = "0" * 32
OTHER = Key(BUCKET, "other")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def locks(locks: Locks, versions: Versions) -> Locks:
    """With locks in the bucket."""
    await versions.set_versioning(BUCKET, enabled=True)
    await locks.set_lock(BUCKET, BucketLock())
    return locks


def id_of(meta: Meta) -> str:
    assert meta.version is not None
    return meta.version


def kept(meta: Meta) -> Retention | None:
    return retention_of(meta.props.system)


def held(meta: Meta) -> str | None:
    return meta.props.system.get(LEGAL_HOLD)


def locked_props(retention: Retention | None = None, hold: str | None = None) -> Props:
    stated = {} if retention is None else {RETENTION: retention.pack()}
    return Props(system=stated if hold is None else {**stated, LEGAL_HOLD: hold})


async def is_there(store: Store, key: Key, version: str) -> bool:
    try:
        await store.stat(key, version)
    except NoSuchVersion:
        return False
    return True


async def refused(store: Store, versions: Versions, version: str, key: Key = KEY) -> None:
    """See that no way to remove a version gets past its lock."""
    with pytest.raises(Locked):
        await store.delete(key, version)
    (outcome,) = await versions.delete_versions(key.bucket, [VersionRef(key.name, version)])
    assert isinstance(outcome, Locked)
    assert await is_there(store, key, version)


async def test_a_bucket_has_locks_from_the_beginning(store: Store, locks: Locks, versions: Versions) -> None:
    props = BucketProps(owner=OWNER, system={OBJECT_LOCK: FOR_A_DAY.pack()})
    assert await store.create_bucket("locked", props)
    found = await store.stat_bucket("locked")
    assert found.versioning is Versioning.ENABLED
    assert lock_of(found.system) == FOR_A_DAY
    assert (await put(store, Key("locked", "a"))).version is not None


async def test_a_store_that_can_not_lock_makes_no_bucket_with_locks(empty: Store) -> None:
    props = BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()})
    if find(empty, Locks) is not None:
        assert await empty.create_bucket("locked", props)
        return
    with pytest.raises(Unsupported):
        await empty.create_bucket("locked", props)
    with pytest.raises(NoSuchBucket):
        await empty.stat_bucket("locked")


async def test_locks_are_set_in_a_bucket_that_keeps_versions(store: Store, locks: Locks, versions: Versions) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    assert lock_of((await store.stat_bucket(PLAIN)).system) is None
    with pytest.raises(VersioningOff):
        await locks.set_lock(PLAIN, BucketLock())
    await versions.set_versioning(PLAIN, enabled=True)
    await versions.set_versioning(PLAIN, enabled=False)
    with pytest.raises(VersioningOff):
        await locks.set_lock(PLAIN, BucketLock())
    await versions.set_versioning(PLAIN, enabled=True)
    for lock in (FOR_A_DAY, BucketLock()):
        assert lock_of((await locks.set_lock(PLAIN, lock)).system) == lock
        assert lock_of((await store.stat_bucket(PLAIN)).system) == lock
    with pytest.raises(NoSuchBucket):
        await locks.set_lock("missing", BucketLock())


async def test_versioning_is_not_suspended_where_locks_are(store: Store, locks: Locks, versions: Versions) -> None:
    with pytest.raises(LocksOn):
        await versions.set_versioning(BUCKET, enabled=False)
    assert (await versions.set_versioning(BUCKET, enabled=True)).versioning is Versioning.ENABLED
    assert (await store.stat_bucket(BUCKET)).versioning is Versioning.ENABLED


async def test_locks_are_not_changed_as_other_properties_are(store: Store, locks: Locks) -> None:
    until = Retention(COMPLIANCE, (await put(store, KEY)).modified + DAY)
    await locks.set_retention(KEY, until)
    await locks.set_hold(KEY, held=True)
    for name in (RETENTION, LEGAL_HOLD):
        for value in (None, OFF):
            with pytest.raises(Locked):
                await store.update(KEY, PropsChange(system={name: value}))
    with pytest.raises(Locked):
        await store.update_bucket(BUCKET, PropsChange(system={OBJECT_LOCK: None}))
    changed = await store.update(KEY, PropsChange(user={"a": "b"}, replace_user=True, system={"s3:tagging": "a=b"}))
    assert (kept(changed), held(changed)) == (until, ON)
    assert lock_of((await store.update_bucket(BUCKET, PropsChange(user={"a": "b"}))).system) == BucketLock()


async def test_a_lock_makes_no_version_and_is_seen_at_once(store: Store, locks: Locks) -> None:
    first = await put(store, KEY)
    await store.stat(KEY)
    until = Retention(GOVERNANCE, first.modified + DAY)
    for change, expected in (
        (locks.set_retention(KEY, until), (until, None)),
        (locks.set_hold(KEY, held=True), (until, ON)),
        (locks.set_hold(KEY, id_of(first), held=False), (until, OFF)),
        (locks.set_retention(KEY, None, bypass=True), (None, OFF)),
    ):
        changed = await change
        assert (changed.version, changed.modified, changed.etag) == (first.version, first.modified, first.etag)
        for found in (changed, await store.stat(KEY), await store.stat(KEY, first.version)):
            assert (kept(found), held(found)) == expected


@pytest.mark.parametrize("mode", Mode)
async def test_a_retained_version_is_not_removed(
    store: Store, locks: Locks, versions: Versions, clock: Clock, mode: Mode
) -> None:
    """Neither while it stands, nor when it is a former one or lies under a marker; until its time is over."""
    version = id_of(await put(store, KEY))
    await locks.set_retention(KEY, Retention(mode, clock() + DAY))
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


async def test_only_governance_is_bypassed(store: Store, locks: Locks, clock: Clock) -> None:
    first, second = [await put(store, KEY) for _ in range(2)]
    await locks.set_retention(KEY, Retention(GOVERNANCE, clock() + DAY), first.version)
    await locks.set_retention(KEY, Retention(COMPLIANCE, clock() + DAY), second.version)
    assert await locks.delete_governed(KEY, id_of(first)) == Deleted(True, first.version)
    with pytest.raises(Locked):
        await locks.delete_governed(KEY, id_of(second))
    clock.let_pass(2 * DAY)
    assert await locks.delete_governed(KEY, id_of(second)) == Deleted(True, second.version)


async def test_a_bypass_is_a_delete_like_any_other(store: Store, locks: Locks) -> None:
    first, second = [await put(store, KEY) for _ in range(2)]
    with pytest.raises(ConditionFailed):
        await locks.delete_governed(KEY, id_of(second), When(if_match=("other",)))
    assert await locks.delete_governed(KEY, id_of(second), When(if_match=(second.etag,))) == Deleted(
        True, second.version
    )
    assert await store.stat(KEY) == first
    assert await locks.delete_governed(KEY, UNKNOWN) == Deleted(False, UNKNOWN)
    marker = await store.delete(KEY)
    assert await locks.delete_governed(KEY, marker.version or "") == Deleted(True, marker.version, marker=True)
    with pytest.raises(InvalidVersion):
        await locks.delete_governed(KEY, "x")
    with pytest.raises(NoSuchBucket):
        await locks.delete_governed(Key("missing", "a"), UNKNOWN)


async def test_a_hold_keeps_a_version_until_it_is_lifted(
    store: Store, locks: Locks, versions: Versions, clock: Clock
) -> None:
    version = id_of(await put(store, KEY))
    await locks.set_hold(KEY, held=True)
    clock.let_pass(1000 * DAY)
    await refused(store, versions, version)
    with pytest.raises(Locked):
        await locks.delete_governed(KEY, version)
    await locks.set_hold(KEY, version, held=False)
    assert await store.delete(KEY, version) == Deleted(True, version)


async def test_of_many_versions_the_locked_ones_stay(store: Store, locks: Locks, versions: Versions) -> None:
    metas = [await put(store, KEY) for _ in range(4)]
    for meta in metas[::2]:
        await locks.set_hold(KEY, meta.version, held=True)
    done = await versions.delete_versions(BUCKET, [VersionRef(KEY.name, meta.version) for meta in metas])
    assert [type(outcome) for outcome in done] == [Locked, Deleted, Locked, Deleted]
    assert [await is_there(store, KEY, id_of(meta)) for meta in metas] == [True, False, True, False]


async def test_deletes_of_names_go_on(store: Store, locks: Locks, batch: Batch) -> None:
    metas = [await put(store, name) for name in ("a", "b")]
    for meta in metas:
        await locks.set_hold(meta.key, held=True)
    assert all(isinstance(done, Deleted) and done.marker for done in await batch.delete_many(BUCKET, ["a", "b"]))
    assert await names(store) == []
    for meta in metas:
        assert await is_there(store, meta.key, id_of(meta))


async def test_a_time_to_vanish_is_no_way_past_a_lock(
    store: Store, locks: Locks, versions: Versions, clock: Clock
) -> None:
    expires = clock() + DAY
    meta = await put(store, KEY, props=Props(expires=expires))
    await locks.set_hold(KEY, held=True)
    clock.let_pass(2 * DAY)
    await refused(store, versions, id_of(meta))
    done = await store.delete(KEY, when=When(expires=expires))
    assert done.marker
    with pytest.raises(Locked):
        await store.delete(KEY, meta.version, When(past=True))
    await refused(store, versions, id_of(meta))


async def test_a_version_from_before_can_be_locked(store: Store, locks: Locks, versions: Versions) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    key = Key(PLAIN, "object")
    await put(store, key)
    await versions.set_versioning(PLAIN, enabled=True)
    await locks.set_lock(PLAIN, BucketLock())
    await locks.set_hold(key, NULL, held=True)
    await refused(store, versions, NULL, key)
    await put(store, key, NEW)
    await refused(store, versions, NULL, key)


async def test_a_retention_is_extended_and_not_shortened(store: Store, locks: Locks, clock: Clock) -> None:
    await put(store, KEY)
    start = clock()
    for mode in (GOVERNANCE, COMPLIANCE):
        await locks.set_retention(KEY, Retention(mode, start + 2 * DAY), bypass=True)
        for worse in (Retention(mode, start + DAY), None):
            with pytest.raises(Locked):
                await locks.set_retention(KEY, worse)
        assert kept(await store.stat(KEY)) == Retention(mode, start + 2 * DAY)
        await locks.set_retention(KEY, Retention(mode, start + 3 * DAY))
    with pytest.raises(Locked):
        await locks.set_retention(KEY, Retention(GOVERNANCE, start + 4 * DAY), bypass=True)
    clock.let_pass(5 * DAY)
    assert kept(await locks.set_retention(KEY, None)) is None


async def test_what_can_not_be_locked(store: Store, locks: Locks, versions: Versions, clock: Clock) -> None:
    until = Retention(GOVERNANCE, clock() + DAY)
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
            await locks.set_retention(key, until, named)
        with pytest.raises(error):
            await locks.set_hold(key, named, held=True)
    with pytest.raises(RetentionOver):
        await locks.set_retention(KEY, Retention(GOVERNANCE, clock() - SECOND), version)


async def test_a_writer_states_locks(
    store: Store, locks: Locks, versions: Versions, multipart: Multipart, clock: Clock
) -> None:
    until = Retention(COMPLIANCE, clock() + 3 * DAY)
    props = locked_props(until, ON)
    await locks.set_lock(BUCKET, FOR_A_DAY)
    upload = await multipart.create_upload(Key(BUCKET, "parts"), Put(props=props))
    part = await multipart.put_part(upload.key, upload.id, 1, BytesBody(b"part"))
    made = [
        await put(store, "put", props=props),
        await store.copy(Key(BUCKET, "put"), Key(BUCKET, "copy"), Copy(props=props)),
        await multipart.complete_upload(upload.key, upload.id, [PartRef(1, part.etag)]),
    ]
    for meta in made:
        assert (kept(meta), held(meta)) == (until, ON)
        await refused(store, versions, id_of(meta), meta.key)


async def test_what_a_writer_can_not_state(store: Store, locks: Locks, multipart: Multipart, clock: Clock) -> None:
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    await put(store, KEY)
    later, over = (Retention(GOVERNANCE, clock() + step) for step in (DAY, -SECOND))
    for bucket, props, error in (
        (PLAIN, locked_props(later), LocksOff),
        (PLAIN, locked_props(hold=OFF), LocksOff),
        (BUCKET, locked_props(over), RetentionOver),
    ):
        key = Key(bucket, "stated")
        for attempt in (
            put(store, key, props=props),
            store.copy(KEY, key, Copy(props=props)),
            multipart.create_upload(key, Put(props=props)),
        ):
            with pytest.raises(error):
                await attempt
    assert await names(store, PLAIN) == []
    assert await names(store) == [KEY.name]


async def test_new_versions_have_the_retention_of_their_bucket(
    store: Store, locks: Locks, appender: Append, multipart: Multipart, renamer: Rename, clock: Clock
) -> None:
    old = await put(store, "old")
    upload, refs = await begun(multipart, Key(BUCKET, "parts"), [b"part"])
    await locks.set_lock(BUCKET, FOR_A_DAY)
    clock.let_pass(DAY)
    before = clock()
    made = [
        await put(store, "put"),
        await put(store, "held", props=locked_props(hold=ON)),
        await appender.append(Key(BUCKET, "appended"), BytesBody(b"new"), Put()),
        await appender.append(Key(BUCKET, "put"), BytesBody(b"more"), Put()),
        await multipart.complete_upload(Key(BUCKET, "parts"), upload, refs),
        await store.copy(old.key, Key(BUCKET, "copy"), Copy()),
        await store.copy(old.key, Key(BUCKET, "described"), Copy(props=Props(user={"a": "b"}))),
        await renamer.rename(old.key, Key(BUCKET, "renamed")),
    ]
    after = clock()
    for meta in made:
        found = kept(meta)
        assert found is not None
        assert found.mode is GOVERNANCE
        assert before + DAY <= found.until <= after + DAY + SECOND
        assert kept(await store.stat(meta.key, meta.version)) == found
    assert kept(await store.stat(old.key, old.version)) is None


async def test_a_lock_is_of_one_version(
    store: Store, locks: Locks, versions: Versions, appender: Append, renamer: Rename, clock: Clock
) -> None:
    """What is made of a locked version begins unlocked, here and in a bucket without locks, and the version stays."""
    await store.create_bucket(PLAIN, BucketProps(owner=OWNER))
    tagged = {"s3:tagging": "a=b"}
    props = locked_props(Retention(COMPLIANCE, clock() + DAY), ON)
    props = Props(user={"a": "b"}, system={**props.system, **tagged})
    for name in ("copied", "appended", "renamed", "moved", "dir/a", "dir/b"):
        await put(store, name, props=props)
    source = await store.stat(Key(BUCKET, "copied"))
    made = [
        await store.copy(source.key, OTHER, Copy()),
        await store.copy(source.key, Key(PLAIN, "copy"), Copy()),
        await appender.append(Key(BUCKET, "appended"), BytesBody(b"more"), Put()),
        await renamer.rename(Key(BUCKET, "renamed"), Key(BUCKET, "new name")),
        await renamer.rename(Key(BUCKET, "moved"), Key(PLAIN, "moved")),
    ]
    assert await renamer.rename_prefix(Key(BUCKET, "dir/"), Key(PLAIN, "dir/")) == 2
    made += [await store.stat(Key(PLAIN, name)) for name in ("dir/a", "dir/b")]
    for meta in made:
        assert (meta.props.user, dict(meta.props.system)) == ({"a": "b"}, tagged)
    assert await store.stat(source.key, source.version) == source
    await refused(store, versions, id_of(source), source.key)


async def test_a_bucket_goes_when_nothing_is_left_in_it(store: Store, locks: Locks, clock: Clock) -> None:
    key = Key("locked", "object")
    await store.create_bucket("locked", BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()}))
    meta = await put(store, key)
    await locks.set_retention(key, Retention(COMPLIANCE, clock() + DAY))
    marker = await store.delete(key)
    assert await store.delete(key, marker.version) == Deleted(True, marker.version, marker=True)
    with pytest.raises(NotEmpty):
        await store.delete_bucket("locked")
    clock.let_pass(2 * DAY)
    await store.delete(key, meta.version)
    await store.delete_bucket("locked")
    with pytest.raises(NoSuchBucket):
        await store.stat_bucket("locked")


async def test_locks_stay_when_their_bucket_gets_another_name(
    store: Store, locks: Locks, versions: Versions, renamer: Rename
) -> None:
    key = Key("locked", "object")
    await store.create_bucket("locked", BucketProps(owner=OWNER, system={OBJECT_LOCK: FOR_A_DAY.pack()}))
    meta = await put(store, key)
    await renamer.rename_bucket("locked", "renamed")
    assert lock_of((await store.stat_bucket("renamed")).system) == FOR_A_DAY
    await refused(store, versions, id_of(meta), Key("renamed", "object"))


async def test_of_a_hold_and_a_delete_one_wins(store: Store, locks: Locks, versions: Versions) -> None:
    metas = [await put(store, f"{number}") for number in range(24)]

    async def outcome(number: int, meta: Meta) -> tuple[object, object]:
        hold, delete = locks.set_hold(meta.key, meta.version, held=True), store.delete(meta.key, meta.version)
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


async def test_of_racing_retentions_none_is_shortened(store: Store, locks: Locks, clock: Clock) -> None:
    await put(store, KEY)
    start = clock()
    wanted = [Retention(COMPLIANCE, start + (1 + number * 7 % 16) * DAY) for number in range(16)]
    results = await asyncio.gather(*[locks.set_retention(KEY, until) for until in wanted], return_exceptions=True)
    assert all(isinstance(result, Meta | Locked) for result in results)
    assert not any(isinstance(result, StoreError) and not isinstance(result, Locked) for result in results)
    assert kept(await store.stat(KEY)) == max(wanted, key=lambda until: until.until)
