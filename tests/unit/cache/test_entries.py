import asyncio
import os
import zlib
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.entries import COMPRESS_FROM, MAX_INFLATED, Entries, Lookup
from gateway.cache.local import LocalCache

GROUP = ("default", "bucket")
NAME = ("stat", "key")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Spied(LocalCache):
    """The shared cache, with what was asked of it and what lies in it."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock=clock or Clock())
        self.asked: list[int] = []
        self.values: dict[bytes, bytes] = {}

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        self.asked.append(len(keys))
        return await super().get_many(keys)

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        self.values[key] = value
        return await super().set(key, value, ttl)


class Down(LocalCache):
    """A cache that can't be reached."""

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False


def replica(cache: LocalCache, clock: Clock | None = None) -> Entries:
    """A process of its own: it shares the cache, not its near level."""
    return Entries(cache, b"secret", 10, LocalCache(clock=clock or Clock()))


async def fill(entries: Entries, payload: bytes) -> None:
    generation = (await entries.get(GROUP, NAME)).generation
    assert generation is not None
    await entries.put(GROUP, NAME, generation, payload)


@given(st.binary(max_size=2 * COMPRESS_FROM))
def test_f13_payloads_come_back(payload: bytes) -> None:
    async def check() -> None:
        cache = LocalCache()
        await fill(replica(cache), payload)
        assert (await replica(cache).get(GROUP, NAME)).payload == payload

    asyncio.run(check())


@pytest.mark.parametrize(("size", "compressed"), ((COMPRESS_FROM - 1, False), (COMPRESS_FROM, True)))
async def test_f13_entries_are_compressed_from_4096_bytes(size: int, compressed: bool) -> None:
    cache = Spied()
    await fill(replica(cache), b"x" * size)
    assert (max(map(len, cache.values.values())) < size) is compressed
    assert (await replica(cache).get(GROUP, NAME)).payload == b"x" * size


async def test_f12_what_was_fetched_while_something_was_written_is_never_served() -> None:
    cache = LocalCache()
    reader, writer = replica(cache), replica(cache)
    before = (await reader.get(GROUP, NAME)).generation
    assert before is not None
    assert await writer.bump(GROUP)
    await reader.put(GROUP, NAME, before, b"old")
    for entries in (reader, writer):
        found = await entries.get(GROUP, NAME)
        assert (found.payload, found.stale) == (None, True)


async def test_f11_a_write_makes_all_replicas_forget() -> None:
    cache = LocalCache()
    here, there = replica(cache), replica(cache)
    await fill(here, b"old")
    assert (await there.get(GROUP, NAME)).payload == b"old"
    await there.bump(GROUP)
    assert (await here.get(GROUP, NAME)).payload is None
    await fill(there, b"new")
    assert (await here.get(GROUP, NAME)).payload == b"new"


async def test_groups_do_not_touch_each_other() -> None:
    entries = replica(LocalCache())
    await fill(entries, b"kept")
    await entries.bump(("default", "other"))
    await entries.bump(("default",))
    assert (await entries.get(GROUP, NAME)).payload == b"kept"


async def test_a_lost_generation_is_replaced_by_one_that_no_entry_bears() -> None:
    cache = Spied()
    entries = replica(cache)
    await fill(entries, b"old")
    await cache.flush()
    assert (await entries.get(GROUP, NAME)).payload is None


async def test_two_processes_that_begin_a_group_agree() -> None:
    cache = LocalCache()
    found = await asyncio.gather(*(replica(cache).get(GROUP, NAME) for _ in range(8)))
    assert len({lookup.generation for lookup in found}) == 1


async def test_the_near_level_saves_the_payload_but_never_the_question() -> None:
    cache = Spied()
    entries = replica(cache)
    await fill(entries, b"payload")
    cache.asked.clear()
    assert (await entries.get(GROUP, NAME)).payload == b"payload"
    assert cache.asked == [1]


async def test_the_near_level_is_overtaken_by_what_others_fetched() -> None:
    cache = LocalCache()
    here, there = replica(cache), replica(cache)
    await fill(here, b"old")
    await there.bump(GROUP)
    await fill(there, b"new")
    assert (await here.get(GROUP, NAME)).payload == b"new"


async def test_entries_live_for_their_time() -> None:
    clock = Clock()
    cache = LocalCache(clock=clock)
    entries = replica(cache, clock)
    await fill(entries, b"payload")
    clock.now += 9
    assert (await entries.get(GROUP, NAME)).payload == b"payload"
    clock.now += 2
    assert (await entries.get(GROUP, NAME)).payload is None


async def test_f14_without_a_cache_nothing_is_known_and_nothing_fails() -> None:
    entries = replica(Down())
    assert await entries.get(GROUP, NAME) == Lookup(None)
    assert await entries.bump(GROUP) is False


@pytest.mark.parametrize(
    "garbage",
    (b"", b"\x01", b"garbage", b"\x02\x00" + b"\0" * 40, b"\x01\x01" + b"\0" * 8 + b"no zlib", os.urandom(5000)),
)
async def test_garbage_under_our_keys_is_no_answer(garbage: bytes) -> None:
    cache = Spied()
    await fill(replica(cache), b"payload")
    for key in tuple(cache.values):
        await cache.set(key, garbage, 10)
    assert (await replica(cache).get(GROUP, NAME)).payload is None


async def test_an_entry_that_swells_is_no_answer() -> None:
    cache = Spied()
    entries = replica(cache)
    await fill(entries, b"x" * COMPRESS_FROM)
    (key, value), *_ = ((key, value) for key, value in cache.values.items() if len(value) > 8)
    await cache.set(key, value[:10] + zlib.compress(bytes(MAX_INFLATED + 1)), 10)
    assert (await replica(cache).get(GROUP, NAME)).payload is None


async def test_keys_tell_nothing_and_depend_on_the_secret() -> None:
    cache = Spied()
    await fill(Entries(cache, b"one", 10), b"payload")
    assert len(cache.values) == 2
    await fill(Entries(cache, b"two", 10), b"payload")
    assert len(cache.values) == 4
    assert all(b"bucket" not in key and b"key" not in key and len(key) <= 250 for key in cache.values)
