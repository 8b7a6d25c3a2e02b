import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from gateway.cache.entries import Entries
from gateway.cache.local import LocalCache
from gateway.cache.near import Near
from gateway.cache.sights import Name
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.conditions import ABSENT, When
from gateway.core.errors import ConditionFailed, NoSuchKey, NotModified, Unavailable
from gateway.core.tree import PAGE
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.layers.metacache import MetaCache, View
from gateway.layers.metacache.telling import Telling
from gateway.layers.packing import Answer
from gateway.stores.memory import Memory
from tests.support.stores import Plain
from tests.support.waiting import eventually, until

KEY = Key("bucket", "dir/key")
LISTING = ListQuery(prefix="dir/", delimiter="/")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Upstream(Memory):
    """A remote store: counts what is asked of it, waits when told to, and can be down."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.down = False

    async def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise Unavailable
        await self.gate.wait()

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        page = await super().list(bucket, query)
        await self._ask("list")
        return page

    async def stat(self, key: Key, version: str | None = None, when: When = ABSENT) -> Meta:
        await self._ask("stat")
        return await super().stat(key, version, When())


class Switch(LocalCache):
    """A cache that can be cut off."""

    cut = False

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {} if self.cut else await super().get_many(keys)

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        return not self.cut and await super().set(key, value, ttl)

    def overwrite(self, value: bytes) -> None:
        """Put something else under every key."""
        for key in tuple(self._entries):
            self._entries[key] = value, 10


class World:
    """Two replicas over one upstream, with a shared cache and a clock that tests drive."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.upstream = Upstream()
        self.cache = Switch(clock=self.clock)
        self.a, self.b = self.replica(), self.replica()

    def replica(self) -> MetaCache:
        return MetaCache(self.upstream, Entries(self.cache, b"secret", 10, clock=self.clock), "default", self.near())

    def near(self) -> Near[Answer]:
        return Near(clock=self.clock)

    async def put(self, replica: MetaCache, data: bytes) -> Meta:
        return await replica.put(KEY, BytesBody(data), Put())


@pytest.fixture
async def world() -> World:
    world = World()
    await world.a.create_bucket("bucket", BucketProps(owner="test"))
    await world.put(world.a, b"one")
    world.upstream.asked.clear()
    return world


async def test_f10_two_listings_make_one_request_until_the_entry_expires(world: World) -> None:
    first = await world.a.list("bucket", LISTING)
    assert await world.b.list("bucket", LISTING) == first
    assert world.upstream.asked == ["list"]
    world.clock.now += 11
    assert await world.a.list("bucket", LISTING) == first
    assert world.upstream.asked == ["list", "list"]


async def test_f11_a_write_through_one_replica_is_seen_through_the_other_at_once(world: World) -> None:
    for number in range(5):
        written = await world.put(world.a, b"x" * number)
        assert await world.b.stat(KEY) == written
        assert (await world.b.list("bucket", LISTING)).items == (written,)
        assert (await world.b.stat_bucket("bucket")).bytes == number
    await world.b.delete(KEY)
    with pytest.raises(NoSuchKey):
        await world.a.stat(KEY)


async def test_f12_a_listing_that_raced_with_a_write_is_not_served_after_it(world: World) -> None:
    world.upstream.gate.clear()
    racing = asyncio.create_task(world.b.list("bucket", LISTING))
    await until(lambda: bool(world.upstream.asked))
    written = await world.put(world.a, b"while the listing was fetched")
    world.upstream.gate.set()
    await racing
    for replica in (world.a, world.b):
        assert (await replica.list("bucket", LISTING)).items == (written,)


async def test_a_reader_after_the_write_does_not_join_a_fetch_from_before_it(world: World) -> None:
    world.upstream.gate.clear()
    early = asyncio.create_task(world.a.list("bucket", LISTING))
    await until(lambda: bool(world.upstream.asked))
    written = await world.put(world.a, b"new")
    late = asyncio.create_task(world.a.list("bucket", LISTING))
    await asyncio.sleep(0.01)
    world.upstream.gate.set()
    assert (await late).items == (written,)
    await early


async def test_one_fetch_serves_all_who_wait_and_survives_who_leaves(world: World) -> None:
    world.upstream.gate.clear()
    tasks = [asyncio.create_task(world.a.stat(KEY)) for _ in range(10)]
    await until(lambda: bool(world.upstream.asked))
    tasks[0].cancel()
    world.upstream.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(set(map(str, found[1:]))) == 1
    assert world.upstream.asked == ["stat"]


async def test_c12_absence_is_remembered_too(world: World) -> None:
    missing = Key("bucket", "missing")
    for replica in (world.a, world.b, world.a):
        with pytest.raises(NoSuchKey):
            await replica.stat(missing)
    assert world.upstream.asked == ["stat"]
    await world.b.put(missing, BytesBody(b"now"), Put())
    assert (await world.a.stat(missing)).size == 3


