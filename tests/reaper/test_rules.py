"""Rules of buckets, carried out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.conditions import SECOND
from gateway.core.errors import Locked
from gateway.core.lifecycle import DAY, Filter, Rule
from gateway.core.locks import LEGAL_HOLD, OBJECT_LOCK, ON
from gateway.core.ops import each_bucket
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Props, PropsChange, Put
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.layers.segmented import Segmented, SegmentSettings
from gateway.reaper import walk as module
from gateway.stores.directory import Directory, DirectorySettings
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.reaper.world import BUCKET, OWNER, PAST, Meddled, World, ids, removed, world_over
from tests.support.remotes import pointing_at, serving_s3
from tests.support.stores import Plain
from tests.support.swift import pointing_at as pointing_at_swift
from tests.support.swift import serving_swift

OLD = PAST
"""A time long ago."""


async def versioned(world: World, *names: str) -> list[Meta]:
    await world.versions.set_versioning(BUCKET, enabled=True)
    return [await world.put(name) for name in names]


async def test_objects_expire_by_age_prefix_tag_and_size(world: World) -> None:
    await world.put("logs/old", modified=OLD)
    await world.put("logs/new")
    await world.put("old", modified=OLD)
    await world.put("tagged", tags="keep=no", modified=OLD)
    await world.put("otherwise", tags="keep=yes", modified=OLD)
    await world.put("large", b"x" * 100, modified=OLD)
    await world.rule(
        Rule(id="prefix", filter=Filter(prefix="logs/"), days=1),
        Rule(id="tag", filter=Filter(tags=(("keep", "no"),)), days=1),
        Rule(id="size", filter=Filter(larger=99), days=1),
        Rule(id="off", days=1, enabled=False),
    )
    assert await world.reap() == removed(expired=3)
    assert await world.names() == ["logs/new", "old", "otherwise"]
    world.clock.days = 2.1
    assert await world.reap() == removed(expired=1)
    assert await world.names() == ["old", "otherwise"]


async def test_a_date_ends_all_and_a_bucket_without_rules_is_left_alone(world: World) -> None:
    await world.put("a")
    await world.store.create_bucket("other", BucketProps(owner=OWNER))
    await world.store.put(Key("other", "a"), BytesBody(b"a"), Put(modified=OLD))
    await world.rule(Rule(id="r", date=world.clock() // DAY * DAY + DAY))
    assert await world.reap() == {}
    world.clock.days = 1.1
    assert await world.reap() == removed(expired=1)
    assert (await world.names(), (await world.store.stat_bucket("other")).objects) == ([], 1)


async def test_versions_go_step_by_step(world: World) -> None:
    first, second = await versioned(world, "a", "a")
    await world.rule(Rule(id="r", days=1, past_days=3))
    world.clock.days = 2.1
    assert await world.reap() == removed(expired=1)
    assert await world.names() == []
    assert [row[1] for row in await world.history()][1:] == ids([second, first])
    world.clock.days = 4.1
    assert await world.reap() == removed(past=2)
    assert [marker for _, _, marker in await world.history()] == [True]
    assert await world.reap() == removed(marker=1)
    assert await world.history() == []


async def test_so_many_past_versions_are_kept(world: World) -> None:
    metas = await versioned(world, *["a"] * 5, "b")
    await world.rule(Rule(id="r", past_days=1, kept=2))
    world.clock.days = 2.1
    assert await world.reap() == removed(past=2)
    assert [row[1] for row in await world.history()] == ids([*metas[4:1:-1], metas[5]])


async def test_a_marker_with_nothing_below_it_goes(world: World) -> None:
    written, _ = await versioned(world, "a", "b")
    for name in ("a", "b"):
        await world.store.delete(Key(BUCKET, name))
    await world.store.delete(written.key, written.version)
    await world.rule(Rule(id="r", markers=True))
    assert await world.reap() == removed(marker=1)
    assert [name for name, _, _ in await world.history()] == ["b", "b"]


@pytest.mark.parametrize("page", (2, 3, 4, 1000))
async def test_pages_end_anywhere(world: World, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    """Versions without an id lie among the others, whose removal must not move the place that a page goes on from."""
    monkeypatch.setattr(module, "PAGE", page)
    kept = [await world.put(name) for name in ("a", "b", "c", "d")]
    await world.versions.set_versioning(BUCKET, enabled=True)
    later = [await world.put(name) for name in ("a", "b", "a", "c", "a")]
    await world.rule(Rule(id="r", past_days=1, kept=1))
    world.clock.days = 2.1
    assert await world.reap() == removed(past=2)
    found = [(name, version) for name, version, _ in await world.history()]
    a, b, c = ([meta.version for meta in later if meta.name == name][::-1] for name in "abc")
    assert found == [("a", a[0]), ("a", a[1]), ("b", b[0]), ("b", None), ("c", c[0]), ("c", None), ("d", None)]
    assert kept[3].version is None


async def test_an_object_that_is_rewritten_meanwhile_stays(world: World) -> None:
    await world.put("a", modified=OLD)
    await world.rule(Rule(id="r", days=1))
    assert await world.reap(Meddled(world.store, lambda key: world.put(key.name))) == {}
    assert await world.names() == ["a"]


async def test_a_past_version_that_stands_again_stays(world: World) -> None:
    first, second = await versioned(world, "a", "a")
    await world.rule(Rule(id="r", past_days=1))
    world.clock.days = 2.1
    meddled = Meddled(world.store, lambda key: world.store.delete(key, second.version))
    assert await world.reap(meddled) == {}
    assert (await world.store.stat(first.key)).version == first.version


async def test_what_replaces_a_marker_without_an_id_stays(world: World) -> None:
    await world.versions.set_versioning(BUCKET, enabled=False)
    await world.store.delete(Key(BUCKET, "a"))
    await world.rule(Rule(id="r", markers=True))
    assert await world.reap(Meddled(world.store, lambda key: world.put(key.name))) == {}
    assert await world.names() == ["a"]
    assert (await world.store.stat(Key(BUCKET, "a"), NULL)).size == 4


async def test_rules_that_are_taken_back_end_the_walk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for name in "abcdef":
        await world.put(name, modified=OLD)
    await world.rule(Rule(id="r", days=1))

    async def meddle(_: Key) -> None:
        await world.rule()

    assert (await world.reap(Meddled(world.store, meddle)))["expired"] < 3
    assert len(await world.names()) >= 4


async def test_a_bucket_that_goes_meanwhile_leaves_the_others_their_turn(world: World) -> None:
    await world.store.create_bucket("a-first", BucketProps(owner=OWNER))
    await world.put("a", modified=OLD)
    await world.rule(Rule(id="r", days=1))
    (found,) = [bucket async for bucket in each_bucket(world.store) if bucket.name == BUCKET]
    await world.store.update_bucket("a-first", PropsChange(system=dict(found.system)))

    class Gone(Meddled):
        async def stat_bucket(self, name: str) -> BucketMeta:
            if name == "a-first":
                await world.store.delete_bucket(name)
            return await self.inner.stat_bucket(name)

    async def nothing(_: Key) -> None: ...

    assert await world.reap(Gone(world.store, nothing)) == removed(expired=1)


async def test_locks_hold(world: World) -> None:
    await world.store.create_bucket("locked", BucketProps(owner=OWNER, system={OBJECT_LOCK: "ON"}))
    await world.versions.set_versioning("locked", enabled=True)
    key = Key("locked", "a")
    held = await world.store.put(key, BytesBody(b"1"), Put(props=Props(system={LEGAL_HOLD: ON})))
    free = await world.store.put(key, BytesBody(b"2"), Put())
    await world.store.put(key, BytesBody(b"3"), Put())
    await world.rule(Rule(id="r", past_days=1))
    (found,) = [bucket async for bucket in each_bucket(world.store) if bucket.name == BUCKET]
    await world.store.update_bucket("locked", PropsChange(system=dict(found.system)))
    world.clock.days = 2.1
    reaper = world.reaper()
    await reaper.reap()
    assert (reaper.tally.removed.total(), reaper.tally.refused) == (1, 1)
    assert (await world.store.stat(key, held.version)).size == 1
    with pytest.raises(Locked):
        await world.store.delete(key, held.version)
    assert free.version not in {row.meta.version for row in await _rows(world, "locked")}


async def _rows(world: World, bucket: str) -> list[Version]:
    page = await world.versions.versions(bucket, VersionQuery())
    return [row for row in page.items if isinstance(row, Version)]


@pytest.fixture(params=["s3", "swift"])
async def remote(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Stores whose listings tell neither tags nor the times that were stated."""
    memory = Memory()
    if request.param == "s3":
        async with (
            serving_s3(memory) as endpoint,
            world_over(_segmented(S3Store(pointing_at(endpoint), OWNER))) as world,
        ):
            yield world
        return
    async with (
        serving_swift(memory) as url,
        world_over(_segmented(SwiftStore(pointing_at_swift(url), OWNER))) as world,
    ):
        yield world


