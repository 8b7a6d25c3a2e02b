"""What is kept of a bucket whose former versions go to another, by whatever method it is changed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from gateway.core import ops, quotas
from gateway.core.archives import LOCATION, MODE, Mode, past_name
from gateway.core.body import BytesBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed, NotArchived, StoreError, VersionsArchived
from gateway.core.types import Copy, Key, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import Versioning, VersionRef
from gateway.layers.archived import Archived
from gateway.layers.quotas import Quotas
from gateway.stores.memory import Memory

BOX, PAST = "box", "past"
KEY = Key(BOX, "thing")


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture(params=tuple(Mode))
async def store(request: pytest.FixtureRequest, memory: Memory) -> AsyncIterator[Archived]:
    store = Archived(memory)
    await store.start()
    await store.create_bucket(PAST, BucketProps(owner="owner"))
    system = {LOCATION: PAST, MODE: request.param}
    await store.create_bucket(BOX, BucketProps(owner="owner", system=system))
    yield store
    await store.aclose()


async def put(store: Archived, *bodies: bytes, key: Key = KEY) -> None:
    for body in bodies:
        await store.put(key, BytesBody(body), Put())


async def past(store: Archived) -> list[bytes]:
    """What lies in the archive, from the oldest on."""
    found = []
    async for row in ops.each(store, PAST):
        async with store.open(Key(PAST, row.name)) as reader:
            found.append(b"".join([chunk async for chunk in reader.chunks()]))
    return found


async def slowly(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


async def test_each_way_of_writing_keeps_what_stood(store: Archived) -> None:
    await put(store, b"1", b"2")
    await store.append(KEY, BytesBody(b"+"), Put())
    upload = await store.create_upload(KEY, Put())
    await store.put_part(KEY, upload.id, 1, BytesBody(b"4"))
    await store.complete_upload(KEY, upload.id, [PartRef(1)])
    other = Key(PAST, "other")
    await store.put(other, BytesBody(b"5"), Put())
    await store.copy(other, KEY, Copy())
    await store.delete(other)
    assert await past(store) == [b"1", b"2", b"2+", b"4"]


async def test_a_change_of_properties_keeps_nothing(store: Archived) -> None:
    await put(store, b"1")
    await store.update(KEY, PropsChange(user={"a": "b"}))
    assert await past(store) == []


async def test_two_that_were_written_at_one_time_have_two_names(store: Archived) -> None:
    for body in (b"1", b"2", b"3"):
        await store.put(KEY, BytesBody(body), Put(modified=1_000_000_000_123_456_789))
    assert [row.name async for row in ops.each(store, PAST)] == [
        "005thing/1000000000.12345",
        "005thing/1000000000.12346",
    ]
    assert await past(store) == [b"1", b"2"]


async def test_a_write_that_fails_behind_the_copy_leaves_one(
    store: Archived, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, b"1")
    complete = type(memory).complete_upload

    async def failing(*_: object, **__: object) -> None:
        raise ConditionFailed

    upload = await store.create_upload(KEY, Put())
    await store.put_part(KEY, upload.id, 1, BytesBody(b"2"))
    monkeypatch.setattr(type(memory), "complete_upload", failing)
    for _ in range(2):
        with pytest.raises(ConditionFailed):
            await store.complete_upload(KEY, upload.id, [PartRef(1)])
    monkeypatch.setattr(type(memory), "complete_upload", complete)
    await store.complete_upload(KEY, upload.id, [PartRef(1)])
    assert await past(store) == [b"1"]


async def test_what_may_not_be_written_over_is_not_kept(store: Archived) -> None:
    await put(store, b"1")
    for when in (ABSENT, When(if_match=("other",))):
        with pytest.raises(ConditionFailed):
            await store.put(KEY, BytesBody(b"2"), Put(when=when))
    with pytest.raises(ConditionFailed):
        await store.delete(KEY, when=When(if_match=("other",)))
    assert await past(store) == []


async def test_writers_take_turns_from_the_last_byte_on(store: Archived) -> None:
    """Of two bodies that come in at once, neither waits for the other's bytes, and no version is lost."""
    await put(store, b"0")
    waiting = asyncio.Event()

    async def held() -> AsyncGenerator[bytes, None]:
        yield b"slow"
        await waiting.wait()

    slow = asyncio.create_task(store.put(KEY, StreamBody(held()), Put()))
    await asyncio.gather(*(store.put(KEY, StreamBody(slowly(b"%d" % number)), Put()) for number in range(1, 6)))
    waiting.set()
    await slow
    assert sorted(await past(store)) == [b"0", b"1", b"2", b"3", b"4", b"5"]


