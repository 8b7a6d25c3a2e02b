"""Small objects that are kept in memory between commits."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import NoSuchBucket, NoSuchKey
from gateway.core.types import Copy, Key, Props, PropsChange, Put
from gateway.core.uploads import PartRef
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.catalog.recent import OVERHEAD, RecentObjects
from tests.stores.catalog.tools import BUCKET, KEY, LARGE, SMALL, assembled, key, put, read

OTHER = key("other")
NEW = b"new bytes"

Change = Callable[[Catalog], Awaitable[object]]


def recent(catalog: Catalog) -> RecentObjects:
    engine = catalog._opened
    assert engine is not None
    return engine.recent


async def complete(catalog: Catalog) -> object:
    return await assembled(catalog, KEY, NEW)


CHANGES: dict[str, Change] = {
    "put": lambda catalog: put(catalog, KEY, NEW),
    "append": lambda catalog: catalog.append(KEY, BytesBody(NEW), Put()),
    "update": lambda catalog: catalog.update(KEY, PropsChange(user={"color": "red"})),
    "copy": lambda catalog: catalog.copy(OTHER, KEY, Copy()),
    "complete": complete,
    "rename onto": lambda catalog: catalog.rename(OTHER, KEY),
    "rename away": lambda catalog: catalog.rename(KEY, key("away")),
    "rename prefix": lambda catalog: catalog.rename_prefix(key("obj"), key("away")),
    "rename bucket": lambda catalog: catalog.rename_bucket(BUCKET, "away"),
    "delete": lambda catalog: catalog.delete(KEY),
    "delete many": lambda catalog: catalog.delete_many(BUCKET, ["nothing", KEY.name]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_changes_is_read_anew(catalog: Catalog, change: Change) -> None:
    await put(catalog, KEY, SMALL)
    await put(catalog, OTHER, b"other bytes")
    before = recent(catalog).open(KEY)
    assert recent(catalog).open(KEY) is before
    await change(catalog)
    try:
        async with catalog.open(KEY) as reader:
            assert reader.meta != before.meta
            assert reader.meta == await catalog.stat(KEY)
    except (NoSuchKey, NoSuchBucket) as gone:
        with pytest.raises(type(gone)):
            await catalog.stat(KEY)


async def test_what_does_not_change_stays(catalog: Catalog) -> None:
    await put(catalog, KEY, SMALL)
    before = recent(catalog).open(KEY)
    await put(catalog, OTHER, NEW)
    upload = await catalog.create_upload(KEY, Put())
    part = await catalog.put_part(KEY, upload.id, 1, BytesBody(NEW))
    await catalog.copy_part(KEY, upload.id, 2, OTHER)
    await catalog.abort_upload(KEY, upload.id)
    assert part.size == len(NEW)
    assert recent(catalog).open(KEY) is before


async def test_a_bucket_of_the_same_name_shows_nothing_of_the_one_before(catalog: Catalog) -> None:
    await catalog.create_bucket("again", BucketProps(owner="me"))
    await put(catalog, Key("again", "a"), SMALL)
    assert await read(catalog, Key("again", "a")) == SMALL
    await catalog.delete(Key("again", "a"))
    await catalog.delete_bucket("again")
    await catalog.create_bucket("again", BucketProps(owner="you"))
    with pytest.raises(NoSuchKey):
        await read(catalog, Key("again", "a"))


async def test_objects_in_files_are_not_kept(catalog: Catalog) -> None:
    await put(catalog, KEY, LARGE)
    assert recent(catalog).open(KEY) is not recent(catalog).open(KEY)


async def test_memory_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    room = 3 * (OVERHEAD + 100)
    catalog = Catalog(CatalogSettings(path=tmp_path, recent=room))
    await catalog.start()
    try:
        await catalog.create_bucket(BUCKET, BucketProps(owner="me"))
        for name in "abcd":
            await put(catalog, name, bytes(100))
        kept = [recent(catalog).open(key(name)) for name in "abc"]
        assert recent(catalog).open(key("a")) is kept[0]
        recent(catalog).open(key("d"))
        assert recent(catalog).open(key("a")) is kept[0]
        assert recent(catalog).open(key("b")) is not kept[1]
    finally:
        await catalog.aclose()


async def test_properties_count_as_well(tmp_path: Path) -> None:
    catalog = Catalog(CatalogSettings(path=tmp_path, recent=5 * (OVERHEAD + 100)))
    await catalog.start()
    try:
        await catalog.create_bucket(BUCKET, BucketProps(owner="me"))
        heavy = Props(user={f"name-{number}": "x" * 100 for number in range(20)})
        for name in "ab":
            await catalog.put(key(name), BytesBody(bytes(100)), Put(props=heavy))
        first = recent(catalog).open(key("a"))
        assert recent(catalog).open(key("a")) is first
        recent(catalog).open(key("b"))
        assert recent(catalog).open(key("a")) is not first
    finally:
        await catalog.aclose()


async def test_a_cache_of_no_bytes_keeps_nothing(tmp_path: Path) -> None:
    catalog = Catalog(CatalogSettings(path=tmp_path, recent=0))
    await catalog.start()
    try:
        await catalog.create_bucket(BUCKET, BucketProps(owner="me"))
        await put(catalog, KEY, SMALL)
        assert recent(catalog).open(KEY) is not recent(catalog).open(KEY)
    finally:
        await catalog.aclose()


@pytest.mark.parametrize("seed", range(3))
async def test_readers_never_see_what_an_acknowledged_write_has_replaced(catalog: Catalog, seed: int) -> None:
    """Each writer counts one object up; whoever reads it sees at least what had been acknowledged before."""
    chance = random.Random(seed)
    names = [f"count {number}" for number in range(4)]
    acknowledged = dict.fromkeys(names, 0)
    for name in names:
        await put(catalog, name, b"0")

    async def write(name: str) -> None:
        for count in range(1, 40):
            await put(catalog, name, str(count).encode())
            acknowledged[name] = count

    async def look() -> None:
        for _ in range(300):
            name = chance.choice(names)
            least = acknowledged[name]
            assert int(await read(catalog, name)) >= least
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(write(name))
        for _ in range(4):
            group.create_task(look())


async def test_parts_that_complete_an_object_are_no_change_until_then(catalog: Catalog) -> None:
    await put(catalog, KEY, SMALL)
    before = recent(catalog).open(KEY)
    upload = await catalog.create_upload(KEY, Put())
    part = await catalog.put_part(KEY, upload.id, 1, BytesBody(NEW))
    assert recent(catalog).open(KEY) is before
    await catalog.complete_upload(KEY, upload.id, [PartRef(part.number, part.etag)])
    assert await read(catalog, KEY) == NEW
