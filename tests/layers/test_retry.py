"""What is tried again, what is not, and that two who could do it never both do."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import Body, BytesBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.context import RequestContext, enter
from gateway.core.errors import Busy, Corrupt, DeadlineExceeded, NoSuchKey, StoreError, Unavailable
from gateway.core.faults import Backoff
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Copy, Deleted, Key, Meta, Put
from gateway.layers.retry import Retry
from gateway.stores.memory import Memory
from gateway.stores.swift import SwiftStore
from tests.conformance.factories import started
from tests.support.faultproxy import Fault, proxied, refusal
from tests.support.swift import pointing_at, serving_swift

BACKOFF = Backoff(retries=2, base=0.001, cap=0.01)
KEY = Key("bucket", "key")
DATA = bytes(range(256)) * 100


class Breaking(Reader):
    """Breaks after so many bytes; None: not at all."""

    def __init__(self, inner: Reader, after: int | None) -> None:
        self.meta, self.extent = inner.meta, inner.extent
        self._inner = inner
        self._after = after

    async def chunks(self) -> AsyncIterator[bytes]:
        data = b"".join([chunk async for chunk in self._inner.chunks()])
        yield data[: self._after]
        if self._after is not None:
            raise Unavailable("broken off")


class Shaky(Memory):
    """Raises the errors that it is given; a write fails when it has been done. `asked` counts.

    `breaks`: after how many bytes the streams of the objects that are opened next break.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[StoreError] = []
        self.breaks: list[int] = []
        self.asked = 0

    def _fail(self) -> None:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)

    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        self._fail()
        return await super().stat(key, version, when)

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        done = await super().put(key, body, opts)
        self._fail()
        return done

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        done = await super().copy(source, target, opts)
        self._fail()
        return done

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        done = await super().delete(key, version, when)
        self._fail()
        return done

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        self._fail()
        async with super().open(key, span=span, version=version, when=when) as reader:
            yield Breaking(reader, self.breaks.pop(0) if self.breaks else None)


@pytest.fixture
async def shaky() -> Shaky:
    shaky = Shaky()
    await shaky.create_bucket("bucket", BucketProps(owner="test"))
    await shaky.put(KEY, BytesBody(DATA), Put())
    shaky.asked = 0
    return shaky


async def _stream() -> AsyncGenerator[bytes, None]:
    yield DATA


def tried(*errors: StoreError) -> list[StoreError]:
    for error in errors:
        error.attempts = 4
    return list(errors)