@pytest.mark.parametrize("name", ("x" * 1010, "y" * 1024))
async def test_a_name_that_the_archive_can_not_have_stays_as_it_is(store: Archived, name: str) -> None:
    await put(store, b"1", key=Key(BOX, name))
    with pytest.raises(NotArchived):
        await put(store, b"2", key=Key(BOX, name))
    assert (await store.stat(Key(BOX, name))).size == 1


async def test_many_are_deleted_one_by_one(store: Archived) -> None:
    for name in ("a", "b"):
        await put(store, b"1", b"2", key=Key(BOX, name))
    done = await store.delete_many(BOX, ["a", "missing"])
    assert [each if isinstance(each, StoreError) else each.existed for each in done] == [True, False]
    await store.delete_versions(BOX, [VersionRef("b")])
    stack = (await store.stat_bucket(BOX)).system[MODE] == Mode.STACK
    assert (await store.stat_bucket(BOX)).objects == (2 if stack else 0)


async def test_the_version_without_an_id_is_what_stands(store: Archived) -> None:
    await put(store, b"1", b"2")
    await store.delete_versions(BOX, [VersionRef("thing", "null")])
    stack = (await store.stat_bucket(BOX)).system[MODE] == Mode.STACK
    assert await past(store) == ([] if stack else [b"1", b"2", b""])


async def test_renames_keep_what_they_replace_and_take_away(store: Archived) -> None:
    await put(store, b"source", key=Key(BOX, "source"))
    await put(store, b"target")
    await store.rename(Key(BOX, "source"), KEY)
    stack = (await store.stat_bucket(BOX)).system[MODE] == Mode.STACK
    kept = [b"target"] if stack else [b"target", b"source", b""]
    assert sorted(await past(store)) == sorted(kept)
    await put(store, b"inside", key=Key(BOX, "folder/file"))
    assert await store.rename_prefix(Key(BOX, "folder/"), Key(BOX, "moved/")) == 1
    assert (await store.stat(Key(BOX, "moved/file"))).size == 6


async def test_a_bucket_without_an_archive_is_renamed_as_ever(store: Archived) -> None:
    await store.put(Key(PAST, "a"), BytesBody(b"1"), Put())
    assert (await store.rename(Key(PAST, "a"), Key(PAST, "b"))).name == "b"
    assert await store.rename_prefix(Key(PAST, "b"), Key(PAST, "c")) == 1


async def test_it_has_no_versions_of_another_kind(store: Archived) -> None:
    for enabled in (True, False):
        with pytest.raises(VersionsArchived):
            await store.set_versioning(BOX, enabled=enabled)
    await store.update_bucket(BOX, PropsChange(system={LOCATION: None}))
    assert (await store.set_versioning(BOX, enabled=True)).versioning is Versioning.ENABLED


async def test_a_change_of_the_place_holds_at_once(store: Archived) -> None:
    await put(store, b"1")
    await store.update_bucket(BOX, PropsChange(system={LOCATION: None, MODE: None}))
    await put(store, b"2")
    await store.update_bucket(BOX, PropsChange(system={LOCATION: PAST}))
    await put(store, b"3")
    assert await past(store) == [b"2"]


async def test_an_archive_that_is_full_takes_nothing(memory: Memory) -> None:
    store = Archived(Quotas(memory))
    await store.create_bucket(PAST, BucketProps(owner="owner", user={quotas.BYTES: "1"}))
    await store.create_bucket(BOX, BucketProps(owner="owner", system={LOCATION: PAST}))
    await put(store, b"12")
    with pytest.raises(NotArchived):
        await put(store, b"34")
    assert await past(store) == []


def test_names_as_swift_writes_them() -> None:
    assert past_name("a", 1_234_567_890_987_654_321) == "001a/1234567890.98765"
    assert past_name("é", 1) == "002é/0000000000.00000"
