"""A reader holds one version of an object, whatever becomes of its name while it is read."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import product

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append, Rename
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Copy, PropsChange, Put
from tests.conformance.operations import Ground, Operation, having
from tests.conformance.test_spans import noise, regions_of
from tests.conformance.tools import KEY, NEW, OWNER, assembled, md5, names, put, read
from tests.support.bodies import Scripted, split

DATA = {"small": noise(1000), "large": noise(1_500_000)}
NAME = "dir/object"


async def delete_with_bucket(at: Ground) -> None:
    await at.store.delete(at.key(NAME))
    await at.store.delete_bucket(at.bucket)


async def overwrite_often(at: Ground) -> None:
    for number in range(5):
        await put(at.store, at.key(NAME), NEW * (number + 1) * 5000)


async def append_often(at: Ground) -> None:
    for _ in range(5):
        await having(at.store, Append).append(at.key(NAME), BytesBody(NEW * 1000), Put())


async def complete_over(at: Ground) -> None:
    await assembled(having(at.store, Multipart), at.key(NAME), [b"one", b"two"])


CHANGES = {
    "overwritten": Operation(overwrite_often),
    "deleted": Operation(lambda at: at.store.delete(at.key(NAME))),
    "deleted with its bucket": Operation(delete_with_bucket),
    "updated": Operation(lambda at: at.store.update(at.key(NAME), PropsChange(user={"new": "1"}))),
    "copied onto itself": Operation(lambda at: at.store.copy(at.key(NAME), at.key(NAME), Copy())),
    "appended to": Operation(append_often, Append),
    "replaced by parts": Operation(complete_over, Multipart),
    "renamed": Operation(lambda at: having(at.store, Rename).rename(at.key(NAME), at.key("other")), Rename),
    "moved with its prefix": Operation(
        lambda at: having(at.store, Rename).rename_prefix(at.key("dir/"), at.key("other/")), Rename
    ),
    "moved with its bucket": Operation(
        lambda at: having(at.store, Rename).rename_bucket(at.bucket, at.renamed), Rename
    ),
}


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
async def test_a_reader_stays_whole(store: Store, change: Operation) -> None:
    for number, (data, begun) in enumerate(product(DATA.values(), (False, True))):
        ground = Ground(store, f"ground-{number}")
        await store.create_bucket(ground.bucket, BucketProps(owner=OWNER))
        meta = await store.put(ground.key(NAME), Scripted(split(data, 200_000)), Put())
        async with store.open(meta.key) as reader:
            assert await rest_of(reader, begun, partial(change.run, ground)) == data
            assert reader.meta == meta


@pytest.mark.over("change", CHANGES)
async def test_a_reader_of_a_span_stays_whole(store: Store, change: Operation) -> None:
    ground, data = Ground(store, "ground"), DATA["large"]
    await store.create_bucket(ground.bucket, BucketProps(owner=OWNER))
    await store.put(ground.key(NAME), Scripted(split(data, 200_000)), Put())
    async with store.open(ground.key(NAME), span=Span(1000, 1_400_000)) as reader:
        await change.run(ground)
        assert await regions_of(reader) in (None, data[1000:1_400_001])
        assert b"".join([chunk async for chunk in reader.chunks()]) == data[1000:1_400_001]


async def test_a_reader_that_is_left_early_disturbs_nobody(store: Store) -> None:
    await put(store, KEY, DATA["large"])
    for _ in range(20):
        async with store.open(KEY) as reader:
            assert DATA["large"].startswith(await anext(aiter(reader.chunks())))
    with pytest.raises(ZeroDivisionError):
        async with store.open(KEY):
            raise ZeroDivisionError
    assert await read(store, KEY) == DATA["large"]


async def test_many_readers_at_once(store: Store) -> None:
    await put(store, KEY, DATA["large"])
    async with store.open(KEY) as first, store.open(KEY) as second, store.open(KEY, span=Span(7)) as third:
        await store.delete(KEY)
        whole = [b"".join([chunk async for chunk in reader.chunks()]) for reader in (third, second, first)]
    assert [md5(data) for data in whole] == [md5(DATA["large"][7:]), md5(DATA["large"]), md5(DATA["large"])]
    assert await names(store) == []
