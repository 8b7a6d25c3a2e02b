import asyncio
import os
import time
import zlib
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.base import Cache
from gateway.cache.entries import APART_FROM, COMPRESS_FROM, MAX_PAYLOAD, Entries, Lookup, Outcome
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

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        return False


def replica(cache: Cache, clock: Clock | None = None) -> Entries:
    """A process of its own: it shares the cache and nothing else."""
    return Entries(cache, b"secret", 10, clock=clock or Clock())


async def fill(entries: Entries, payload: bytes) -> None:
    generation = (await entries.get(GROUP, NAME)).generation
    assert generation is not None
    await entries.put(GROUP, NAME, generation, payload)


class Parted(Cache):
    """Three parts that fail apart from each other."""

    def __init__(self) -> None:
        self.caches: list[LocalCache] = [LocalCache() for _ in range(3)]
        self.parts = len(self.caches)

    def part_of(self, key: bytes) -> int:
        return zlib.crc32(key) % self.parts

    def _cache(self, key: bytes) -> LocalCache:
        return self.caches[self.part_of(key)]

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {key: value for wanted in keys for key, value in (await self._cache(wanted).get_many((wanted,))).items()}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        return await self._cache(key).set(key, value, ttl)

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return await self._cache(key).add(key, value, ttl)

    async def flush(self) -> bool:
        return all([await cache.flush() for cache in self.caches])

    async def aclose(self) -> None:
        pass


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
        assert (await entries.get(GROUP, NAME)).payload is None
        assert entries.tally["stat", Outcome.STALE] == 1


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


async def test_who_has_the_present_generation_asks_for_nothing_else() -> None:
    cache = Spied()
    entries = replica(cache)
    await fill(entries, b"payload")
    generation = (await entries.get(GROUP, NAME)).generation
    cache.asked.clear()
    assert await entries.get(GROUP, NAME, generation) == Lookup(generation)
    assert cache.asked == [2]
    await replica(cache).bump(GROUP)
    await fill(replica(cache), b"new")
    found = await entries.get(GROUP, NAME, generation)
    assert found.generation != generation
    assert found.payload == b"new"


@pytest.mark.parametrize("size", (APART_FROM - 1, APART_FROM, 30 * APART_FROM))
async def test_large_payloads_come_back(size: int) -> None:
    cache, payload = LocalCache(), os.urandom(size)
    await fill(replica(cache), payload)
    assert (await replica(cache).get(GROUP, NAME)).payload == payload


async def test_payloads_that_nobody_would_read_are_not_kept() -> None:
    cache = Spied()
    await fill(replica(cache), bytes(MAX_PAYLOAD + 1))
    assert max(map(len, cache.values.values())) < COMPRESS_FROM


async def test_a_flush_is_for_all_groups_and_all_who_have_the_secret() -> None:
    cache = Parted()
    groups = [("default", f"bucket {number}") for number in range(30)]
    here, other = replica(cache), Entries(cache, b"another", 10)
    for entries in (here, other):
        for group in groups:
            generation = (await entries.get(group, NAME)).generation
            assert generation is not None
            await entries.put(group, NAME, generation, b"payload")
    assert {cache.part_of(here._tokens(group)[1]) for group in groups} == {0, 1, 2}
    assert await replica(cache).flush()
    for group in groups:
        assert (await here.get(group, NAME)).payload is None
        assert (await other.get(group, NAME)).payload == b"payload"


async def test_each_group_depends_on_one_part_of_the_cache_alone() -> None:
    cache = Parted()
    entries = replica(cache)
    for number in range(30):
        epoch, generation = entries._tokens(("default", f"bucket {number}"))
        assert cache.part_of(epoch) == cache.part_of(generation)


async def test_what_is_kept_elsewhere_does_not_live_longer() -> None:
    clock = Clock()
    cache = LocalCache(clock=clock)
    await fill(replica(cache, clock), b"payload")
    clock.now += 4
    assert (await replica(cache, clock).get(GROUP, NAME)).life == 6


@pytest.mark.parametrize("skew", (-1e6, -3600, 3600, 1e6))
async def test_no_clock_makes_an_entry_live_longer_or_a_write_be_missed(skew: float) -> None:
    cache = LocalCache()
    odd = Clock()
    odd.now = 2e9 + skew
    true = Clock()
    true.now = 2e9
    here, there = replica(cache, true), replica(cache, odd)
    await fill(here, b"old")
    found = await there.get(GROUP, NAME)
    assert found.payload == b"old"
    assert 0 <= found.life <= 10
    await there.bump(GROUP)
    assert (await here.get(GROUP, NAME)).payload is None
    await fill(there, b"new")
    assert (await here.get(GROUP, NAME)).payload == b"new"


