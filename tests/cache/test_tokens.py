"""Replicas that share memcached log in to their upstream once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from gateway.auth.principals import Account, Role, User
from gateway.config.settings import Config
from gateway.core.store import Store
from gateway.core.types import ListQuery
from gateway.storage import opened
from gateway.stores.memory import Memory
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.memcacheds import Memcacheds
from tests.support.swift import REMOTE, serving_swift
from tests.support.waiting import eventually

USERS = [User(Account("a", "a"), "u", "u", "secret", Role.ADMIN)]


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests may take longer for an answer than a gateway would wait."""
    monkeypatch.setattr("gateway.cache.memcached.TIMEOUT", 60)


@asynccontextmanager
async def replicas(memcached: str) -> AsyncIterator[tuple[list[Store], FaultProxy]]:
    """What three gateways have opened over one upstream, past their caches of metadata."""
    memory = Memory()
    await memory.start()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving_swift(memory))
        proxy = await stack.enter_async_context(proxied(url.removesuffix("/auth/v1.0")))
        upstream = {
            "type": "swift",
            "auth_url": f"{proxy.url}/auth/v1.0",
            "storage_url": f"{proxy.url}/v1/AUTH_remote",
            "user": f"{REMOTE.account.name}:{REMOTE.name}",
            "key": REMOTE.secret,
        }
        config = Config.model_validate(
            {
                "stores": {"main": upstream},
                "namespaces": {"default": {"store": "main"}},
                "cache": {"memcached": [memcached]},
            }
        )
        opening = [opened(config, USERS, b"k" * 32) for _ in range(3)]
        yield [(await stack.enter_async_context(each)).plain["main"] for each in opening], proxy


def logins(proxy: FaultProxy) -> int:
    return sum("/auth/v1.0" in line for line in proxy.lines)


async def ask(stores: list[Store]) -> None:
    await asyncio.gather(*[store.buckets(ListQuery()) for store in stores])


async def test_f05_f06_replicas_log_in_once_and_renew_once(memcached: Memcacheds) -> None:
    server = await memcached()
    async with replicas(server.address) as (stores, proxy):
        await ask(stores)
        assert logins(proxy) == 1
        await asyncio.sleep(1.1)  # tokens of one second are all the same
        proxy.faults[:] = [Fault(when="^GET /v1", times=len(stores), answer=refusal(401, "Unauthorized"))]
        await ask(stores)
        assert logins(proxy) == 2


async def test_a_replica_without_memcached_logs_in_for_itself(memcached: Memcacheds) -> None:
    server = await memcached()
    await server.kill()
    async with replicas(server.address) as (stores, proxy):
        await ask(stores)
        assert logins(proxy) == len(stores)


async def test_memcached_learns_neither_the_token_nor_who_has_it(memcached: Memcacheds) -> None:
    server = await memcached()
    async with replicas(server.address) as (stores, _):
        await ask(stores)
        kept: list[bytes] = []

        async def is_kept() -> bool:
            kept[:] = await contents(server.port)  # it leaves out what the server is just moving
            return bool(kept)

        await eventually(is_kept)
        token = await stores[0]._up.client.tokens.get()  # type: ignore[attr-defined]
        for secret in (token.value, token.url, REMOTE.secret, REMOTE.account.name):
            assert all(secret.encode() not in text for text in kept)


async def contents(port: int) -> list[bytes]:
    """All keys of a memcached, and the values under them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"lru_crawler metadump all\r\n")
    keys = []
    while (line := await reader.readline()) != b"END\r\n":
        keys.append(line.split()[0].removeprefix(b"key=").replace(b"%3A", b":").replace(b"%3D", b"="))
    values = []
    for key in keys:
        writer.write(b"get " + key + b"\r\n")
        size = int((await reader.readline()).split()[3])
        values.append(await reader.readexactly(size))
        await reader.readuntil(b"END\r\n")
    writer.close()
    return keys + values
