"""Rules over stores as they are served: large objects put together, objects encrypted, metadata cached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.auth.asking import check_segment, check_segments
from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.core.body import BytesBody
from gateway.core.errors import NoSuchKey
from gateway.core.lifecycle import Filter, Rule
from gateway.core.manifest import DYNAMIC, Segment
from gateway.core.types import Key, Props, PropsChange, Put
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.layers.manifests import Gate, LargeObjects
from gateway.layers.metacache import MetaCache
from gateway.stores.catalog import Catalog, CatalogSettings
from tests.reaper.world import BUCKET, PAST, Meddled, World, removed, world_over


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(CatalogSettings(path=tmp_path))


@pytest.fixture
async def large(catalog: Catalog) -> AsyncIterator[tuple[World, LargeObjects]]:
    layer = LargeObjects(catalog, Gate(check_segment, check_segments))
    async with world_over(layer) as world:
        yield world, layer


async def put_static(world: World, layer: LargeObjects, data: bytes = b"part") -> None:
    part = await world.put("parts/1", data)
    listed = [Segment(container=BUCKET, name="parts/1", size=len(data), etag=part.etag)]
    await layer.put_manifest(Key(BUCKET, "static"), listed, Put())


async def put_dynamic(world: World) -> None:
    props = Props(system={DYNAMIC: f"{BUCKET}/parts/"})
    await world.store.put(Key(BUCKET, "dynamic"), BytesBody(b""), Put(props=props))


async def test_large_objects_expire_with_their_parts(large: tuple[World, LargeObjects]) -> None:
    world, layer = large
    await put_static(world, layer)
    await put_dynamic(world)
    await world.rule(Rule(id="r", days=1))
    world.clock.days = 2.1
    assert await world.reap() == removed(expired=3)
    assert await world.names() == []


async def test_a_large_object_that_is_rewritten_meanwhile_stays(large: tuple[World, LargeObjects]) -> None:
    world, layer = large
    await put_static(world, layer)
    await put_dynamic(world)
    await world.rule(Rule(id="r", days=1, filter=Filter(smaller=5)))
    for name in ("static", "dynamic"):
        await world.store.update(Key(BUCKET, name), PropsChange(modified=PAST))

    async def rewrite(key: Key) -> None:
        await (put_static(world, layer, b"other") if key.name == "static" else put_dynamic(world))

    assert await world.reap(Meddled(layer, rewrite)) == {}
    assert await world.names() == ["dynamic", "parts/1", "static"]


async def test_a_past_version_of_a_large_object_that_stands_again_stays(large: tuple[World, LargeObjects]) -> None:
    world, layer = large
    await world.versions.set_versioning(BUCKET, enabled=True)
    await put_static(world, layer)
    second = await world.put("static")
    await world.rule(Rule(id="r", past_days=1))
    world.clock.days = 2.1
    meddled = Meddled(layer, lambda key: layer.delete(key, second.version))
    assert await world.reap(meddled) == {}
    assert (await world.store.stat(second.key)).version != second.version


async def test_encrypted_objects_expire_and_vanish(catalog: Catalog) -> None:
    async with world_over(Encrypted(catalog, MasterKeys({"new": bytes(32)}, "new"), default=True)) as world:
        await world.put("a", modified=PAST)
        await world.put("b", expires=PAST)
        await world.rule(Rule(id="r", days=1))
        assert await world.reap() == removed(expired=1, vanished=1)
        assert await world.names() == []


async def test_what_is_removed_is_removed_from_the_cache(catalog: Catalog) -> None:
    async with world_over(MetaCache(catalog, Entries(LocalCache(), b"secret", ttl=100), "default")) as world:
        written = await world.put("a", modified=PAST)
        assert await world.names() == ["a"]
        assert await world.store.stat(written.key) == written
        await world.rule(Rule(id="r", days=1))
        assert await world.reap() == removed(expired=1)
        with pytest.raises(NoSuchKey):
            await world.store.stat(written.key)
        assert await world.names() == []
