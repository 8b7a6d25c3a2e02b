"""Locks of a remote: what is asked of it, how its refusals are told, and what is never left to it."""

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT
from gateway.core.errors import ConditionFailed, Denied, Locked, LocksOff, Unavailable, Unsupported
from gateway.core.locks import OBJECT_LOCK, ON, BucketLock, DefaultRetention, Mode, Retention, Unit
from gateway.core.types import Copy, Deleted, Key, Put
from gateway.layers.segmented import Segmented
from gateway.stores.memory import Memory
from tests.conformance.locked import held, id_of, kept, locked_props
from tests.conformance.tools import NEW, OLD, put
from tests.stores.s3.conftest import KEY, OWNER
from tests.support.clock import DAY, SECOND, Clock
from tests.support.faultproxy import Fault, FaultProxy, refusal

LOCKED = "locked"
VERSION = Key(LOCKED, "object")
MIB = 1024 * 1024
FOR_A_DAY = BucketLock(DefaultRetention(Mode.GOVERNANCE, 1, Unit.DAYS))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def locked(store: Segmented) -> Segmented:
    """With a bucket in which versions can be locked."""
    await store.create_bucket(LOCKED, BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()}))
    return store


async def test_the_remote_holds_the_locks(locked: Segmented, memory: Memory, clock: Clock) -> None:
    until = Retention(Mode.COMPLIANCE, clock.ahead(DAY))
    meta = await put(locked, VERSION, OLD, props=locked_props(until, ON))
    theirs = await memory.stat(VERSION)
    assert (kept(theirs), held(theirs)) == (kept(meta), held(meta)) == (until, ON)
    with pytest.raises(Locked, match="legal hold"):
        await locked.delete(VERSION, meta.version)
    await locked.set_hold(VERSION, held=False)
    with pytest.raises(Locked, match="retained"):
        await locked.delete(VERSION, meta.version)
    clock.let_pass(2 * DAY)
    assert await locked.delete(VERSION, meta.version) == Deleted(True, meta.version)


async def test_a_retention_ends_no_earlier_than_was_asked(locked: Segmented, clock: Clock) -> None:
    asked = clock.ahead(DAY) + 1
    expected = Retention(Mode.GOVERNANCE, asked - 1 + SECOND)
    stated = await put(locked, VERSION, OLD, props=locked_props(Retention(Mode.GOVERNANCE, asked)))
    assert kept(stated) == expected
    await put(locked, VERSION, NEW)
    assert kept(await locked.set_retention(VERSION, Retention(Mode.GOVERNANCE, asked))) == expected


async def test_a_large_body_states_its_locks_too(locked: Segmented, memory: Memory, clock: Clock) -> None:
    until = Retention(Mode.GOVERNANCE, clock.ahead(DAY))
    meta = await locked.put(VERSION, BytesBody(bytes(12 * MIB)), Put(props=locked_props(until, ON)))
    assert meta.is_composite
    assert kept(await memory.stat(VERSION)) == until


async def test_a_copy_and_a_rename_begin_without_the_locks_of_their_source(locked: Segmented, clock: Clock) -> None:
    await put(locked, VERSION, OLD, props=locked_props(Retention(Mode.GOVERNANCE, clock.ahead(DAY)), ON))
    copy = await locked.copy(VERSION, Key(LOCKED, "copy"), Copy())
    assert (kept(copy), held(copy)) == (None, None)


async def test_no_lock_is_left_to_a_bucket_that_has_none(store: Segmented, proxy: FaultProxy, clock: Clock) -> None:
    """A remote might pass over what is stated."""
    props = locked_props(Retention(Mode.GOVERNANCE, clock.ahead(DAY)))
    with pytest.raises(LocksOff):
        await put(store, KEY, OLD, props=props)
    with pytest.raises(LocksOff):
        await store.create_upload(KEY, Put(props=props))
    with pytest.raises(LocksOff):
        await store.put(KEY, BytesBody(bytes(12 * MIB)), Put(props=props))
    assert not [line for line in proxy.lines if line.startswith(("PUT", "POST"))]


async def test_writes_that_state_no_lock_ask_nothing_more(locked: Segmented, proxy: FaultProxy) -> None:
    await locked.stat_bucket(LOCKED)
    proxy.heads.clear()
    await put(locked, VERSION, OLD)
    await locked.stat(VERSION)
    assert [line.partition(" ")[0] for line in proxy.lines] == ["PUT", "HEAD", "HEAD"]


async def test_a_denial_that_no_lock_explains_stays_one(locked: Segmented, proxy: FaultProxy) -> None:
    version = id_of(await put(locked, VERSION, OLD))
    proxy.faults.append(Fault(when="^DELETE", answer=refusal(403, "Forbidden", "AccessDenied")))
    proxy.faults.append(Fault(when=r"^PUT \S+[?&]retention", answer=refusal(403, "Forbidden", "AccessDenied")))
    for attempt in (
        locked.delete(VERSION, version),
        locked.set_retention(VERSION, Retention(Mode.GOVERNANCE, 2**62)),
    ):
        with pytest.raises(Denied) as caught:
            await attempt
        assert not isinstance(caught.value, Locked)


async def test_a_remote_that_makes_another_bucket_gets_it_back(store: Segmented, proxy: FaultProxy) -> None:
    """It says that versions can't be locked in the bucket that it has made."""
    missing = refusal(404, "Not Found", "ObjectLockConfigurationNotFoundError")
    proxy.faults.append(Fault(when=r"^GET \S+[?&]object-lock", answer=missing))
    with pytest.raises(Unsupported, match="can't lock"):
        await store.create_bucket(LOCKED, BucketProps(owner=OWNER, system={OBJECT_LOCK: BucketLock().pack()}))
    assert proxy.lines[-1].startswith(f"DELETE /{LOCKED} ")


async def test_nothing_is_tried_in_a_bucket_that_would_keep_it(
    locked: Segmented, memory: Memory, proxy: FaultProxy
) -> None:
    """Whether a remote minds conditions is learned where what is written for that can be removed again."""
    await locked.set_lock(LOCKED, FOR_A_DAY)
    with pytest.raises(Unsupported, match="condition"):
        await put(locked, VERSION, OLD, when=ABSENT)
    assert not [line for line in proxy.lines if "portico-probe" in line]
    await put(locked, KEY, OLD, when=ABSENT)
    await put(locked, VERSION, OLD, when=ABSENT)
    with pytest.raises(ConditionFailed):
        await put(locked, VERSION, NEW, when=ABSENT)


@pytest.mark.parametrize("told", ("GOVERNANCE", "TOMORROW"))
async def test_locks_that_make_no_sense_are_an_error_of_the_remote(
    locked: Segmented, proxy: FaultProxy, told: str
) -> None:
    headers = {
        "Last-Modified": "Sat, 21 Nov 2026 18:00:00 GMT",
        "ETag": '"0"',
        "x-amz-object-lock-mode": told,
        "x-amz-object-lock-retain-until-date": "soon",
    }
    proxy.faults.append(Fault(when="^HEAD", answer=refusal(200, "OK", **headers)))
    with pytest.raises(Unavailable, match="understood"):
        await locked.stat(VERSION)
