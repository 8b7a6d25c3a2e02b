import asyncio
import time
from collections.abc import AsyncGenerator
from contextvars import copy_context

import pytest

from gateway.core.body import BytesBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.context import RequestContext, enter
from gateway.core.errors import Busy, DeadlineExceeded
from gateway.core.types import Key, ListQuery, Meta, Put
from gateway.layers.limit import RETRY_AFTER, Bounds, Limit, Turns
from gateway.stores.memory import Memory
from tests.support.waiting import until

KEY = Key("bucket", "key")


class Gated(Memory):
    """Answers when the gate is open. `most`: that were inside at once."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.inside = self.most = 0
        self.order: list[str] = []

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.order.append(key.name)
        try:
            await self.gate.wait()
            return await super().stat(KEY, version, when)
        finally:
            self.inside -= 1


async def limited(operations: int = 2, waiting: int = 3, patience: float = 30) -> tuple[Gated, Limit, Turns]:
    store = Gated()
    await store.create_bucket("bucket", BucketProps(owner="test"))
    await store.put(KEY, BytesBody(b"content"), Put())
    turns = Turns(Bounds(operations=operations, waiting=waiting, patience=patience))
    return store, Limit(store, turns), turns


async def test_so_many_run_so_many_wait_in_order_and_the_rest_is_refused() -> None:
    store, layer, turns = await limited()
    tasks = [asyncio.create_task(layer.stat(Key("bucket", str(number)))) for number in range(5)]
    await until(lambda: (turns.running, turns.waiting) == (2, 3))
    with pytest.raises(Busy) as refused:
        await layer.stat(KEY)
    assert refused.value.retry_after == RETRY_AFTER
    store.gate.set()
    await asyncio.gather(*tasks)
    assert store.most == 2
    assert store.order == ["0", "1", "2", "3", "4"]
    assert (turns.running, turns.waiting) == (0, 0)


async def test_layers_may_share_their_turns() -> None:
    store, layer, turns = await limited(operations=1, waiting=0)
    other = Limit(store, turns)
    task = asyncio.create_task(layer.stat(KEY))
    await until(lambda: turns.running == 1)
    with pytest.raises(Busy):
        await other.stat(KEY)
    store.gate.set()
    await task


async def test_an_open_object_counts() -> None:
    _, layer, turns = await limited(operations=1, waiting=0)
    another = copy_context()
    async with layer.open(KEY):
        assert turns.running == 1
        with pytest.raises(Busy):
            await asyncio.create_task(layer.list("bucket", ListQuery()), context=another)
    assert turns.running == 0
    await layer.list("bucket", ListQuery())


async def test_who_waits_too_long_is_refused() -> None:
    store, layer, turns = await limited(operations=1, patience=0.02)
    task = asyncio.create_task(layer.stat(KEY))
    await until(lambda: turns.running == 1)
    with pytest.raises(Busy):
        await layer.stat(KEY)
    store.gate.set()
    await task
    assert (turns.running, turns.waiting) == (0, 0)


async def test_a_deadline_holds_while_waiting() -> None:
    store, layer, turns = await limited(operations=1)
    task = asyncio.create_task(layer.stat(KEY))
    await until(lambda: turns.running == 1)
    enter(RequestContext(deadline=time.monotonic() + 0.02))
    with pytest.raises(DeadlineExceeded):
        await layer.stat(KEY)
    store.gate.set()
    await task


async def test_who_goes_away_frees_his_place() -> None:
    store, layer, turns = await limited(operations=1)
    tasks = [asyncio.create_task(layer.stat(KEY)) for _ in range(3)]
    await until(lambda: (turns.running, turns.waiting) == (1, 2))
    for task in tasks[:2]:
        task.cancel()
    store.gate.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert tasks[2].result().size == len(b"content")
    assert (turns.running, turns.waiting) == (0, 0)


async def test_a_body_that_is_read_from_the_store_needs_no_turn_of_its_own() -> None:
    """With one each, as many as there are turns would wait for each other for ever."""
    _, layer, turns = await limited(operations=2, waiting=10)

    async def source() -> AsyncGenerator[bytes, None]:
        async with layer.open(KEY) as reader:
            async for chunk in reader.chunks():
                yield chunk

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(layer.put(Key("bucket", f"copy {number}"), StreamBody(source()), Put()) for number in range(10))
        )
    assert (turns.running, turns.waiting) == (0, 0)
