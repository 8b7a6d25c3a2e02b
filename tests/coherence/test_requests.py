"""How often the upstream is asked, counted by a proxy before it, while FTP clients list and look."""

import asyncio
import ftplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest

from gateway.app import running
from gateway.auth.principals import User
from gateway.config.settings import Config
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.store import Store
from gateway.core.types import Key, Put
from gateway.stores.memory import Memory
from tests.support.faultproxy import FaultProxy, proxied
from tests.support.remotes import REMOTE, serving_s3
from tests.support.swift import pointing_at, serving_swift

FILES = 1000
FEW = 10
TTL = 3
"""Seconds, in which two listings of few files come, however busy the machine is."""


@asynccontextmanager
async def upstream(kind: str, memory: Store) -> AsyncIterator[tuple[FaultProxy, dict[str, object]]]:
    """A proxy before a server of either kind, and the settings of a store over it."""
    if kind == "s3":
        async with serving_s3(memory) as url, proxied(url) as proxy:
            keys = {"access_key": REMOTE.access_key, "secret_key": REMOTE.secret}
            yield proxy, {"type": "s3", "endpoint_url": proxy.url, **keys}
        return
    async with serving_swift(memory) as url, proxied(url.removesuffix("/auth/v1.0")) as proxy:
        settings = pointing_at(f"{proxy.url}/auth/v1.0", storage_url=f"{proxy.url}/v1/AUTH_remote")
        yield proxy, settings.model_dump(exclude_unset=True) | {"key": REMOTE.secret}


@asynccontextmanager
async def gateway(store: dict[str, object], ttl: int) -> AsyncIterator[tuple[int, User]]:
    """A gateway with a cache in its process, that does nothing of its own accord: the port of its FTP door, and who
    may log in.
    """
    ftp = {"port": 0, "passive_ports": None, "keep_partials": 0}
    config = Config.model_validate(
        {
            "stores": {"main": store},
            "namespaces": {"default": {"store": "main"}},
            "accounts": [{"name": "test", "users": [{"name": "tester", "secret": "testing-secret", "role": "admin"}]}],
            "cache": {"ttl": ttl},
            "frontends": {"s3": None, "swift": None, "ftp": ftp, "admin": None},
            "reaper": {"enabled": False},
            "log": {"access": False},
        }
    )
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app:
        yield app.ports["ftp"], users[0]


def logged_in(port: int, user: User) -> ftplib.FTP:
    client = ftplib.FTP(timeout=60)
    client.connect("127.0.0.1", port)
    client.login(user.name, user.secret)
    client.cwd("/bucket/dir")
    return client


def listed(client: ftplib.FTP) -> int:
    lines: list[str] = []
    client.retrlines("LIST", lines.append)
    return len(lines)


def sizes(client: ftplib.FTP) -> list[int | None]:
    client.voidcmd("TYPE I")  # a listing has switched to ASCII
    return [client.size(f"{number:04}") for number in range(FILES)]


def asked(proxy: FaultProxy) -> list[str]:
    """The requests about the directory; what a sweep of segments asks meanwhile is about buckets alone."""
    return [line for line in proxy.lines if "dir" in line]


@asynccontextmanager
async def world(kind: str, ttl: int = 600, files: int = FILES) -> AsyncIterator[tuple[FaultProxy, ftplib.FTP]]:
    memory = Memory()
    await memory.create_bucket("bucket", BucketProps(owner=REMOTE.account.id))
    for number in range(files):
        await memory.put(Key("bucket", f"dir/{number:04}"), BytesBody(b"x" * (number + 1)), Put())
    async with upstream(kind, memory) as (proxy, store), gateway(store, ttl) as (port, user):
        client = await asyncio.to_thread(logged_in, port, user)
        try:
            yield proxy, client
        finally:
            await asyncio.to_thread(client.close)


@pytest.mark.parametrize("kind", ("s3", "swift"))
async def test_c13_a_listing_and_a_size_for_each_of_its_rows_are_one_request(kind: str) -> None:
    async with world(kind) as (proxy, client):
        proxy.heads.clear()
        assert await asyncio.to_thread(listed, client) == FILES
        assert await asyncio.to_thread(sizes, client) == [number + 1 for number in range(FILES)]
        assert len(asked(proxy)) == 1, proxy.lines


@pytest.mark.parametrize("kind", ("s3", "swift"))
async def test_c12_what_a_listing_lacks_is_not_asked_for(kind: str) -> None:
    async with world(kind) as (proxy, client):
        await asyncio.to_thread(listed, client)
        proxy.heads.clear()
        with pytest.raises(ftplib.error_perm, match="550"):
            await asyncio.to_thread(client.size, "missing")
        assert asked(proxy) == []


async def test_f10_two_listings_are_one_request_until_the_entry_expires() -> None:
    async with world("swift", ttl=TTL, files=FEW) as (proxy, client):
        await asyncio.sleep(TTL + 0.2)
        proxy.heads.clear()
        for _ in range(2):
            assert await asyncio.to_thread(listed, client) == FEW
        assert sum("format=json" in line for line in asked(proxy)) == 1
        await asyncio.sleep(TTL + 0.2)
        assert await asyncio.to_thread(listed, client) == FEW
        assert sum("format=json" in line for line in asked(proxy)) == 2


async def test_a_size_is_that_of_the_last_write() -> None:
    async with world("swift") as (_, client):
        await asyncio.to_thread(listed, client)
        await asyncio.to_thread(client.storbinary, "STOR 0000", BytesIO(b"y" * 77))
        assert await asyncio.to_thread(sizes, client) == [77, *range(2, FILES + 1)]
