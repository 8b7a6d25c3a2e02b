"""Large objects in a bucket with locks: what is locked is the manifest, under the ETag and the size that it shows."""

from collections.abc import AsyncIterator

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, Locked
from gateway.core.locks import OBJECT_LOCK, OF_VERSIONS, BucketLock, Mode, Retention
from gateway.core.manifest import Segment
from gateway.core.types import Copy, Deleted, Key, Meta, Put
from gateway.layers.manifests import LargeObjects
from gateway.stores.memory import Memory
from tests.support.clock import DAY, Clock
from tests.support.manifests import assembling

LARGE = Key("locked", "large")
DATA = b"segment" * 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def store() -> AsyncIterator[LargeObjects]:
    layer = assembling(Memory())
    await layer.start()
    await layer.create_bucket("plain", BucketProps(owner="me"))
    await layer.create_bucket("locked", BucketProps(owner="me", system={OBJECT_LOCK: BucketLock().pack()}))
    yield layer
    await layer.aclose()


async def large(store: LargeObjects) -> Meta:
    meta = await store.put(Key("plain", "part"), BytesBody(DATA), Put())
    part = Segment(container="plain", name="part", size=len(DATA), etag=meta.etag)
    await store.put_manifest(LARGE, [part, part], Put())
    return await store.stat(LARGE)


async def test_a_lock_is_told_of_the_large_object(store: LargeObjects, clock: Clock) -> None:
    made = await large(store)
    until = Retention(Mode.GOVERNANCE, clock() + DAY)
    for changed in (await store.set_retention(LARGE, until), await store.set_hold(LARGE, made.version, held=True)):
        assert (changed.size, changed.etag, changed.version) == (2 * len(DATA), made.etag, made.version)
    with pytest.raises(Locked):
        await store.delete(LARGE, made.version)


async def test_a_bypass_minds_the_etag_that_is_shown(store: LargeObjects, clock: Clock) -> None:
    made = await large(store)
    await store.set_retention(LARGE, Retention(Mode.GOVERNANCE, clock() + DAY))
    version = made.version or ""
    with pytest.raises(ConditionFailed):
        await store.delete_governed(LARGE, version, When(if_match=("other",)))
    assert await store.delete_governed(LARGE, version, When(if_match=(made.etag,))) == Deleted(True, version)


async def test_copies_of_a_locked_one_are_not_locked(store: LargeObjects) -> None:
    made = await large(store)
    await store.set_hold(LARGE, held=True)
    for target in (LARGE, Key("locked", "copy"), Key("plain", "copy")):
        copied = await store.copy(LARGE, target, Copy(source_version=made.version))
        assert copied.size == 2 * len(DATA)
        assert OF_VERSIONS.isdisjoint(copied.props.system)
    with pytest.raises(Locked):
        await store.delete(LARGE, made.version)
