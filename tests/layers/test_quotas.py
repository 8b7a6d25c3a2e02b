"""What a quota refuses, by whatever method it is written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import pytest

from gateway.core import quotas
from gateway.core.body import BytesBody, StreamBody
from gateway.core.buckets import AccountMeta, BucketProps
from gateway.core.errors import NoSuchBucket, QuotaExceeded
from gateway.core.types import Copy, Key, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.layers.known import KNOWN_SECONDS
from gateway.layers.quotas import Quotas
from gateway.stores.memory import Memory
from tests.support.stores import Plain

BOX, OTHER = "box", "other"
KEY = Key(BOX, "object")


@dataclass
class Clock:
    """Seconds, as a test has it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def store(memory: Memory, clock: Clock) -> AsyncIterator[Quotas]:
    store = Quotas(memory, clock)
    await store.start()
    await store.create_bucket(OTHER, BucketProps(owner="owner"))
    await store.create_bucket(BOX, BucketProps(owner="owner", user={quotas.BYTES: "10", quotas.COUNT: "2"}))
    await store.put(KEY, BytesBody(bytes(4)), Put())
    yield store
    await store.aclose()


async def stream(*pieces: bytes) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        yield piece


async def test_what_fits_is_stored_and_what_does_not_is_refused(store: Quotas) -> None:
    with pytest.raises(QuotaExceeded):
        await store.put(Key(BOX, "large"), BytesBody(bytes(7)), Put())
    await store.put(Key(BOX, "fits"), BytesBody(bytes(6)), Put())
    found = await store.stat_bucket(BOX)
    assert (found.objects, found.bytes) == (2, 10)
    with pytest.raises(QuotaExceeded):
        await store.put(Key(BOX, "third"), BytesBody(b""), Put())


async def test_a_body_of_unknown_length_is_broken_off(store: Quotas) -> None:
    with pytest.raises(QuotaExceeded):
        await store.put(Key(BOX, "stream"), StreamBody(stream(bytes(4), bytes(4))), Put())
    assert (await store.stat_bucket(BOX)).objects == 1
    await store.put(Key(BOX, "stream"), StreamBody(stream(bytes(4), bytes(2))), Put())


