"""Passes of the reaper: objects whose own time has come, uploads that nobody completed, and how it goes about it."""

import asyncio
import logging
import time

import pytest

from gateway.cache.leader import Leader
from gateway.cache.local import LocalCache
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import SECOND
from gateway.core.errors import NoSuchKey, Unavailable
from gateway.core.lifecycle import Filter, Rule
from gateway.core.store import Store
from gateway.core.types import Expired, Key, Props, Put
from gateway.core.uploads import UploadQuery
from gateway.reaper import reaper as module
from gateway.reaper.reaper import Charge, Reaper, reap
from gateway.reaper.settings import ReaperSettings
from tests.reaper.world import BUCKET, OWNER, PAST, Meddled, World, removed
from tests.support.waiting import until

LATER = (time.time_ns() // SECOND + 86_400) * SECOND


async def test_what_has_vanished_is_removed_and_nothing_else(world: World) -> None:
    await world.put("a", expires=PAST)
    await world.put("b", expires=LATER)
    await world.put("c")
    await world.store.create_bucket("other", BucketProps(owner=OWNER))
    await world.store.put(Key("other", "d"), BytesBody(b"d"), Put(props=Props(expires=PAST)))
    assert await world.reap() == removed(vanished=2)
    assert await world.names() == ["b", "c"]
    assert (await world.store.stat_bucket("other")).objects == 0
    assert await world.reap() == {}
    world.clock.days = 2
    assert await world.reap() == removed(vanished=1)
    assert await world.names() == ["c"]


async def test_in_a_bucket_with_versions_what_has_vanished_stays_below_a_marker(world: World) -> None:
    await world.versions.set_versioning(BUCKET, enabled=True)
    written = await world.put("a", expires=PAST)
    assert await world.reap() == removed(vanished=1)
    assert [marker for _, _, marker in await world.history()] == [True, False]
    assert (await world.store.stat(written.key, written.version)).size == written.size
    assert await world.reap() == {}


@pytest.mark.parametrize("expires", (None, LATER, PAST + 1), ids=("stays", "later", "sooner"))
async def test_what_is_rewritten_between_look_and_removal_stays(world: World, expires: int | None) -> None:
    await world.put("a", expires=PAST)
    meddled = Meddled(world.store, lambda key: world.put(key.name, b"new", expires=expires))
    assert await world.reap(meddled) == {}
    assert await world.names() == ["a"]
    assert (await world.store.stat_bucket(BUCKET)).bytes == 3


async def test_what_is_gone_between_look_and_removal_is_not_counted(world: World) -> None:
    await world.put("a", expires=PAST)
    reaper = world.reaper(Meddled(world.store, world.store.delete))
    await reaper.reap()
    assert (reaper.tally.removed.total(), reaper.tally.refused) == (0, 0)


async def test_a_pass_that_was_broken_off_is_finished_after_a_restart(world: World) -> None:
    for number in range(100):
        await world.put(f"{number:03}", expires=PAST)

    async def pause(_: float) -> None:
        raise asyncio.CancelledError

    broken = world.reaper()
    broken._pause = pause
    with pytest.raises(asyncio.CancelledError):
        await broken.reap()
    assert broken.tally.removed.total() == module.AT_ONCE
    assert len(await world.names()) == 100 - module.AT_ONCE
    assert await world.reap() == removed(vanished=100 - module.AT_ONCE)
    assert await world.names() == []


async def test_pages_are_gone_through_at_the_rate_that_is_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 10)
    for number in range(35):
        await world.put(f"{number:03}", expires=PAST + number // 20)
    assert await world.reap(rate=7) == removed(vanished=35)
    assert 35 / 7 <= sum(world.pauses) <= 35 / 7 + 6 * module.LOOK / 7
    world.pauses.clear()
    assert await world.reap(abandoned_uploads=0) == {}
    assert world.pauses == []


async def test_one_that_is_not_let_go_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for name in "abcde":
        await world.put(name, expires=PAST)

    async def refuse(key: Key) -> None:
        if key.name in "abc":
            raise Unavailable

    reaper = world.reaper(Meddled(world.store, refuse))
    await reaper.reap()
    assert (reaper.tally.removed.total(), reaper.tally.refused) == (2, 3)
    assert await world.names() == ["a", "b", "c"]


async def test_a_line_tells_what_was_removed_or_refused(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "portico.reaper")
    await world.reap()
    assert not caplog.records
    await world.put("a", expires=PAST)
    await world.reap()
    (record,) = caplog.records
    assert {name: getattr(record, name) for name in ("store", "vanished")} == {"store": "main", "vanished": 1}
    caplog.clear()
    await world.put("a", expires=PAST)

    async def refuse(_: Key) -> None:
        raise Unavailable

    await world.reap(Meddled(world.store, refuse))
    (record,) = caplog.records
    assert (record.levelname, record.__dict__["refused"]) == ("WARNING", 1)


def uploads_of(store: Store) -> Multipart:
    found = find(store, Multipart)
    assert found is not None
    return found


async def open_uploads(world: World) -> list[str]:
    page = await uploads_of(world.store).uploads(BUCKET, UploadQuery())
    return [row.name for row in page.items]


async def test_uploads_that_nobody_is_at_are_dropped(world: World) -> None:
    multipart = uploads_of(world.store)
    for name in ("a", "b"):
        upload = await multipart.create_upload(Key(BUCKET, name), Put())
        await multipart.put_part(Key(BUCKET, name), upload.id, 1, BytesBody(b"part"))
    world.clock.days = 6.9
    assert await world.reap() == {}
    world.clock.days = 7.1
    assert await world.reap(abandoned_uploads=0) == {}
    assert await world.reap(embedded=False) == {}
    assert await open_uploads(world) == ["a", "b"]
    assert await world.reap() == removed(upload=2)
    assert await open_uploads(world) == []


async def test_an_upload_whose_parts_still_come_in_is_not_dropped(world: World) -> None:
    """Half a second counts as the age here; parts are as old as they are."""
    multipart, key = uploads_of(world.store), Key(BUCKET, "a")
    upload = await multipart.create_upload(key, Put())
    await asyncio.sleep(0.6)
    await multipart.put_part(key, upload.id, 7, BytesBody(b"part"))
    touched = (await multipart.parts(key, upload.id)).items[0].modified
    world.clock = lambda: touched + SECOND // 4  # type: ignore[assignment]
    assert await world.reap(abandoned_uploads=0.5) == {}
    world.clock = lambda: touched + SECOND  # type: ignore[assignment]
    assert await world.reap(abandoned_uploads=0.5) == removed(upload=1)


async def test_uploads_are_aborted_by_rules_however_busy(world: World) -> None:
    multipart = uploads_of(world.store)
    for name in ("logs/a", "other"):
        await multipart.create_upload(Key(BUCKET, name), Put())
    await world.rule(Rule(id="r", filter=Filter(prefix="logs/"), upload_days=2))
    world.clock.days = 1.9
    assert await world.reap(embedded=False) == {}
    world.clock.days = 3.1
    assert await world.reap(embedded=False) == removed(upload=1)
    assert await open_uploads(world) == ["other"]


async def test_it_goes_on_after_failures_of_every_kind(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await world.put("a", expires=PAST)
    reaper = world.reaper()
    failures: list[Exception] = [Unavailable(), RuntimeError("a mistake")]
    real = reaper._vanish

    async def vanish() -> None:
        if failures:
            raise failures.pop()
        await real()

    reaper._vanish = vanish  # type: ignore[method-assign]
    running = asyncio.create_task(reap([reaper]))
    await until(lambda: reaper.tally.removed.total() == 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    with pytest.raises(NoSuchKey):
        await world.store.stat(Key(BUCKET, "a"))


async def test_the_walk_has_an_interval_of_its_own(world: World) -> None:
    reaper = world.reaper(rules_interval=3600)
    await reaper.reap()
    await world.rule(Rule(id="r", days=1))
    await world.put("a", modified=PAST)
    await reaper.reap()
    assert await world.names() == ["a"]
    world.clock.days = 1 / 24 + 0.001
    await reaper.reap()
    assert await world.names() == []


async def test_what_is_due_is_told_by_an_index_alone(world: World) -> None:
    """However many objects there are, what vanishes is what is looked at."""
    for number in range(50):
        await world.put(f"stays-{number}")
    await world.put("goes", expires=PAST)
    expiring = find(world.store, Expiring)
    assert expiring is not None
    assert list(await expiring.expired(time.time_ns())) == [Expired(Key(BUCKET, "goes"), PAST)]


async def test_of_many_replicas_one_reaps_and_another_takes_over(world: World) -> None:
    """The one that leads is asked again with every few removals."""
    cache = LocalCache()
    reapers = [
        Reaper(
            Charge(name="main", store=world.store, leader=Leader(cache, b"secret", "reaper of main", 60)),
            ReaperSettings(),
            world.clock,
            world.pause,
        )
        for _ in range(2)
    ]
    for number in range(40):
        await world.put(f"{number:03}", expires=PAST)
    first, second = reapers
    pauses: list[float] = []

    async def usurp(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            await cache.flush()
            await second.reap()

    first._pause = usurp
    await first.reap()
    assert (first.tally.removed.total(), second.tally.removed.total()) == (32, 8)
    await world.put("again", expires=PAST)
    await first.reap()
    assert await world.names() == ["again"]
    await second.reap()
    assert await world.names() == []
