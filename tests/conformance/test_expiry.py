"""Objects that vanish at a time of their own."""

import time
from contextlib import suppress

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ABSENT, SECOND, When
from gateway.core.errors import BadRequest, ConditionFailed, NoSuchKey, NotEmpty, StoreError, Unsupported
from gateway.core.expiry import NEVER
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Expired, Key, Meta, Props, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import NULL
from tests.conformance.tools import BUCKET, KEY, MISSING, NEW, OLD, count, names, put, read, rows
from tests.support.waiting import eventually

LATER = (time.time_ns() // SECOND + 3600) * SECOND


async def is_gone(store: Store, key: Key) -> bool:
    try:
        await store.stat(key)
    except NoSuchKey:
        return True
    return False


async def put_for(store: Store, key: Key, data: bytes, *times: int) -> int:
    """An object whose time comes in so many seconds: the first that the store does not find past. Returns the time."""
    for seconds in times:
        expires = (time.time_ns() // SECOND + seconds) * SECOND
        with suppress(BadRequest):
            await put(store, key, data, props=Props(expires=expires))
            return expires
    raise AssertionError("the store takes none of these times")


async def put_vanished(store: Store, key: Key = KEY, data: bytes = OLD) -> int:
    """An object whose time has come. What takes no such time is given one that comes soon. Returns the time."""
    expires = await put_for(store, key, data, -1, 2, 10)
    if expires > time.time_ns():
        await eventually(lambda: is_gone(store, key))
    return expires


async def test_a_store_keeps_times_to_vanish_or_refuses_them(store: Store) -> None:
    props = Props(content_type="text/plain", expires=LATER)
    if store.caps.expires:
        written = await put(store, KEY, props=props)
        assert (await store.stat(KEY)).expires == written.expires == LATER
        await store.delete(KEY)
        return
    await put(store, KEY)
    for attempt in (
        put(store, KEY, NEW, props=props),
        store.copy(KEY, MISSING, Copy(props=props)),
        store.update(KEY, PropsChange(expires=LATER)),
    ):
        with pytest.raises(Unsupported, match="vanish"):
            await attempt
    assert [await names(store), await read(store, KEY)] == [["object"], OLD]


async def test_what_has_vanished_is_gone_for_every_reader(store: Store) -> None:
    await put_vanished(store)
    attempts = (
        store.stat(KEY),
        store.stat(KEY, NULL),
        read(store, KEY),
        store.update(KEY, PropsChange(expires=LATER)),
        store.copy(KEY, MISSING, Copy()),
    )
    for attempt in attempts:
        with pytest.raises(NoSuchKey):
            await attempt
    assert await names(store) in (["object"], [])  # Swift's own listing may have lost it already
    await store.delete(KEY)


async def test_until_it_is_removed_it_is_listed_and_counted(store: Store, expiring: Expiring) -> None:
    await put_vanished(store)
    assert [(row.name, row.size) for row in await rows(store)] == [("object", len(OLD))]
    assert await count(store) == (1, len(OLD))
    with pytest.raises(NotEmpty):
        await store.delete_bucket(BUCKET)
    assert await store.delete(KEY) == Deleted(False)
    assert (await names(store), await count(store)) == ([], (0, 0))


async def test_a_read_that_began_before_goes_on(store: Store) -> None:
    await put(store, KEY)
    async with store.open(KEY) as reader:
        await put_vanished(store)
        assert b"".join([chunk async for chunk in reader.chunks()]) == OLD
    await store.delete(KEY)


async def test_one_that_was_read_vanishes_like_any_other(store: Store) -> None:
    """What caches hold of it does not outlive it."""
    expires = await put_for(store, KEY, OLD, 2, 10)
    with suppress(NoSuchKey):  # its time may come before a slow machine gets so far
        assert await read(store, KEY) == OLD
        assert (await store.stat(KEY)).expires == expires
        await eventually(lambda: is_gone(store, KEY))
    assert time.time_ns() >= expires
    with pytest.raises(NoSuchKey):
        await read(store, KEY)
    await store.delete(KEY)


async def test_its_name_is_free_for_writers(store: Store) -> None:
    await put_vanished(store)
    with pytest.raises(ConditionFailed):
        await put(store, KEY, NEW, when=When(if_match=("*",)))
    written = await put(store, KEY, NEW, when=ABSENT)
    assert written.expires is None
    assert await read(store, KEY) == NEW
    assert await count(store) == (1, len(NEW))


async def test_an_append_begins_anew(store: Store, appender: Append) -> None:
    await put_vanished(store)
    await appender.append(KEY, BytesBody(NEW), Put())
    assert await read(store, KEY) == NEW
    assert (await store.stat(KEY)).expires is None


async def test_a_change_sets_keeps_and_removes_the_time(store: Store) -> None:
    await put(store, KEY)
    assert (await store.update(KEY, PropsChange(expires=LATER))).expires == LATER
    assert (await store.update(KEY, PropsChange(user={"a": "b"}))).expires == LATER
    assert (await store.copy(KEY, MISSING, Copy())).expires == LATER
    assert (await store.update(KEY, PropsChange(expires=NEVER))).expires is None
    assert [(await store.stat(key)).expires for key in (KEY, MISSING)] == [None, LATER]
    assert (await store.copy(MISSING, KEY, Copy(props=Props()))).expires is None


async def test_a_completed_upload_has_the_time_of_its_beginning(store: Store, multipart: Multipart) -> None:
    if not store.caps.expires:
        with pytest.raises(Unsupported):
            await multipart.create_upload(KEY, Put(props=Props(expires=LATER)))
        return
    upload = await multipart.create_upload(KEY, Put(props=Props(expires=LATER)))
    part = await multipart.put_part(KEY, upload.id, 1, BytesBody(OLD))
    made = await multipart.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
    assert made.expires == (await store.stat(KEY)).expires == LATER


async def test_what_is_due_is_told_in_order_and_by_pages(store: Store, expiring: Expiring) -> None:
    times = {"b": 3 * SECOND, "a": 5 * SECOND, "c": 3 * SECOND, "d": 4 * SECOND, "later": LATER}
    for name, expires in times.items():
        await put(store, name, props=Props(expires=expires))
    await put(store, "stays")
    order = [Expired(Key(BUCKET, name), times[name]) for name in ("b", "c", "d", "a")]
    now = time.time_ns()
    assert list(await expiring.expired(now)) == order
    assert list(await expiring.expired(4 * SECOND)) == order[:3]
    assert list(await expiring.expired(4 * SECOND - 1)) == order[:2]
    assert list(await expiring.expired(LATER))[-1].expires == LATER
    found: list[Expired] = []
    while page := await expiring.expired(now, after=found[-1] if found else None, limit=2):
        found += page
    assert found == order
    for name in times:
        await store.delete(Key(BUCKET, name))
    assert not await expiring.expired(LATER)


async def test_it_is_removed_if_it_is_still_the_one_that_was_due(store: Store, expiring: Expiring) -> None:
    due = When(expires=await put_vanished(store))
    await put(store, KEY, NEW)
    for props in (Props(), Props(expires=LATER)):
        await put(store, KEY, NEW, props=props)
        with pytest.raises(ConditionFailed):
            await store.delete(KEY, when=due)
        assert await read(store, KEY) == NEW
    due = When(expires=await put_vanished(store))
    assert await store.delete(KEY, when=due) == Deleted(True)
    assert (await names(store), await count(store)) == ([], (0, 0))
    with pytest.raises(ConditionFailed) as failed:
        await store.delete(KEY, when=due)
    assert failed.value.missing


async def test_renames_take_it_along(store: Store, expiring: Expiring, renamer: Rename, versions: Versions) -> None:
    for enabled in (None, True):
        if enabled:
            await versions.set_versioning(BUCKET, enabled=enabled)
        expires = await put_vanished(store, Key(BUCKET, "from/a"))
        await put(store, "from/b")
        assert await renamer.rename_prefix(Key(BUCKET, "from/"), Key(BUCKET, "to/")) == 2
        with pytest.raises(NoSuchKey):
            await renamer.rename(Key(BUCKET, "to/a"), KEY)
        assert list(await expiring.expired(time.time_ns())) == [Expired(Key(BUCKET, "to/a"), expires)]
        for name in ("to/a", "to/b"):
            await store.delete(Key(BUCKET, name))


async def test_a_batch_does_not_find_it(store: Store, expiring: Expiring, batch: Batch) -> None:
    await put_vanished(store)
    assert list(await batch.delete_many(BUCKET, ["object"])) == [Deleted(False)]
    assert await names(store) == []


async def test_it_stays_as_a_version(store: Store, expiring: Expiring, versions: Versions) -> None:
    await versions.set_versioning(BUCKET, enabled=True)
    expires = await put_vanished(store)
    version = (await only_version(store, versions)).version
    with pytest.raises(NoSuchKey):
        await store.stat(KEY)
    assert (await store.stat(KEY, version)).expires == expires
    deleted = await store.delete(KEY, when=When(expires=expires))
    assert (deleted.existed, deleted.marker) == (True, True)
    assert not await expiring.expired(LATER)
    assert (await store.stat(KEY, version)).expires == expires


async def only_version(store: Store, versions: Versions) -> Meta:
    (found,) = await rows(store)
    return found


async def test_a_version_that_stands_again_is_no_past_one(store: Store, versions: Versions) -> None:
    await versions.set_versioning(BUCKET, enabled=True)
    first, second = await put(store, KEY), await put(store, KEY, NEW)
    past = When(past=True)
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, second.version, past)
    await store.delete(KEY, second.version)
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, first.version, past)
    assert await read(store, KEY) == OLD
    marker = await store.delete(KEY)
    assert (await store.delete(KEY, first.version, past)).existed
    with pytest.raises(StoreError):
        await store.stat(KEY, first.version)
    await store.delete(KEY, marker.version)