Act = Callable[[Retry], Awaitable[object]]
ACTS: dict[str, Act] = {
    "stat": lambda layer: layer.stat(KEY),
    "put": lambda layer: layer.put(KEY, BytesBody(DATA), Put()),
    "copy": lambda layer: layer.copy(KEY, Key("bucket", "copy"), Copy()),
}
DELICATE: dict[str, Act] = {
    "put if absent": lambda layer: layer.put(Key("bucket", "new"), BytesBody(DATA), Put(when=ABSENT)),
    "delete": lambda layer: layer.delete(KEY),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
async def test_what_does_no_harm_twice_is_tried_again(shaky: Shaky, act: Act) -> None:
    shaky.errors = [Unavailable(), Unavailable()]
    await act(Retry(shaky, BACKOFF))
    assert shaky.asked == 3


@pytest.mark.parametrize("act", DELICATE.values(), ids=DELICATE)
async def test_what_may_have_been_done_is_not_tried_again_where_that_would_show(shaky: Shaky, act: Act) -> None:
    shaky.errors = [Unavailable()]
    with pytest.raises(Unavailable):
        await act(Retry(shaky, BACKOFF))
    assert shaky.asked == 1


async def test_what_was_refused_untouched_is_always_tried_again(shaky: Shaky) -> None:
    shaky.errors = [Busy(retry_after=0), Busy(retry_after=0)]
    assert not (await Retry(shaky, BACKOFF).delete(Key("bucket", "missing"))).existed
    assert shaky.asked == 3


async def test_the_last_failure_is_told_with_the_number_of_tries(shaky: Shaky) -> None:
    shaky.errors = [Unavailable(str(number)) for number in range(5)]
    with pytest.raises(Unavailable, match="2") as refused:
        await Retry(shaky, BACKOFF).stat(KEY)
    assert (shaky.asked, refused.value.attempts) == (3, 3)


@pytest.mark.parametrize(
    "error", (NoSuchKey(), Corrupt(), DeadlineExceeded(), Unavailable(retryable=False)), ids=lambda e: type(e).__name__
)
async def test_what_does_not_pass_is_told_at_once(shaky: Shaky, error: StoreError) -> None:
    shaky.errors = [error]
    with pytest.raises(type(error)):
        await Retry(shaky, BACKOFF).stat(KEY)
    assert shaky.asked == 1


async def test_what_was_tried_below_is_left_alone(shaky: Shaky) -> None:
    shaky.errors = tried(Unavailable())
    with pytest.raises(Unavailable):
        await Retry(shaky, BACKOFF).stat(KEY)
    assert shaky.asked == 1


async def test_a_body_that_does_not_rewind_is_read_once(shaky: Shaky) -> None:
    shaky.errors = [Busy(retry_after=0)]
    with pytest.raises(Busy):
        await Retry(shaky, BACKOFF).put(KEY, StreamBody(_stream()), Put())
    assert shaky.asked == 1


async def test_a_deadline_ends_it(shaky: Shaky) -> None:
    shaky.errors = [Unavailable() for _ in range(10)]
    enter(RequestContext(deadline=time.monotonic() + 0.1))
    with pytest.raises(DeadlineExceeded):
        await Retry(shaky, Backoff(retries=5, base=60, cap=60)).stat(KEY)
    assert shaky.asked == 1


@pytest.mark.parametrize("span", (None, Span(100, 20_000), Span(None, 3000)), ids=("whole", "range", "suffix"))
@pytest.mark.parametrize("breaks", ([0], [1], [2999], [700, 0, 1200], [10, 10, 10, 10, 10]), ids=str)
async def test_a_download_goes_on_where_it_broke(shaky: Shaky, span: Span | None, breaks: list[int]) -> None:
    shaky.breaks = breaks
    async with Retry(shaky, BACKOFF).open(KEY, span=span) as reader:
        data = b"".join([chunk async for chunk in reader.chunks()])
        assert data == DATA[reader.extent.start : reader.extent.stop]


async def test_a_download_that_does_not_get_on_ends(shaky: Shaky) -> None:
    shaky.breaks = [10, 0, 0, 0, 0]
    async with Retry(shaky, BACKOFF).open(KEY) as reader:
        with pytest.raises(Unavailable, match="broken off"):
            _ = [chunk async for chunk in reader.chunks()]
    assert shaky.asked == 3


async def test_a_download_never_goes_on_with_another_object(shaky: Shaky) -> None:
    shaky.breaks = [700]
    async with Retry(shaky, BACKOFF).open(KEY) as reader:
        chunks = reader.chunks()
        assert await anext(chunks) == DATA[:700]
        await Memory.put(shaky, KEY, BytesBody(b"another" * 1000), Put())
        with pytest.raises(Unavailable, match="broken off"):
            await anext(chunks)


async def test_opening_is_tried_again(shaky: Shaky) -> None:
    shaky.errors = [Unavailable()]
    async with Retry(shaky, BACKOFF).open(KEY) as reader:
        assert b"".join([chunk async for chunk in reader.chunks()]) == DATA


@asynccontextmanager
async def remote(*faults: Fault, retries: int = 2) -> AsyncIterator[tuple[Retry, list[str]]]:
    """The layer over a remote store, and the first lines of what the upstream is asked."""
    memory = Memory()
    async with started(memory), serving_swift(memory) as url, proxied(url.removesuffix("/auth/v1.0")) as proxy:
        settings = pointing_at(f"{proxy.url}/auth/v1.0", storage_url=f"{proxy.url}/v1/AUTH_remote", retries=retries)
        async with started(SwiftStore(settings, "test")) as store:
            await store.create_bucket("bucket", BucketProps(owner="test"))
            await store.put(KEY, BytesBody(DATA * 100), Put())
            proxy.heads.clear()
            proxy.faults[:] = faults
            layer = Retry(store, settings.backoff)
            heads = proxy.heads
            yield layer, heads


@pytest.mark.parametrize("status", (429, 500, 503))
async def test_tries_of_the_store_and_of_the_layer_are_never_multiplied(status: int) -> None:
    async with remote(Fault(when="^HEAD ", answer=refusal(status, "Trouble", Retry_After="0"))) as (layer, heads):
        with pytest.raises(Unavailable) as refused:
            await layer.stat(KEY)
        assert len(heads) == refused.value.attempts == 3


async def test_a_body_that_was_begun_starts_anew() -> None:
    """The request can't be repeated, since its body has been used up; the layer reads it from the beginning."""
    async with remote(Fault(when="^PUT ", times=2, cut_request=100_000)) as (layer, heads):
        written = await layer.put(KEY, BytesBody(DATA[::-1] * 200), Put())
        assert written.size == 200 * len(DATA)
        assert sum(head.startswith("PUT") for head in heads) == 3
        async with layer.open(KEY) as reader:
            assert b"".join([chunk async for chunk in reader.chunks()]) == DATA[::-1] * 200


async def test_a_download_survives_resets() -> None:
    async with remote(Fault(when="^GET ", times=4, cut_answer=300_000)) as (layer, heads), layer.open(KEY) as reader:
        assert b"".join([chunk async for chunk in reader.chunks()]) == DATA * 100
        assert sum(head.startswith("GET") for head in heads) == 5


async def test_an_upstream_that_lies_about_the_length_is_not_believed() -> None:
    lie = Fault(when="^GET ", length=len(DATA) * 100 + 1)
    async with remote(lie) as (layer, _):
        with pytest.raises(Unavailable):
            async with layer.open(KEY) as reader:
                _ = [chunk async for chunk in reader.chunks()]
