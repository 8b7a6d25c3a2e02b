import asyncio

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import NoSuchKey
from gateway.core.events import Done
from gateway.core.types import Key, ListQuery, Put
from gateway.layers.observe import Observe
from gateway.stores.memory import Memory
from tests.support.bodies import Scripted, Stall

KEY = Key("bucket", "key")


@pytest.fixture
def told() -> list[Done]:
    return []


@pytest.fixture
async def layer(told: list[Done]) -> Observe:
    layer = Observe(Memory(), "main", told.append)
    await layer.create_bucket("bucket", BucketProps(owner="test"))
    await layer.put(KEY, BytesBody(b"content"), Put())
    return layer


async def test_every_operation_is_told(layer: Observe, told: list[Done]) -> None:
    await layer.list("bucket", ListQuery())
    async with layer.open(KEY):
        assert told[-1].operation == "open"
    assert [(done.store, done.operation, done.error, done.body) for done in told] == [
        ("main", "create_bucket", "", False),
        ("main", "put", "", True),
        ("main", "list", "", False),
        ("main", "open", "", False),
    ]
    assert all(0 < done.seconds < 10 for done in told)


async def test_failures_are_told_by_their_kind(layer: Observe, told: list[Done]) -> None:
    missing = Key("bucket", "missing")
    with pytest.raises(NoSuchKey):
        await layer.stat(missing)
    with pytest.raises(NoSuchKey):
        async with layer.open(missing):
            pass
    assert [(done.operation, done.error) for done in told[-2:]] == [("stat", "NoSuchKey"), ("open", "NoSuchKey")]


async def test_who_goes_away_is_told_of_as_well(layer: Observe, told: list[Done]) -> None:
    stall = Stall(0)
    task = asyncio.create_task(layer.put(KEY, Scripted([b"x"], stall), Put()))
    await stall.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (told[-1].operation, told[-1].error) == ("put", "CancelledError")