async def test_looks_are_counted() -> None:
    cache = LocalCache()
    entries = replica(cache)
    await fill(entries, b"payload")
    generation = (await entries.get(GROUP, NAME)).generation
    await entries.get(GROUP, NAME, generation)
    await replica(cache).bump(GROUP)
    await entries.get(GROUP, NAME)
    counted = {outcome: entries.tally["stat", outcome] for outcome in Outcome}
    assert counted == {"hit": 1, "near": 1, "miss": 1, "stale": 1, "unknown": 0}
    down = replica(Down())
    await down.get(GROUP, NAME)
    assert down.tally["stat", Outcome.UNKNOWN] == 1


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
    (b"", b"\x02", b"garbage", b"\x01\x00" + b"\0" * 40, b"\x02\x01" + b"\0" * 20 + b"no zlib", os.urandom(5000)),
)
async def test_garbage_under_our_keys_is_no_answer(garbage: bytes) -> None:
    cache = Spied()
    await fill(replica(cache), b"payload")
    for key in tuple(cache.values):
        await cache.set(key, garbage, 10)
    assert (await replica(cache).get(GROUP, NAME)).payload is None
    await fill(replica(cache), b"anew")
    assert (await replica(cache).get(GROUP, NAME)).payload == b"anew"


@pytest.mark.parametrize("body", (b"", b"\0", b"\x02\x01", b"no zlib"))
async def test_garbage_of_the_right_generation_is_no_answer(body: bytes) -> None:
    cache = Spied()
    await fill(replica(cache), b"payload")
    (key, value), *_ = ((key, value) for key, value in cache.values.items() if len(value) > 8)
    for packed in (value[:2] + value[2:18], value[:1] + b"\x01" + value[2:22] + body):
        await cache.set(key, packed, 10)
        assert (await replica(cache).get(GROUP, NAME)).payload is None


async def test_an_entry_that_swells_is_no_answer() -> None:
    cache = Spied()
    entries = replica(cache)
    await fill(entries, b"x" * COMPRESS_FROM)
    (key, value), *_ = ((key, value) for key, value in cache.values.items() if len(value) > 8)
    await cache.set(key, value[:22] + zlib.compress(bytes(MAX_PAYLOAD + 1)), 10)
    assert (await replica(cache).get(GROUP, NAME)).payload is None


async def test_keys_tell_nothing_and_depend_on_the_secret() -> None:
    cache = Spied()
    await fill(Entries(cache, b"one", 10), b"payload")
    assert len(cache.values) == 3
    await fill(Entries(cache, b"two", 10), b"payload")
    assert len(cache.values) == 6
    assert all(b"bucket" not in key and b"key" not in key and len(key) <= 250 for key in cache.values)


async def test_a_request_asks_once_for_a_generation() -> None:
    entries = replica(cache := Spied())
    await fill(entries, b"payload")
    held = (await entries.get(GROUP, NAME)).generation
    began = time.monotonic()
    cache.asked.clear()
    for _ in range(3):
        assert (await entries.get(GROUP, NAME, held, began)).generation == held
    assert len(cache.asked) == 1
    assert (await entries.get(GROUP, NAME, held, time.monotonic())).generation == held
    assert (await entries.get(GROUP, NAME, held)).generation == held
    assert len(cache.asked) == 3


async def test_a_request_that_has_written_asks_again() -> None:
    entries = replica(cache := Spied())
    began = time.monotonic()
    old = (await entries.get(GROUP, NAME, b"none", began)).generation
    await entries.bump(GROUP)
    cache.asked.clear()
    assert (await entries.get(GROUP, NAME, old, began)).generation != old
    assert cache.asked


async def test_a_write_elsewhere_is_seen_by_every_request_that_begins_after_it() -> None:
    cache = Spied()
    here, there = replica(cache), replica(cache)
    old = (await here.get(GROUP, NAME, b"none", time.monotonic())).generation
    await there.bump(GROUP)
    assert (await here.get(GROUP, NAME, old, time.monotonic())).generation != old
