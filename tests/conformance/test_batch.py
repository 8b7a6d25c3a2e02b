import pytest

from gateway.core.capabilities.objects import Batch
from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import Deleted
from tests.conformance.tools import BUCKET, count, names, put


async def test_o15_what_was_done_stands_in_the_order_of_the_names(store: Store, batch: Batch) -> None:
    for name in ("a", "b", "c"):
        await put(store, name)
    results = await batch.delete_many(BUCKET, ["c", "missing", "..", "a"])
    done = [result.existed if isinstance(result, Deleted) else type(result) for result in results]
    assert done == [True, False, InvalidName, True]
    assert await names(store) == ["b"]


async def test_a_name_that_is_given_twice_is_deleted_once(store: Store, batch: Batch) -> None:
    await put(store, "a")
    first, second = await batch.delete_many(BUCKET, ["a", "a"])
    assert (first, second) == (Deleted(existed=True), Deleted(existed=False))
    assert await count(store) == (0, 0)


async def test_no_names(store: Store, batch: Batch) -> None:
    assert list(await batch.delete_many(BUCKET, [])) == []


async def test_a_thousand_names(store: Store, batch: Batch) -> None:
    wanted = [f"name-{number:04}" for number in range(1000)]
    for name in wanted[::10]:
        await put(store, name)
    await put(store, "other")
    results = await batch.delete_many(BUCKET, wanted)
    assert [isinstance(result, Deleted) and result.existed for result in results] == [
        number % 10 == 0 for number in range(1000)
    ]
    assert await names(store) == ["other"]


async def test_a_missing_bucket(store: Store, batch: Batch) -> None:
    with pytest.raises(NoSuchBucket):
        await batch.delete_many("missing", ["a"])
    with pytest.raises(NoSuchBucket):
        await batch.delete_many("missing", [])
