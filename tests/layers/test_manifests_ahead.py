"""Large objects, put together by the layer: the next segment is opened while one is read, and none is left open."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.errors import BrokenSegment
from gateway.core.manifest import Segment
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key, Put
from gateway.layers.layer import Layer
from gateway.layers.manifests import LargeObjects
from gateway.stores.memory import Memory
from tests.support.manifests import assembling
from tests.support.waiting import until

LARGE = Key("box", "large")
SIZE = 100_000
NAMES = ("a", "b", "c")


class Watched(Layer):
    """Tells which objects are open. What is `held` is never opened."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.standing: list[str] = []
        self.held = ""
        self.waiting = 0

    @asynccontextmanager
    async def _watched(self, key: Key, opening: AbstractAsyncContextManager[Reader]) -> AsyncIterator[Reader]:
        self.waiting += 1
        try:
            if key.name == self.held:
                await asyncio.Event().wait()
        finally:
            self.waiting -= 1
        async with opening as reader:
            self.standing.append(key.name)
            try:
                yield reader
            finally:
                self.standing.remove(key.name)

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self._watched(key, super().open(key, span=span, version=version, when=when))


@pytest.fixture
def watched() -> Watched:
    return Watched(Memory())


@pytest.fixture
async def store(watched: Watched) -> AsyncIterator[LargeObjects]:
    layer = assembling(watched)
    await layer.start()
    await layer.create_bucket("box", BucketProps(owner="me"))
    segments = []
    for name in NAMES:
        meta = await layer.put(Key("box", name), BytesBody(name.encode() * SIZE), Put())
        segments.append(Segment(container="box", name=name, size=SIZE, etag=meta.etag))
    await layer.put_manifest(LARGE, segments, Put())
    yield layer
    assert (watched.standing, watched.waiting) == ([], 0)
    await layer.aclose()


async def test_while_one_segment_is_read_the_next_one_is_open_and_no_more(
    store: LargeObjects, watched: Watched
) -> None:
    seen = {}
    async with store.open(LARGE) as reader:
        async for chunk in reader.chunks():
            await until(lambda: len(watched.standing) == 2 or "c" in watched.standing)
            seen[chunk[:1]] = list(watched.standing)
    assert seen == {b"a": ["a", "b"], b"b": ["b", "c"], b"c": ["c"]}


async def test_a_reader_that_is_left_closes_what_it_has_opened_ahead(store: LargeObjects, watched: Watched) -> None:
    async with store.open(LARGE) as reader:
        assert await anext(reader.chunks())
        await until(lambda: watched.standing == ["a", "b"])
    assert watched.standing == []


async def test_a_reader_that_is_left_ends_what_is_being_opened_ahead(store: LargeObjects, watched: Watched) -> None:
    watched.held = "b"
    async with store.open(LARGE) as reader:
        assert await anext(reader.chunks())
        await until(lambda: watched.waiting == 1)
    assert watched.waiting == 0


async def test_a_reader_that_is_cancelled_leaves_nothing_open(store: LargeObjects, watched: Watched) -> None:
    watched.held = "b"

    async def read() -> None:
        async with store.open(LARGE) as reader:
            async for _ in reader.chunks():
                pass

    reading = asyncio.create_task(read())
    await until(lambda: watched.waiting == 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (watched.standing, watched.waiting) == ([], 0)


async def test_a_segment_that_breaks_ahead_is_told_behind_the_bytes_before_it(store: LargeObjects) -> None:
    await store.delete(Key("box", "b"))
    async with store.open(LARGE) as reader:
        chunks = reader.chunks()
        assert await anext(chunks) == b"a" * SIZE
        with pytest.raises(BrokenSegment):
            await anext(chunks)


async def test_nobody_is_told_of_a_segment_that_breaks_ahead_and_is_not_read(store: LargeObjects) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    await store.delete(Key("box", "b"))
    async with store.open(LARGE) as reader:
        assert await anext(reader.chunks()) == b"a" * SIZE
        await asyncio.sleep(0)
    gc.collect()
    assert told == []