async def test_conditions_are_checked_against_what_is_cached(world: World) -> None:
    etag = (await world.a.stat(KEY)).etag
    with pytest.raises(NotModified):
        await world.a.stat(KEY, when=When(if_none_match=(etag,)))
    with pytest.raises(ConditionFailed):
        await world.b.stat(KEY, when=When(if_match=("other",)))
    assert world.upstream.asked == ["stat"]


async def test_f19_an_outage_is_told_and_never_cached(world: World) -> None:
    world.upstream.down = True
    with pytest.raises(Unavailable):
        await world.a.list("bucket", LISTING)
    world.upstream.down = False
    assert len((await world.a.list("bucket", LISTING)).items) == 1


async def test_a_write_that_failed_may_have_happened_so_the_cache_forgets(world: World) -> None:
    await world.a.stat(KEY)
    with pytest.raises(ConditionFailed):
        await world.b.put(KEY, BytesBody(b"two"), Put(when=ABSENT))
    world.upstream.asked.clear()
    await world.a.stat(KEY)
    assert world.upstream.asked == ["stat"]


async def test_f14_without_the_cache_everything_works(world: World) -> None:
    world.cache.cut = True
    written = await world.put(world.a, b"without a cache")
    for replica in (world.a, world.b):
        assert await replica.stat(KEY) == written
        assert (await replica.list("bucket", LISTING)).items == (written,)


async def test_a_write_that_could_not_be_told_is_told_later(world: World) -> None:
    await world.a.stat(KEY)
    world.cache.cut = True
    written = await world.put(world.a, b"in the dark")
    world.cache.cut = False
    assert await world.a.stat(KEY) == written

    async def seen() -> bool:
        return await world.b.stat(KEY) == written

    await eventually(seen)
    await world.a.aclose()


async def test_capabilities_are_those_of_the_store_inside(world: World) -> None:
    for capability in (Append, Multipart, Rename):
        assert find(world.a, capability) is world.a
    plain = MetaCache(Plain(Memory()), Entries(LocalCache(), b"secret", 10), "default")
    for capability in (Append, Multipart, Rename):
        assert find(plain, capability) is None


async def test_namespaces_share_nothing(world: World) -> None:
    await world.a.stat(KEY)
    other = MetaCache(Memory(), Entries(world.cache, b"secret", 10), "other")
    await other.create_bucket("bucket", BucketProps(owner="x"))
    with pytest.raises(NoSuchKey):
        await other.stat(KEY)


async def test_c14_a_directory_that_moves_leaves_nothing_behind(world: World) -> None:
    for replica in (world.a, world.b):
        assert (await replica.stat(KEY)).name == "dir/key"
        assert len((await replica.list("bucket", LISTING)).items) == 1
    await world.a.rename_prefix(Key("bucket", "dir/"), Key("bucket", "moved/"))
    for replica in (world.a, world.b):
        with pytest.raises(NoSuchKey):
            await replica.stat(KEY)
        assert (await replica.list("bucket", LISTING)).items == ()
        assert (await replica.stat(Key("bucket", "moved/key"))).size == len(b"one")


async def test_c13_a_listing_tells_of_all_its_rows(world: World) -> None:
    written = await world.put(world.a, b"four")
    assert await world.a.glance(KEY) is None
    for number in range(2 * PAGE):
        await world.upstream.put(Key("bucket", f"dir/{number:05}"), BytesBody(b"x" * number), Put())
    query: ListQuery | None = LISTING
    while query is not None:
        page = await world.a.list("bucket", query)
        query = None if page.next is None else replace(LISTING, marker=page.next)
    world.upstream.asked.clear()
    assert await world.a.glance(KEY) == written
    for number in (0, 1, PAGE - 1, PAGE, 2 * PAGE - 1):
        row = await world.a.glance(Key("bucket", f"dir/{number:05}"))
        assert row is not None
        assert row.size == number
    assert await world.a.glance(Key("bucket", "dir/none")) is None
    assert world.upstream.asked == []


async def test_c12_a_listing_tells_what_is_not_there(world: World) -> None:
    await world.upstream.put(Key("bucket", "dir/sub/deep"), BytesBody(b""), Put())
    await world.a.list("bucket", LISTING)
    world.upstream.asked.clear()
    with pytest.raises(NoSuchKey):
        await world.a.glance(Key("bucket", "dir/none"))
    assert await world.a.glance(Key("bucket", "dir/sub")) is None
    assert await world.a.glance(Key("bucket", "elsewhere")) is None
    assert await world.b.glance(Key("bucket", "dir/none")) is None
    assert world.upstream.asked == []