async def test_writes_at_once_do_not_go_over_together(store: Quotas) -> None:
    puts = (store.put(Key(BOX, str(number)), StreamBody(stream(bytes(2), bytes(2))), Put()) for number in range(3))
    results = await asyncio.gather(*puts, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Meta", "QuotaExceeded", "QuotaExceeded"]
    assert (await store.stat_bucket(BOX)).bytes <= 10


async def test_copies_and_renames_into_it(store: Quotas) -> None:
    large = Key(OTHER, "large")
    await store.put(large, BytesBody(bytes(7)), Put())
    with pytest.raises(QuotaExceeded):
        await store.copy(large, Key(BOX, "copy"), Copy())
    with pytest.raises(QuotaExceeded):
        await store.rename(large, Key(BOX, "moved"))
    assert (await store.rename(KEY, Key(BOX, "renamed"))).size == 4
    assert (await store.copy(Key(BOX, "renamed"), Key(OTHER, "copy"), Copy())).size == 4


async def test_appends(store: Quotas) -> None:
    with pytest.raises(QuotaExceeded):
        await store.append(KEY, BytesBody(bytes(7)), Put())
    assert (await store.append(KEY, BytesBody(bytes(6)), Put())).size == 10


async def test_uploads_in_parts(store: Quotas) -> None:
    upload = await store.create_upload(Key(BOX, "parts"), Put())
    with pytest.raises(QuotaExceeded):
        await store.put_part(upload.key, upload.id, 1, BytesBody(bytes(7)))
    for number in (1, 2):
        await store.put_part(upload.key, upload.id, number, BytesBody(bytes(4)))
    with pytest.raises(QuotaExceeded):
        await store.complete_upload(upload.key, upload.id, [PartRef(1), PartRef(2)])
    assert (await store.complete_upload(upload.key, upload.id, [PartRef(2)])).size == 4
    with pytest.raises(QuotaExceeded):
        await store.create_upload(Key(BOX, "more"), Put())


async def test_parts_that_are_copied(store: Quotas) -> None:
    upload = await store.create_upload(Key(OTHER, "parts"), Put())
    assert (await store.copy_part(upload.key, upload.id, 1, KEY)).size == 4


async def test_an_account_is_limited_over_all_its_buckets(store: Quotas) -> None:
    await store.update_account("owner", PropsChange(system={quotas.ACCOUNT_BYTES: "6", quotas.ACCOUNT_COUNT: "2"}))
    with pytest.raises(QuotaExceeded):
        await store.put(Key(OTHER, "large"), BytesBody(bytes(3)), Put())
    await store.put(Key(OTHER, "fits"), BytesBody(bytes(2)), Put())
    with pytest.raises(QuotaExceeded):
        await store.put(Key(OTHER, "third"), BytesBody(b""), Put())
    await store.update_account("owner", PropsChange(system={quotas.ACCOUNT_BYTES: None, quotas.ACCOUNT_COUNT: None}))
    await store.put(Key(OTHER, "third"), BytesBody(bytes(100)), Put())


async def test_a_change_of_the_quota_holds_at_once(store: Quotas) -> None:
    await store.update_bucket(BOX, PropsChange(user={quotas.BYTES: None}))
    await store.put(KEY, BytesBody(bytes(100)), Put())
    await store.update_bucket(BOX, PropsChange(user={quotas.BYTES: "50"}))
    with pytest.raises(QuotaExceeded):
        await store.put(KEY, BytesBody(b""), Put())


async def test_what_others_set_is_seen_in_time(store: Quotas, memory: Memory, clock: Clock) -> None:
    await store.put(Key(OTHER, "before"), BytesBody(b"1"), Put())
    await memory.update_bucket(OTHER, PropsChange(user={quotas.COUNT: "1"}))
    clock.now += KNOWN_SECONDS + 1
    with pytest.raises(QuotaExceeded):
        await store.put(Key(OTHER, "after"), BytesBody(b"1"), Put())


class Slow(Memory):
    """A store that takes its time to tell of accounts."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answers = asyncio.Event(), asyncio.Event()

    async def stat_account(self, owner: str) -> AccountMeta:
        found = await super().stat_account(owner)
        self.asked.set()
        await self.answers.wait()
        return found


async def test_a_quota_holds_that_is_set_while_somebody_reads_the_old_one(clock: Clock) -> None:
    slow = Slow()
    store = Quotas(slow, clock)
    await store.create_bucket(BOX, BucketProps(owner="owner"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(store.put(KEY, BytesBody(b"1"), Put()))
        await slow.asked.wait()
        await store.update_bucket(BOX, PropsChange(user={quotas.COUNT: "1"}))
        slow.answers.set()
    with pytest.raises(QuotaExceeded):
        await store.put(Key(BOX, "second"), BytesBody(b"1"), Put())


async def test_another_bucket_of_the_name_has_its_own(store: Quotas) -> None:
    await store.rename_bucket(BOX, "elsewhere")
    with pytest.raises(NoSuchBucket):
        await store.put(KEY, BytesBody(b""), Put())
    with pytest.raises(QuotaExceeded):
        await store.put(Key("elsewhere", "large"), BytesBody(bytes(7)), Put())
    await store.create_bucket(BOX, BucketProps(owner="owner"))
    await store.put(KEY, BytesBody(bytes(100)), Put())
    await store.delete(KEY)
    await store.delete_bucket(BOX)
    await store.create_bucket(BOX, BucketProps(owner="owner", user={quotas.BYTES: "1"}))
    with pytest.raises(QuotaExceeded):
        await store.put(KEY, BytesBody(bytes(2)), Put())


async def test_what_is_no_number_limits_nothing(store: Quotas) -> None:
    await store.update_bucket(OTHER, PropsChange(user={quotas.BYTES: "plenty", quotas.COUNT: "-1"}))
    await store.put(Key(OTHER, "object"), BytesBody(bytes(100)), Put())


async def test_a_store_without_accounts_holds_those_of_buckets() -> None:
    store = Quotas(Plain(Memory()))
    assert store.caps.quotas
    await store.create_bucket(BOX, BucketProps(owner="owner", user={quotas.BYTES: "1"}))
    with pytest.raises(QuotaExceeded):
        await store.put(KEY, BytesBody(bytes(2)), Put())
