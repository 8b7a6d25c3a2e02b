"""What is done where a store lacks a capability."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from gateway.core import ops
from gateway.core.body import Body, BytesBody, CheckedBody, expect
from gateway.core.buckets import AccountMeta, BucketMeta, BucketProps
from gateway.core.conditions import ABSENT, ANY, ANYTHING, When
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    AlreadyExists,
    BadDigest,
    ConditionFailed,
    InvalidName,
    NoSuchBucket,
    NoSuchKey,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, Props, PropsChange, Put
from gateway.stores.memory import Memory
from tests.support.bodies import Broken, Scripted, failing_at
from tests.support.stores import Plain

BUCKET = "bucket"
KEY = Key(BUCKET, "object")
TARGET = Key(BUCKET, "target")
PROPS = Props(content_type="text/plain", user={"a": "1"}, system={"x:y": "z"})
TREE = ("dir", "dir/", "dir/a", "dir/sub/b", "dirt")


class Trapped(Plain):
    """A store without capabilities; `trap` is told of every call, just before it is done."""

    def __init__(self) -> None:
        super().__init__(Memory())
        self.before: Callable[[str], object] = lambda _: None

    async def _tell(self, name: str) -> None:
        result = self.before(name)
        if asyncio.iscoroutine(result):
            await result

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        await self._tell(f"put {key.name}")
        return await super().put(key, body, opts)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        await self._tell(f"copy {source.name}")
        return await super().copy(source, target, opts)

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        await self._tell(f"delete {key.name}")
        return await super().delete(key, version, when)


@pytest.fixture
async def store() -> AsyncIterator[Trapped]:
    store = Trapped()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    yield store
    await store.aclose()


async def put(store: Store, name: str, data: bytes = b"data", props: Props | None = None) -> Meta:
    return await store.put(Key(BUCKET, name), BytesBody(data), Put(props=props or Props()))


async def read(store: Store, name: str) -> bytes:
    async with store.open(Key(BUCKET, name)) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def names(store: Store) -> list[str]:
    return [row.name async for row in ops.each(store, BUCKET)]


async def plant(store: Store) -> None:
    for name in TREE:
        await put(store, name, name.encode())


async def test_each_walks_all_pages(monkeypatch: pytest.MonkeyPatch, store: Trapped) -> None:
    monkeypatch.setattr(ops, "PAGE", 2)
    await plant(store)
    assert await names(store) == list(TREE)
    assert store.calls.count("list") == 3
    assert [row.name async for row in ops.each(store, BUCKET, "dir/")] == ["dir/", "dir/a", "dir/sub/b"]
    grouped = [row async for row in ops.each(store, BUCKET, delimiter="/")]
    assert [row.name for row in grouped] == ["dir", "dir/", "dirt"]
    assert isinstance(grouped[1], Prefix)


async def test_each_bucket_walks_all_pages(monkeypatch: pytest.MonkeyPatch, store: Trapped) -> None:
    monkeypatch.setattr(ops, "PAGE", 2)
    for number in range(4):
        await store.create_bucket(f"b{number}", BucketProps(owner="another"))
    assert [row.name async for row in ops.each_bucket(store)] == ["b0", "b1", "b2", "b3", BUCKET]
    assert [row.name async for row in ops.each_bucket(store, "another")] == ["b0", "b1", "b2", "b3"]
    assert [row async for row in ops.each_bucket(store, "nobody")] == []


async def test_counters_that_a_store_does_not_keep_are_counted(monkeypatch: pytest.MonkeyPatch, store: Trapped) -> None:
    await put(store, "a", b"12345")
    for name in ("b", "c"):
        await put(store, name, b"1")
    bucket = replace(await store.stat_bucket(BUCKET), objects=0, bytes=0)
    assert await ops.counted(store, bucket) is bucket
    store.caps = replace(store.caps, counters=False)
    assert await ops.counted(store, bucket) == replace(bucket, objects=3, bytes=7)
    monkeypatch.setattr(ops, "MAX_COUNTED", 2)
    assert await ops.counted(store, bucket) == replace(bucket, objects=2, bytes=6)


async def test_totals_of_an_account_are_added_up(store: Trapped) -> None:
    await put(store, "a", b"12345")
    await store.create_bucket("second", BucketProps(owner="owner"))
    await store.create_bucket("others", BucketProps(owner="another"))
    await store.put(Key("second", "b"), BytesBody(b"123"), Put())
    await store.put(Key("others", "c"), BytesBody(b"1"), Put())
    assert await ops.stat_account(store, "owner") == AccountMeta(name="owner", buckets=2, objects=2, bytes=8)
    assert await ops.stat_account(store, "nobody") == AccountMeta(name="nobody", buckets=0, objects=0, bytes=0)


async def test_properties_of_accounts_are_refused(store: Trapped) -> None:
    with pytest.raises(Unsupported):
        await ops.update_account(store, "owner", PropsChange(user={"a": "1"}))


async def test_many_deletes(store: Trapped) -> None:
    await plant(store)
    results = await ops.delete_many(store, BUCKET, ["dirt", "missing", "..", "dir/a"])
    done = [result.existed if isinstance(result, Deleted) else type(result) for result in results]
    assert done == [True, False, InvalidName, True]
    assert await names(store) == ["dir", "dir/", "dir/sub/b"]
    with pytest.raises(NoSuchBucket):
        await ops.delete_many(store, "missing", [])


async def test_exists(store: Trapped) -> None:
    await put(store, "a/b")
    assert await ops.exists(store, Key(BUCKET, "a/b"))
    assert not await ops.exists(store, Key(BUCKET, "a"))
    assert not await ops.exists(store, Key("missing", "a"))


async def test_what_is_no_absence_is_not_told_as_one(store: Trapped) -> None:
    with pytest.raises(InvalidName):
        await ops.exists(store, Key(BUCKET, ".."))


async def test_an_append_creates_the_object(store: Trapped) -> None:
    meta = await ops.append(store, KEY, BytesBody(b"new"), Put(props=PROPS, modified=10**18))
    assert (meta.props, meta.modified, await read(store, KEY.name)) == (PROPS, 10**18, b"new")


async def test_an_append_extends_the_object(store: Trapped) -> None:
    await put(store, KEY.name, b"old, ", PROPS)
    opts = Put(props=Props(user={"ignored": "1"}), checksums=frozenset({Algorithm.CRC32}))
    meta = await ops.append(store, KEY, Scripted([b"n", b"ew"]), opts)
    assert (meta.props, meta.size, set(meta.checksums)) == (PROPS, 8, {"crc32"})
    assert await read(store, KEY.name) == b"old, new"


async def test_an_append_tells_the_store_its_size_where_it_is_known(store: Trapped) -> None:
    sizes: list[int | None] = []
    inner_put = store.inner.put

    async def spy(key: Key, body: Body, opts: Put) -> Meta:
        sizes.append(body.size)
        return await inner_put(key, body, opts)

    store.inner.put = spy  # type: ignore[method-assign]
    await ops.append(store, KEY, BytesBody(b"four"), Put())
    await ops.append(store, KEY, BytesBody(b"four"), Put())
    await ops.append(store, KEY, Scripted([b"unknown"]), Put())
    assert sizes == [4, 8, None]
    assert await read(store, KEY.name) == b"fourfourunknown"


async def test_an_append_on_a_condition(store: Trapped) -> None:
    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, BytesBody(b"x"), Put(when=When(if_match=(ANYTHING,))))
    first = await ops.append(store, KEY, BytesBody(b"a"), Put(when=ABSENT))
    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, BytesBody(b"x"), Put(when=ABSENT))
    await ops.append(store, KEY, BytesBody(b"b"), Put(when=When(if_match=(first.etag,))))
    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, BytesBody(b"x"), Put(when=When(if_match=(first.etag,))))
    assert await read(store, KEY.name) == b"ab"


@pytest.mark.parametrize("standing", (False, True), ids=("new", "standing"))
async def test_an_append_never_loses_what_another_wrote_meanwhile(store: Trapped, standing: bool) -> None:
    if standing:
        await put(store, KEY.name, b"old")
    inner = store.inner

    async def interfere(call: str) -> None:
        await put(inner, KEY.name, b"another's")

    store.before = interfere
    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, BytesBody(b"more"), Put())
    assert await read(store, KEY.name) == b"another's"


@pytest.mark.parametrize("standing", (False, True), ids=("new", "standing"))
async def test_an_append_of_a_body_that_is_refused_changes_nothing(store: Trapped, standing: bool) -> None:
    before = await put(store, KEY.name, b"old") if standing else None
    wrong = CheckedBody(BytesBody(b"x"), {Algorithm.MD5}, [expect(Algorithm.MD5, bytes(16))])
    with pytest.raises(BadDigest):
        await ops.append(store, KEY, wrong, Put())
    source = Scripted([b"a", b"b"], failing_at(1))
    with pytest.raises(Broken):
        await ops.append(store, KEY, source, Put())
    assert source.closed
    assert [row async for row in ops.each(store, BUCKET)] == ([before] if before else [])


async def test_a_rename_moves_the_object(store: Trapped) -> None:
    await put(store, KEY.name, b"data", PROPS)
    meta = await ops.rename(store, KEY, TARGET)
    assert (meta.key, meta.props) == (TARGET, PROPS)
    assert await names(store) == [TARGET.name]
    assert await read(store, TARGET.name) == b"data"


async def test_a_rename_onto_itself(store: Trapped) -> None:
    before = await put(store, KEY.name)
    assert await ops.rename(store, KEY, KEY) == before
    with pytest.raises(ConditionFailed):
        await ops.rename(store, KEY, KEY, when=ABSENT)
    assert await names(store) == [KEY.name]


async def test_a_rename_on_a_condition(store: Trapped) -> None:
    await put(store, KEY.name, b"new")
    await put(store, TARGET.name, b"old")
    with pytest.raises(ConditionFailed):
        await ops.rename(store, KEY, TARGET, when=ABSENT)
    assert await names(store) == [KEY.name, TARGET.name]
    await ops.rename(store, KEY, TARGET)
    assert await read(store, TARGET.name) == b"new"


async def test_a_rename_of_nothing(store: Trapped) -> None:
    with pytest.raises(NoSuchKey):
        await ops.rename(store, KEY, TARGET)
    await put(store, KEY.name)
    with pytest.raises(NoSuchBucket):
        await ops.rename(store, KEY, Key("missing", "object"))
    assert await names(store) == [KEY.name]


async def test_a_rename_leaves_what_another_wrote_meanwhile(store: Trapped) -> None:
    await put(store, KEY.name, b"mine")
    inner = store.inner

    async def interfere(call: str) -> None:
        if call.startswith("delete"):
            await put(inner, KEY.name, b"another's")

    store.before = interfere
    assert (await ops.rename(store, KEY, TARGET)).key == TARGET
    assert (await read(store, KEY.name), await read(store, TARGET.name)) == (b"another's", b"mine")


async def test_a_prefix_is_renamed(monkeypatch: pytest.MonkeyPatch, store: Trapped) -> None:
    monkeypatch.setattr(ops, "PAGE", 2)
    await plant(store)
    assert await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 3
    assert await names(store) == ["dir", "dirt", "new/", "new/a", "new/sub/b"]
    assert await read(store, "new/sub/b") == b"dir/sub/b"


async def test_what_has_vanished_is_not_renamed_with_its_prefix(store: Trapped) -> None:
    await plant(store)
    await store.inner.update(Key(BUCKET, "dir/a"), PropsChange(expires=1))
    assert await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 2
    assert await names(store) == ["dir", "dir/a", "dirt", "new/", "new/sub/b"]


REFUSED = {
    "into itself": ("dir/", "dir/deeper/", InvalidName),
    "onto itself": ("dir/", "dir/", InvalidName),
    "onto what stands": ("dir/", "dirt", AlreadyExists),
    "of nothing": ("none/", "new/", NoSuchKey),
    "to names too long": ("dir/", "x" * 1020, InvalidName),
}


@pytest.mark.parametrize(("source", "target", "error"), REFUSED.values(), ids=REFUSED)
async def test_a_prefix_that_is_not_renamed(store: Trapped, source: str, target: str, error: type[StoreError]) -> None:
    await plant(store)
    with pytest.raises(error):
        await ops.rename_prefix(store, Key(BUCKET, source), Key(BUCKET, target))
    assert await names(store) == list(TREE)


@pytest.mark.parametrize("name", ("dir/", "dir/a", "dir/sub/b"))
async def test_a_rename_that_fails_half_way_is_taken_back(store: Trapped, name: str) -> None:
    await plant(store)

    def fail(call: str) -> None:
        if call == f"copy {name}":
            raise Unavailable

    store.before = fail
    with pytest.raises(Unavailable):
        await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/"))
    assert await names(store) == list(TREE)


@pytest.mark.parametrize("name", ("dir/", "dir/a", "dir/sub/b"))
async def test_a_rename_that_fails_while_it_deletes_leaves_both(store: Trapped, name: str) -> None:
    await plant(store)

    def fail(call: str) -> None:
        if call == f"delete {name}":
            raise Unavailable

    store.before = fail
    with pytest.raises(Unavailable):
        await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/"))
    found = await names(store)
    assert {"new/", "new/a", "new/sub/b", name} <= set(found)


async def test_a_cancelled_rename_of_a_prefix_leaves_one_whole_tree(store: Trapped) -> None:
    await plant(store)
    steps = 0
    while "new/" not in await names(store):
        steps += 1
        task = asyncio.create_task(ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/")))
        store.before = lambda _: asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        found = set(await names(store))
        assert {"dir", "dirt"} < found
        old, new = {"dir/", "dir/a", "dir/sub/b"}, {"new/", "new/a", "new/sub/b"}
        assert old <= found or new <= found
        assert steps < 100
    assert steps > 3


async def test_a_rename_of_a_prefix_deletes_nothing_that_came_meanwhile(store: Trapped) -> None:
    await plant(store)
    inner = store.inner

    async def interfere(call: str) -> None:
        if call == "copy dir/sub/b":
            await put(inner, "dir/a", b"another's")
            await put(inner, "dir/late", b"late")

    store.before = interfere
    assert await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 3
    assert await read(store, "dir/a") == b"another's"
    assert await read(store, "dir/late") == b"late"
    assert await read(store, "new/a") == b"dir/a"


async def test_a_rename_of_a_prefix_replaces_nothing_that_came_meanwhile(store: Trapped) -> None:
    await plant(store)
    inner = store.inner

    async def interfere(call: str) -> None:
        if call == "copy dir/a":
            await put(inner, "new/a", b"another's")

    store.before = interfere
    with pytest.raises(ConditionFailed):
        await ops.rename_prefix(store, Key(BUCKET, "dir/"), Key(BUCKET, "new/"))
    assert await names(store) == sorted([*TREE, "new/a"])
    assert await read(store, "new/a") == b"another's"


async def test_what_a_store_can_do_itself_is_left_to_it(store: Trapped) -> None:
    memory = store.inner
    await plant(memory)
    copies: list[str] = []

    async def no_copy(source: Key, target: Key, opts: Copy) -> Meta:
        copies.append(source.name)
        raise AssertionError

    memory.copy = no_copy  # type: ignore[method-assign]
    before = await memory.stat(Key(BUCKET, "dirt"))
    meta = await ops.rename(memory, Key(BUCKET, "dirt"), KEY)
    assert meta.modified == before.modified
    assert await ops.rename_prefix(memory, Key(BUCKET, "dir/"), Key(BUCKET, "new/")) == 3
    assert (await ops.append(memory, KEY, BytesBody(b"!"), Put())).is_composite
    assert (await ops.update_account(memory, "owner", PropsChange(user={"a": "1"}))).user == {"a": "1"}
    assert (await ops.stat_account(memory, "owner")).user == {"a": "1"}
    assert len(await ops.delete_many(memory, BUCKET, ["new/", "missing"])) == 2
    assert copies == []
    page: Page[BucketMeta | Prefix] = await memory.buckets(ListQuery())
    assert [row.name for row in page.items] == [BUCKET]