async def test_what_a_listing_told_is_forgotten_with_it(world: World) -> None:
    await world.a.list("bucket", LISTING)
    written = await world.put(world.b, b"longer than before")
    assert await world.a.glance(KEY) is None
    await world.a.list("bucket", LISTING)
    assert await world.a.glance(KEY) == written
    world.clock.now += 11
    assert await world.a.glance(KEY) is None


async def test_answers_of_this_process_are_not_unpacked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await world.a.list("bucket", LISTING)
    monkeypatch.setattr("gateway.layers.metacache.layer.unpack", None)
    assert await world.a.list("bucket", LISTING) is first


async def test_answers_of_this_process_are_refused_with_their_generation(world: World) -> None:
    await world.a.stat(KEY)
    written = await world.put(world.b, b"by another replica")
    assert await world.a.stat(KEY) == written
    await world.b.delete(KEY)
    with pytest.raises(NoSuchKey):
        await world.a.stat(KEY)


async def test_a_copy_in_this_process_lives_no_longer_than_the_entry(world: World) -> None:
    first = await world.a.list("bucket", LISTING)
    world.clock.now += 8
    assert await world.b.list("bucket", LISTING) == first
    world.clock.now += 3
    world.upstream.asked.clear()
    await world.b.list("bucket", LISTING)
    assert world.upstream.asked == ["list"]


async def test_garbage_in_the_cache_costs_speed_only(world: World) -> None:
    written = await world.a.stat(KEY)
    for garbage in (b"", b"\x02", bytes(100), b"\xff" * 5000):
        world.cache.overwrite(garbage)
        for replica in (world.a, world.b):
            assert await replica.stat(KEY) == written
            assert (await replica.list("bucket", LISTING)).items == (written,)
        written = await world.put(world.a, garbage)
        assert await world.b.stat(KEY) == written


async def test_payloads_of_the_right_generation_that_can_not_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("gateway.layers.metacache.layer.pack", lambda _: b"of another version")
    written = await world.a.stat(KEY)
    monkeypatch.undo()
    assert await world.b.stat(KEY) == written
    assert "not readable" in caplog.text


async def test_callers_with_views_of_one_account_learn_of_each_others_writes_and_share_nothing_else() -> None:
    cache, near, upstream = LocalCache(), Near[Answer](), Memory()

    def seen_by(account: str, *scope: str) -> MetaCache:
        entries = Entries(cache, b"secret", ttl=10)
        return MetaCache(Plain(upstream), entries, "main", near, View(account, scope))

    one, two, stranger = seen_by("acme", "one"), seen_by("acme", "two"), seen_by("other", "one")
    await one.create_bucket("b", BucketProps(owner="acme"))
    for store in (one, two, stranger):
        for _ in range(2):
            await store.list("b", ListQuery())
            await store.stat_bucket("b")
            await store.buckets(ListQuery())
            with pytest.raises(NoSuchKey):
                await store.stat(Key("b", "k"))
        assert isinstance(store.inner, Plain)
        assert store.inner.calls[-4:] == ["list", "stat_bucket", "buckets", "stat"]
        assert len(store.inner.calls) <= 5
    await two.put(Key("b", "k"), BytesBody(b"x"), Put())
    assert [row.name for row in (await one.list("b", ListQuery())).items] == ["k"]
    assert (await one.stat(Key("b", "k"))).size == 1


class Scripted(Entries):
    """A cache whose answers to those who tell it of writes a test gives, one by one."""

    def __init__(self) -> None:
        super().__init__(LocalCache(), b"secret", 10)
        self.bumps: list[asyncio.Future[bool]] = []

    async def bump(self, group: Name) -> bool:
        self.bumps.append(asyncio.get_running_loop().create_future())
        return await self.bumps[-1]


async def test_a_bump_pays_for_no_write_that_came_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.layers.metacache.telling.RETRY_SECONDS", 0)
    entries, group = Scripted(), ("default", "bucket")
    telling = Telling(entries)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(telling.tell([group]))
        await until(lambda: len(entries.bumps) == 1)
        entries.bumps[0].set_result(False)
    await until(lambda: len(entries.bumps) == 2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(telling.tell([group]))
        await until(lambda: len(entries.bumps) == 3)
        entries.bumps[2].set_result(False)
    entries.bumps[1].set_result(True)
    await until(lambda: len(entries.bumps) == 4)
    assert telling.owes(group)
    entries.bumps[3].set_result(True)
    await until(lambda: not telling.owes(group))
    await telling.aclose()


async def test_c12_a_kept_absence_keeps_nothing_else_alive(world: World) -> None:
    near = world.near()
    replica = MetaCache(world.upstream, Entries(world.cache, b"secret", 10), "default", near)
    missing = Key("bucket", "missing")
    for _ in range(2):
        with pytest.raises(NoSuchKey):
            await replica.stat(missing)
    held = near.get((("default", "bucket"), ("stat", "missing")))
    assert held is not None
    assert isinstance(held.answer, NoSuchKey)
    assert held.answer.__traceback__ is None
