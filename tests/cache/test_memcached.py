import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.cache import memcached as module
from gateway.cache.base import Health
from gateway.cache.client import MAX_VALUE
from gateway.cache.entries import Entries
from gateway.cache.memcached import Memcached
from tests.support.memcacheds import Memcacheds
from tests.support.waiting import eventually


@asynccontextmanager
async def connected(*addresses: str) -> AsyncIterator[Memcached]:
    cache = Memcached(addresses)
    try:
        yield cache
    finally:
        await cache.aclose()


@asynccontextmanager
async def listening(behave: str) -> AsyncIterator[str]:
    """A server that takes connections and then does not do what memcached does."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while await reader.readline():
            if behave == "close":
                writer.close()
                return
            if behave == "garbage":
                writer.write(b"\x00\xff no such protocol\r\n" * 3)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for writer in writers:
            writer.close()


KEYS = [f"key-{number}".encode() for number in range(200)]


async def test_values_are_kept(memcached: Memcacheds) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        assert await cache.get_many(KEYS[:2]) == {}
        assert await cache.set(KEYS[0], b"one", 60)
        assert not await cache.add(KEYS[0], b"other", 60)
        assert await cache.add(KEYS[1], b"two", 60)
        assert await cache.get_many(KEYS[:3]) == {KEYS[0]: b"one", KEYS[1]: b"two"}
        assert await cache.flush()
        assert await cache.get_many(KEYS[:3]) == {}


async def test_values_over_the_servers_limit_are_not_kept(memcached: Memcacheds) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        assert await cache.set(KEYS[0], bytes(MAX_VALUE), 60)
        assert not await cache.set(KEYS[0], bytes(MAX_VALUE + 1), 60)
        assert await cache.get_many(KEYS[:1]) == {KEYS[0]: bytes(MAX_VALUE)}
        assert cache.health() == [Health(server.address, errors=0, alone=False)]


async def test_a_server_with_a_limit_of_its_own_is_not_taken_for_broken(memcached: Memcacheds) -> None:
    server = await memcached("-I", "512k")
    async with connected(server.address) as cache:
        for key in KEYS[:10]:
            assert not await cache.set(key, bytes(MAX_VALUE), 60)
            assert await cache.set(key, b"small", 60)
        assert len(await cache.get_many(KEYS[:20])) == 10
        assert cache.health() == [Health(server.address, errors=0, alone=False)]


@pytest.mark.parametrize("limit", ("1m", "512k"))
async def test_entries_beyond_the_servers_limit_are_fetched_each_time(memcached: Memcacheds, limit: str) -> None:
    server = await memcached("-I", limit)
    async with connected(server.address) as cache:
        entries = Entries(cache, b"secret", 60)
        for payload in (b"old", os.urandom(3_000_000), b"new"):
            generation = (await entries.get(("group",), ("name",))).generation
            assert generation is not None
            await entries.put(("group",), ("name",), generation, payload)
            found = await entries.get(("group",), ("name",))
            assert found.generation == generation
            assert found.payload in {payload, None if len(payload) > MAX_VALUE else payload, b"old"}
            await entries.bump(("group",))


async def test_what_others_must_learn_reaches_a_server_that_is_left_alone(memcached: Memcacheds) -> None:
    """It has just come back, and others have found out already."""
    server = await memcached()
    async with connected(server.address) as cache:
        await server.kill()
        while not cache.health()[0].alone:
            await cache.get_many(KEYS[:1])
        await server.start()
        assert await cache.get_many(KEYS[:1]) == {}
        assert await cache.insist(KEYS[0], b"value", 60)
        assert await cache.get_many(KEYS[:1]) == {KEYS[0]: b"value"}


async def test_what_others_must_learn_is_not_lost_on_connections_to_a_server_that_is_gone(
    memcached: Memcacheds,
) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        await asyncio.gather(*(cache.set(key, key, 60) for key in KEYS))
        await server.kill()
        await server.start()
        assert await cache.insist(KEYS[0], b"value", 60)
        assert await cache.get_many(KEYS[:1]) == {KEYS[0]: b"value"}


async def test_servers_tell_of_themselves(memcached: Memcacheds) -> None:
    first, second = await memcached(), await memcached()
    async with connected(first.address, second.address) as cache:
        await cache.set(KEYS[0], b"value", 60)
        await second.kill()
        told = await cache.statistics()
    assert told[second.address] is None
    statistics = told[first.address]
    assert statistics is not None
    assert statistics["version"]
    assert int(statistics["limit_maxbytes"]) == 64 * 1024 * 1024


async def test_parts_are_servers(memcached: Memcacheds) -> None:
    servers = [await memcached() for _ in range(3)]
    async with connected(*(server.address for server in servers)) as cache:
        assert cache.parts == 3
        for key in KEYS[:20]:
            await cache.set(key, key, 60)
            async with connected(servers[cache.part_of(key)].address) as one:
                assert await one.get_many([key]) == {key: key}


async def test_keys_are_spread_and_few_move_when_a_server_joins(memcached: Memcacheds) -> None:
    first, second, third = [await memcached() for _ in range(3)]
    async with connected(first.address, second.address) as two:
        for key in KEYS:
            assert await two.set(key, key, 60)
        shares = []
        for server in (first, second):
            async with connected(server.address) as one:
                shares.append(len(await one.get_many(KEYS)))
        assert sum(shares) == len(KEYS)
        assert min(shares) > len(KEYS) // 4
    async with connected(first.address, second.address, third.address) as three:
        assert len(KEYS) // 2 < len(await three.get_many(KEYS)) < len(KEYS)


async def test_f14_a_server_that_dies_costs_its_keys_only_and_comes_back(
    memcached: Memcacheds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cache.breaker.FIRST_PAUSE", 0.05)
    first, second = await memcached(), await memcached()
    async with connected(first.address, second.address) as cache:
        for key in KEYS:
            await cache.set(key, key, 60)
        await first.kill()
        left = await cache.get_many(KEYS)
        for _ in range(4):
            assert await cache.get_many(KEYS) == left
        assert 0 < len(left) < len(KEYS)
        lost = next(key for key in KEYS if key not in left)
        assert not await cache.set(lost, b"x", 60)
        await first.start()
        await eventually(lambda: cache.set(lost, b"new", 60))
        assert await cache.get_many([lost]) == {lost: b"new"}


async def test_cancelled_calls_never_mix_up_answers(memcached: Memcacheds) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        for key in KEYS:
            await cache.set(key, key, 60)
        for turn in range(200):
            task = asyncio.create_task(cache.get_many([KEYS[turn]]))
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        found = await asyncio.gather(*(cache.get_many([key]) for key in KEYS))
        assert found == [{key: key} for key in KEYS]


@pytest.mark.parametrize("behaviour", ("silent", "close", "garbage"))
async def test_a_server_that_misbehaves_is_left_alone(behaviour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    async with listening(behaviour) as address, connected(address) as cache:
        for _ in range(4):
            assert await cache.get_many(KEYS[:1]) == {}
            assert not await cache.set(KEYS[0], b"value", 60)
        assert not await cache.flush()


async def test_more_calls_than_connections_wait_for_their_turn(memcached: Memcacheds) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        assert all(await asyncio.gather(*(cache.set(key, key, 60) for key in KEYS)))


async def test_those_who_ask_at_once_are_answered_by_one_call(memcached: Memcacheds) -> None:
    server = await memcached()
    async with connected(server.address) as cache:
        await asyncio.gather(*(cache.set(key, key, 60) for key in KEYS))
        before = await cache.statistics()
        found = await asyncio.gather(*(cache.get_many([key, KEYS[0], b"missing"]) for key in KEYS[1:]))
        after = await cache.statistics()
    assert found == [{key: key, KEYS[0]: KEYS[0]} for key in KEYS[1:]]
    asked = [int(statistics[server.address]["cmd_get"]) for statistics in (before, after)]  # type: ignore[index]
    assert asked[1] - asked[0] <= len(KEYS) + 8


async def test_those_who_ask_while_others_are_told_are_answered_by_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 60)
    lines: list[bytes] = []
    asked, told = asyncio.Event(), asyncio.Event()
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        while line := await reader.readline():
            lines.append(line)
            asked.set()
            await told.wait()
            writer.write(b"".join(b"VALUE %b 0 5\r\nvalue\r\n" % key for key in line.split()[1:]) + b"END\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, connected(f"127.0.0.1:{server.sockets[0].getsockname()[1]}") as cache:
        asking = [asyncio.create_task(cache.get_many(KEYS[:1]))]
        await asked.wait()
        for key in KEYS[1:4]:
            asking.append(asyncio.create_task(cache.get_many([key])))
            await asyncio.sleep(0)
        asking.pop().cancel()
        told.set()
        found = await asyncio.gather(*asking)
    await asyncio.gather(*(task for task in serving if task is not None))
    assert found == [{key: b"value"} for key in KEYS[:3]]
    assert lines == [b"get key-0\r\n", b"get key-1 key-2 key-3\r\n"]
