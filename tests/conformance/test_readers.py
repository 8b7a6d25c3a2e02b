"""A reader holds one version of an object, whatever becomes of its name while it is read."""

from collections.abc import Awaitable, Callable

import pytest

from gateway.core.body import BytesBody
from gateway.core.ranges import Span
from gateway.core.store import Append, Multipart, Reader, Rename, Store
from gateway.core.types import BucketProps, Copy, Key, PropsChange, Put
from tests.conformance.operations import Ground, Operation, having
from tests.conformance.test_spans import noise, regions_of
from tests.conformance.tools import NEW, OWNER, assembled, md5, names, put, read
from tests.support.bodies import Scripted, split

DATA = {"small": noise(1000), "large": noise(1_500_000)}
KEY = Key("ground", "dir/object")


async def delete_with_bucket(at: Ground) -> None:
    await at.store.delete(KEY)
    await at.store.delete_bucket(KEY.bucket)


async def overwrite_often(at: Ground) -> None:
    for number in range(5):
        await put(at.store, KEY, NEW * (number + 1) * 5000)


async def complete_over(at: Ground) -> None:
    await assembled(having(at.store, Multipart), KEY, [b"one", b"two"])


CHANGES = {
    "overwritten": Operation(overwrite_often),
    "deleted": Operation(lambda at: at.store.delete(KEY)),
    "deleted with its bucket": Operation(delete_with_bucket),
    "updated": Operation(lambda at: at.store.update(KEY, PropsChange(user={"new": "1"}))),
    "copied onto itself": Operation(lambda at: at.store.copy(KEY, KEY, Copy())),
    "appended to": Operation(lambda at: having(at.store, Append).append(KEY, BytesBody(NEW * 5000), Put()), Append),
    "replaced by parts": Operation(complete_over, Multipart),
    "renamed": Operation(lambda at: having(at.store, Rename).rename(KEY, at.key("other")), Rename),
    "moved with its prefix": Operation(
        lambda at: having(at.store, Rename).rename_prefix(at.key("dir/"), at.key("other/")), Rename
    ),
    "moved with its bucket": Operation(
        lambda at: having(at.store, Rename).rename_bucket(at.bucket, at.renamed), Rename
    ),
}


@pytest.fixture
async def ground(store: Store) -> Ground:
    await store.create_bucket(KEY.bucket, BucketProps(owner=OWNER))
    return Ground(store, KEY.bucket)


async def rest_of(reader: Reader, begun: bool, change: Callable[[], Awaitable[object]]) -> bytes:
    """All bytes of a reader, with a change before the first or behind it."""
    if not begun:
        await change()
        return b"".join([chunk async for chunk in reader.chunks()])
    chunks = aiter(reader.chunks())
    data = await anext(chunks)
    await change()
    return data + b"".join([chunk async for chunk in chunks])


@pytest.mark.over("change", CHANGES)
@pytest.mark.parametrize("begun", (False, True), ids=("before", "amid"))
@pytest.mark.parametrize("data", DATA.values(), ids=DATA)
async def test_a_reader_stays_whole(ground: Ground, change: Operation, begun: bool, data: bytes) -> None:
    meta = await ground.store.put(KEY, Scripted(split(data, 200_000)), Put())
    async with ground.store.open(KEY) as reader:
        assert await rest_of(reader, begun, lambda: change.run(ground)) == data
        assert reader.meta == meta


@pytest.mark.over("change", CHANGES)
async def test_a_reader_of_a_span_of_parts_stays_whole(ground: Ground, change: Operation) -> None:
    data = DATA["large"]
    await ground.store.put(KEY, Scripted(split(data, 200_000)), Put())
    async with ground.store.open(KEY, span=Span(1000, 1_400_000)) as reader:
        await change.run(ground)
        regions = await regions_of(reader)
        assert regions in (None, data[1000:1_400_001])
        assert b"".join([chunk async for chunk in reader.chunks()]) == data[1000:1_400_001]


async def test_a_reader_that_is_left_early_disturbs_nobody(store: Store) -> None:
    key = Key("bucket", "object")
    await put(store, key, DATA["large"])
    for _ in range(20):
        async with store.open(key) as reader:
            assert DATA["large"].startswith(await anext(aiter(reader.chunks())))
    with pytest.raises(ZeroDivisionError):
        async with store.open(key):
            raise ZeroDivisionError
    assert await read(store, key) == DATA["large"]


async def test_many_readers_at_once(store: Store) -> None:
    key = Key("bucket", "object")
    await put(store, key, DATA["large"])
    async with store.open(key) as first, store.open(key) as second, store.open(key, span=Span(7)) as third:
        await store.delete(key)
        whole = [b"".join([chunk async for chunk in reader.chunks()]) for reader in (third, second, first)]
    assert [md5(data) for data in whole] == [md5(DATA["large"][7:]), md5(DATA["large"]), md5(DATA["large"])]
    assert await names(store) == []