def _segmented(store: Store) -> Segmented:
    return Segmented(store, SegmentSettings())


async def test_rules_over_remote_stores(remote: World) -> None:
    """Rows that may be due are looked at whole."""
    stated = (int(remote.clock() // SECOND) + 30 * 86_400) * SECOND
    await remote.put("tagged", tags="keep=no")
    await remote.put("otherwise", tags="keep=yes")
    await remote.put("later", tags="keep=no", modified=stated)
    await remote.rule(Rule(id="r", filter=Filter(tags=(("keep", "no"),)), days=1))
    assert await remote.reap(embedded=False) == {}
    remote.clock.days = 2.1
    assert await remote.reap(embedded=False) == removed(expired=1)
    assert await remote.names() == ["later", "otherwise"]


async def test_a_store_without_an_index_is_looked_through(tmp_path: Path) -> None:
    """For objects whose own time has come, at the pace of the rules."""
    settings = DirectorySettings.model_validate({"path": tmp_path})
    for store in (Plain(Memory()), Directory(settings, OWNER)):
        async with world_over(store) as world:
            await world.put("a", expires=PAST)
            await world.put("b", modified=OLD)
            await world.put("logs/c", modified=OLD)
            await world.rule(Rule(id="r", filter=Filter(prefix="logs/"), days=1))
            assert await world.reap(Meddled(store, lambda key: world.put(key.name))) == {}
            assert await world.names() == ["a", "b", "logs/c"]
            await world.put("a", expires=PAST)
            assert await world.reap() == removed(vanished=1)
            assert await world.names() == ["b", "logs/c"]


async def test_a_remote_that_can_not_delete_on_conditions_keeps_everything(caplog: pytest.LogCaptureFixture) -> None:
    async with serving_s3(Memory()) as endpoint:
        settings = pointing_at(endpoint).model_copy(update={"conditional_writes": False})
        async with world_over(S3Store(settings, OWNER)) as world:
            await world.put("a")
            await world.rule(Rule(id="r", days=1))
            world.clock.days = 2.1
            reaper = world.reaper(embedded=False)
            await reaper.reap()
            assert (reaper.tally.removed.total(), reaper.tally.refused) == (0, 1)
            assert await world.names() == ["a"]
    assert "did not remove all" in caplog.text
