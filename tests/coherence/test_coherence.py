"""One tree: what was written through one door shows at once through all of them."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path

import pytest

from gateway.app import running
from gateway.config import load
from tests.coherence.doors import BUCKET, Door, Doors, Row, Seen, opened

STEPS = 40
SIZES = (0, 1, 100, 5_000, 40_000, 300_000)
KEYS = ("a", "b.txt", "dir/a", "dir/deep/c", "ünï cödé", "100% +&=#?", "emoji 🚪/x")


def digest(data: bytes) -> str:
    return md5(data, usedforsecurity=False).hexdigest()


@dataclass
class Expected:
    """What all doors must show. `metadata` is None where FTP wrote the object."""

    data: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture(params=("memory", "catalog"))
async def doors(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Doors]:
    file = tmp_path / "c.yaml"
    store = "{type: memory}" if request.param == "memory" else f"{{type: catalog, path: {tmp_path}/data}}"
    file.write_text(
        f"stores: {{main: {store}}}\n"
        "accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}\n"
        "log: {access: false}\n"
    )
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app, opened(app, users[0]) as doors:
        yield doors


async def check(doors: Doors, key: str, expected: Expected | None) -> None:
    """All doors, at once, show one object as it should be."""
    for door, seen in zip(doors.all, await asyncio.gather(*(door.get(key) for door in doors.all)), strict=True):
        check_seen(door, key, seen, expected)


def check_seen(door: Door, key: str, seen: Seen | None, expected: Expected | None) -> None:
    if expected is None or seen is None:
        assert (seen is None) == (expected is None), (door.name, key)
        return
    assert seen.data == expected.data, (door.name, key)
    if door.tells_metadata:
        assert seen.etag == digest(expected.data), (door.name, key)
        assert seen.metadata == expected.metadata, (door.name, key)


async def check_listings(doors: Doors, model: Mapping[str, Expected]) -> None:
    """All doors, at once, list the same names, sizes and entity tags."""
    rows = {key: Row(len(expected.data), digest(expected.data)) for key, expected in model.items()}
    for door, listing in zip(doors.all, await asyncio.gather(*(door.listing() for door in doors.all)), strict=True):
        if door.tells_metadata:
            assert listing == rows, door.name
        else:
            assert listing == {key: Row(row.size) for key, row in rows.items()}, door.name


@pytest.mark.parametrize("seed", (1, 2, 3))
async def test_any_history_looks_the_same_from_everywhere(doors: Doors, seed: int) -> None:
    choice = random.Random(seed)
    model: dict[str, Expected] = {}
    for step in range(STEPS):
        door, key = choice.choice(doors.all), choice.choice(KEYS)
        if choice.random() < 0.7:
            data = choice.randbytes(choice.choice(SIZES))
            metadata = {"step": str(step)} if door.tells_metadata and choice.random() < 0.5 else {}
            await door.put(key, data, metadata)
            model[key] = Expected(data, metadata)
        else:
            await door.delete(key)
            model.pop(key, None)
        await check(doors, key, model.get(key))
        await check_listings(doors, model)


async def test_racing_writers_of_all_doors_leave_one_whole_object(doors: Doors) -> None:
    choice = random.Random(4)
    for _ in range(5):
        bodies = {door.name: choice.randbytes(200_000) for door in doors.all}
        await asyncio.gather(*(door.put("raced", bodies[door.name], {}) for door in doors.all))
        seen = await doors.s3.get("raced")
        assert seen is not None
        assert seen.data in bodies.values()
        await check(doors, "raced", Expected(seen.data))
        await check_listings(doors, {"raced": Expected(seen.data)})


async def test_readers_see_the_old_object_or_the_new_one_while_it_is_replaced(doors: Doors) -> None:
    versions = [bytes([number]) * 300_000 for number in range(1, 7)]
    await doors.s3.put("replaced", versions[0], {})
    done = asyncio.Event()

    async def read(door: Door) -> int:
        count = 0
        while not done.is_set() or not count:
            seen = await door.get("replaced")
            assert seen is not None
            assert seen.data in versions, door.name
            if seen.etag:
                assert seen.etag == digest(seen.data), door.name
            count += 1
        return count

    async def write() -> None:
        try:
            for number, version in enumerate(versions[1:]):
                await doors.all[number % 2].put("replaced", version, {})
        finally:
            done.set()

    counts = await asyncio.gather(*map(read, doors.all), write())
    assert all(count for count in counts[:3] if count is not None)
    await check(doors, "replaced", Expected(versions[-1]))


@pytest.mark.parametrize("writer", ("s3", "swift"))
async def test_metadata_and_type_cross_over(doors: Doors, writer: str) -> None:
    door = next(door for door in doors.all if door.name == writer)
    await door.put("meta", b"data", {"colour": "blue", "long-name": "x y"})
    for reader in (doors.s3, doors.swift):
        seen = await reader.get("meta")
        assert seen is not None
        assert seen.metadata == {"colour": "blue", "long-name": "x y"}


async def test_the_bucket_is_a_directory_of_the_root_for_ftp(doors: Doors) -> None:
    assert await doors.ftp.root() == [BUCKET]
