"""`portico cache`, as a command, on real memcached servers."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from gateway.cache.entries import Entries
from gateway.cache.memcached import Memcached
from gateway.config import load
from gateway.data import DataDirectory
from gateway.storage import shared_by
from tests.e2e.portico import portico
from tests.support.memcacheds import Memcacheds

GROUPS = [("main", f"bucket {number}") for number in range(20)]
NAME = ("stat", "key")


def configured(folder: Path, cache: Mapping[str, object] | None) -> str:
    file = folder / "portico.yaml"
    file.write_text(yaml.safe_dump({"cache": cache, "stores": {"main": {"type": "memory"}}}))
    return str(file)


async def fill(entries: Entries) -> None:
    for group in GROUPS:
        generation = (await entries.get(group, NAME)).generation
        assert generation is not None
        await entries.put(group, NAME, generation, b"payload")


async def kept(entries: Entries) -> int:
    return sum([(await entries.get(group, NAME)).payload is not None for group in GROUPS])


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.write_text("a secret that all gateways share\n")
    return str(file)


async def test_a_flush_makes_every_gateway_forget_and_leaves_alone_what_others_keep(
    memcached: Memcacheds, tmp_path: Path, secret: str
) -> None:
    servers = [await memcached() for _ in range(3)]
    file = configured(tmp_path, {"memcached": [server.address for server in servers], "secret_file": secret})
    settings = load(Path(file)).cache
    assert settings is not None
    shared, other = shared_by(settings, b""), Memcached(settings.memcached)
    entries = Entries(shared.cache, shared.secret, 3600)
    await fill(entries)
    await other.set(b"of-others", b"value", 0)
    assert await kept(entries) == len(GROUPS)
    done = await asyncio.to_thread(portico, "cache", "flush", "--config", file)
    assert (done.returncode, done.stdout) == (
        0,
        "forgotten: what the gateways of this configuration had cached on 3 servers\n",
    )
    assert await kept(entries) == 0
    assert await other.get_many([b"of-others"])
    await fill(entries)
    assert await kept(entries) == len(GROUPS)
    done = await asyncio.to_thread(portico, "cache", "flush", "--everything", "--config", file)
    assert (done.returncode, done.stdout) == (0, "emptied: 3 servers\n")
    assert await kept(entries) == 0
    assert not await other.get_many([b"of-others"])
    await shared.cache.aclose()
    await other.aclose()


async def test_the_key_in_the_data_directory_serves_where_no_secret_is_stated(
    memcached: Memcacheds, tmp_path: Path
) -> None:
    server = await memcached()
    file, data = configured(tmp_path, {"memcached": [server.address]}), tmp_path / "data"
    command = ("cache", "flush", "--config", file, "--data", str(data))
    refused = await asyncio.to_thread(portico, *command)
    assert refused.returncode == 1
    assert "--data" in refused.stderr
    assert not data.exists()
    directory = DataDirectory(data)
    with directory.hold():
        key = directory.token_key()
        settings = load(Path(file)).cache
        assert settings is not None
        shared = shared_by(settings, key)
        entries = Entries(shared.cache, shared.secret, 3600)
        await fill(entries)
        done = await asyncio.to_thread(portico, *command)
        assert done.returncode == 0, done.stderr
        assert await kept(entries) == 0
        await shared.cache.aclose()


async def test_what_a_flush_could_not_reach_is_told(memcached: Memcacheds, tmp_path: Path, secret: str) -> None:
    server, gone = await memcached(), await memcached()
    await gone.kill()
    cache = {"memcached": [server.address, gone.address], "secret_file": secret, "ttl": 7}
    for more, outcome in (((), "up to 7 seconds"), (("--everything",), "not empty")):
        done = await asyncio.to_thread(portico, "cache", "flush", "--config", configured(tmp_path, cache), *more)
        assert done.returncode == 1
        assert f"no answer from {gone.address}; " in done.stderr
        assert outcome in done.stderr
        assert server.address not in done.stderr


async def test_statistics_of_all_servers(memcached: Memcacheds, tmp_path: Path) -> None:
    server, gone = await memcached(), await memcached()
    cache = Memcached([server.address])
    await cache.set(b"key", b"value", 60)
    await cache.get_many([b"key"])
    await cache.get_many([b"missing"])
    await cache.aclose()
    file = configured(tmp_path, {"memcached": [server.address, gone.address]})
    done = await asyncio.to_thread(portico, "cache", "stats", "--config", file)
    assert done.returncode == 0
    head, first, second = done.stdout.splitlines()
    assert head.split()[:3] == ["server", "version", "up"]
    assert first.split()[0] == server.address
    assert second.split()[0] == gone.address
    assert first.split()[3:9] == ["1", "0", "of", "64", "MiB", "1"]
    assert "50%" in first
    await gone.kill()
    done = await asyncio.to_thread(portico, "cache", "stats", "--config", file)
    assert done.returncode == 1
    assert "no answer" in done.stdout.splitlines()[2]
    assert f"no answer from {gone.address}" in done.stderr


@pytest.mark.parametrize("command", ("stats", "flush"))
@pytest.mark.parametrize(("cache", "told"), ((None, "has no `cache`"), ({}, "restart the gateway")))
def test_where_there_are_no_servers_the_command_says_what_to_do(
    tmp_path: Path, command: str, cache: Mapping[str, object] | None, told: str
) -> None:
    done = portico("cache", command, "--config", configured(tmp_path, cache))
    assert done.returncode == 1
    assert told in done.stderr
    missing = portico("cache", command, "--config", str(tmp_path / "none.yaml"))
    assert missing.returncode == 1
    assert "none.yaml" in missing.stderr
