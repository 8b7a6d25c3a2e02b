import asyncio
import hashlib
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core import hashing as module
from gateway.core.body import BLOCK, Body, BytesBody, CheckedBody, StreamBody, checked, expect
from gateway.core.digest import Algorithm, Hash, digest, new
from gateway.core.errors import BadDigest, BadRequest, IncompleteBody, TooLarge
from gateway.core.hashing import INLINE
from tests.support.bodies import Broken, Scripted, Stall, failing_at, split

DATA = bytes(range(256)) * 5000
SMALL = b"0123456789"


async def read(body: Body) -> bytes:
    async with aclosing(body.chunks()) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_bytes_can_be_read_again() -> None:
    body = BytesBody(SMALL)
    assert (body.size, body.rewinds) == (10, True)
    assert [await read(body), await read(body)] == [SMALL, SMALL]
    assert await read(BytesBody(b"")) == b""


async def test_a_stream_is_read_once_and_closed() -> None:
    source = Scripted([b"a", b"b"])
    body = StreamBody(source.chunks(), size=2)
    assert (body.size, body.rewinds) == (2, False)
    assert await read(body) == b"ab"
    assert source.closed


async def test_a_stream_that_is_left_early_is_closed() -> None:
    source = Scripted([b"a", b"b"])
    async with aclosing(StreamBody(source.chunks()).chunks()) as chunks:
        assert await anext(chunks) == b"a"
    assert source.closed


async def test_a_stream_over_an_iterator_that_is_no_generator() -> None:
    class Letters:
        def __init__(self) -> None:
            self._letters = iter([b"a", b"b"])

        def __aiter__(self) -> "Letters":
            return self

        async def __anext__(self) -> bytes:
            letter = next(self._letters, None)
            if letter is None:
                raise StopAsyncIteration
            return letter

    assert await read(StreamBody(Letters())) == b"ab"


@settings(max_examples=30)
@given(st.lists(st.integers(0, BLOCK + 10), max_size=5), st.sets(st.sampled_from(Algorithm)))
async def test_whatever_the_pieces_the_bytes_and_digests_are_right(sizes: list[int], wanted: set[Algorithm]) -> None:
    pieces = [DATA[:size] for size in sizes]
    whole = b"".join(pieces)
    body = CheckedBody(Scripted(pieces, size=len(whole)), wanted)
    assert await read(body) == whole
    assert body.count == body.size == len(whole)
    assert body.digests == {algorithm: digest(algorithm, whole) for algorithm in wanted}


async def test_small_pieces_are_gathered() -> None:
    body = CheckedBody(Scripted(split(DATA, 1000)))
    async with aclosing(body.chunks()) as chunks:
        sizes = [len(chunk) async for chunk in chunks]
    assert all(BLOCK <= size < BLOCK + 1000 for size in sizes[:-1])
    assert sum(sizes) == len(DATA)


async def test_empty_pieces_are_no_chunks() -> None:
    async with aclosing(CheckedBody(Scripted([b"", b"a", b"", b""])).chunks()) as chunks:
        assert [chunk async for chunk in chunks] == [b"a"]
    async with aclosing(CheckedBody(Scripted([b"", b""])).chunks()) as chunks:
        assert [chunk async for chunk in chunks] == []


class Counting:
    """Hashes that count what they are given, and tell in which thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: Counter[Algorithm] = Counter()
        self.threads: set[int] = set()
        monkeypatch.setattr(module, "new", self._new)

    def _new(self, algorithm: Algorithm) -> Hash:
        counting, state = self, new(algorithm)

        class Counted:
            def update(self, data: bytes, /) -> None:
                counting.seen[algorithm] += len(data)
                counting.threads.add(threading.get_ident())
                state.update(data)

            def digest(self) -> bytes:
                return state.digest()

        return Counted()


async def test_each_byte_is_hashed_once_however_often_a_digest_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    counting = Counting(monkeypatch)
    body = CheckedBody(BytesBody(DATA), {Algorithm.MD5})
    body.want({Algorithm.MD5, Algorithm.CRC32})
    again = checked(body, {Algorithm.MD5, Algorithm.SHA256})
    assert again is body
    assert await read(again) == DATA
    assert counting.seen == {algorithm: len(DATA) for algorithm in (Algorithm.MD5, Algorithm.CRC32, Algorithm.SHA256)}
    assert set(body.digests) == set(counting.seen)


@pytest.mark.parametrize(("size", "inline"), ((1, True), (INLINE, True), (INLINE + 1, False), (BLOCK * 2, False)))
async def test_large_blocks_are_hashed_off_the_loop(monkeypatch: pytest.MonkeyPatch, size: int, inline: bool) -> None:
    counting = Counting(monkeypatch)
    await read(CheckedBody(BytesBody(DATA[:1] * size), {Algorithm.MD5}))
    assert (counting.threads == {threading.get_ident()}) is inline


async def test_a_body_that_is_none_of_ours_becomes_a_checked_one() -> None:
    body = checked(Scripted([SMALL]), {Algorithm.MD5})
    assert await read(body) == SMALL
    assert body.digests == {Algorithm.MD5: hashlib.md5(SMALL).digest()}


async def test_digests_are_known_at_the_sound_end_only() -> None:
    body = CheckedBody(Scripted([DATA, SMALL]), {Algorithm.MD5})
    with pytest.raises(RuntimeError):
        _ = body.digests
    async with aclosing(body.chunks()) as chunks:
        await anext(chunks)
        with pytest.raises(RuntimeError):
            _ = body.digests
    refused = CheckedBody(BytesBody(SMALL), {Algorithm.MD5}, [expect(Algorithm.MD5, bytes(16))])
    with pytest.raises(BadDigest):
        await read(refused)
    with pytest.raises(RuntimeError):
        _ = refused.digests


async def test_a_body_that_rewinds_is_checked_anew() -> None:
    body = CheckedBody(BytesBody(SMALL), {Algorithm.MD5}, [expect(Algorithm.MD5, hashlib.md5(SMALL).digest())])
    assert (body.rewinds, body.size) == (True, len(SMALL))
    async with aclosing(body.chunks()) as chunks:
        await anext(chunks)
    assert await read(body) == SMALL
    assert (body.count, await read(body), body.count) == (10, SMALL, 10)
    assert CheckedBody(Scripted([SMALL])).rewinds is False


async def test_a_body_shorter_than_its_size() -> None:
    body = CheckedBody(Scripted([SMALL], size=11))
    with pytest.raises(IncompleteBody):
        await read(body)
    assert body.count == 10


@pytest.mark.parametrize("pieces", ([SMALL, b"x"], [SMALL + b"x"], [b"x"] * 11))
async def test_a_body_longer_than_its_size(pieces: list[bytes]) -> None:
    source = Scripted(pieces, size=10)
    with pytest.raises(BadRequest) as refused:
        await read(CheckedBody(source))
    assert type(refused.value) is BadRequest
    assert source.closed


async def test_a_body_at_its_limit() -> None:
    assert await read(CheckedBody(Scripted([SMALL]), limit=10)) == SMALL
    assert await read(CheckedBody(Scripted([]), limit=0)) == b""


async def test_a_body_over_its_limit_is_read_no_further() -> None:
    seen: list[int] = []

    async def see(number: int) -> None:
        seen.append(number)

    source = Scripted([SMALL] * 5, see)
    with pytest.raises(TooLarge):
        await read(CheckedBody(source, limit=15))
    assert seen == [0, 1]
    assert source.closed


async def test_a_body_whose_stated_size_is_over_the_limit_is_not_read_at_all() -> None:
    source = Scripted([SMALL], failing_at(0), size=10)
    with pytest.raises(TooLarge):
        await read(CheckedBody(source, limit=9))


@pytest.mark.parametrize("data", (SMALL, DATA), ids=("small", "large"))
@pytest.mark.parametrize("algorithm", Algorithm)
async def test_a_digest_that_was_stated(algorithm: Algorithm, data: bytes) -> None:
    right = digest(algorithm, data)
    wrong = bytes([right[0] ^ 1]) + right[1:]
    assert await read(CheckedBody(BytesBody(data), {algorithm}, [expect(algorithm, right)])) == data
    with pytest.raises(BadDigest) as refused:
        await read(CheckedBody(BytesBody(data), {algorithm}, [expect(algorithm, wrong)]))
    assert refused.value.algorithm == algorithm


async def test_checks_come_in_their_order_and_before_the_end() -> None:
    seen: list[str] = []

    def first(digests: Mapping[Algorithm, bytes]) -> None:
        assert digests == {Algorithm.SHA1: hashlib.sha1(SMALL).digest()}
        seen.append("first")

    def second(digests: Mapping[Algorithm, bytes]) -> None:
        seen.append("second")
        raise BadDigest("sha1")

    def third(digests: Mapping[Algorithm, bytes]) -> None:
        seen.append("third")

    body = CheckedBody(BytesBody(SMALL), {Algorithm.SHA1}, [first, second, third])
    async with aclosing(body.chunks()) as chunks:
        assert await anext(chunks) == SMALL
        assert seen == []
        with pytest.raises(BadDigest):
            await anext(chunks)
    assert seen == ["first", "second"]


async def test_a_short_body_is_told_before_a_wrong_digest() -> None:
    body = CheckedBody(Scripted([SMALL], size=20), {Algorithm.MD5}, [expect(Algorithm.MD5, bytes(16))])
    with pytest.raises(IncompleteBody):
        await read(body)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("size", (10, BLOCK))
async def test_what_the_source_dies_of_passes_through(place: int, size: int) -> None:
    source = Scripted([bytes(size)] * 3, failing_at(place))
    with pytest.raises(Broken):
        await read(CheckedBody(source, {Algorithm.MD5}))
    assert source.closed


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("size", (10, BLOCK))
async def test_a_reader_cancelled_while_it_waits_closes_the_source(place: int, size: int) -> None:
    stall = Stall(place)
    source = Scripted([bytes(size)] * 3, stall)
    body = CheckedBody(source, {Algorithm.MD5})
    task = asyncio.create_task(read(body))
    await stall.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed
    with pytest.raises(RuntimeError):
        _ = body.digests


@pytest.mark.parametrize("steps", range(12))
async def test_a_reader_cancelled_at_any_step_closes_the_source(steps: int) -> None:
    source = Scripted([bytes(BLOCK)] * 3)
    task = asyncio.create_task(read(CheckedBody(source, set(Algorithm))))
    await asyncio.sleep(0)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert source.closed


@pytest.mark.parametrize("size", (10, BLOCK))
async def test_a_body_that_is_left_early_closes_the_source_at_once(size: int) -> None:
    source = Scripted([bytes(size)] * 5)
    chunks: AsyncGenerator[bytes, None] = CheckedBody(StreamBody(source.chunks()), {Algorithm.MD5}).chunks()
    await anext(chunks)
    await chunks.aclose()
    assert source.closed


@pytest.mark.parametrize(
    ("size", "pieces", "limit", "error"),
    (
        (3, [b"a", b"bc"], None, None),
        (0, [], None, None),
        (4, [b"a", b"bc"], None, IncompleteBody),
        (2, [b"a", b"bc"], None, BadRequest),
        (3, [b"a", b"bc"], 2, TooLarge),
        (3, [b"a", b"bx"], None, BadDigest),
    ),
)
async def test_a_small_body_taken_at_once_is_checked_as_any(
    size: int, pieces: list[bytes], limit: int | None, error: type[Exception] | None
) -> None:
    def body() -> CheckedBody:
        right = expect(Algorithm.SHA256, digest(Algorithm.SHA256, b"abc"[:size]))
        return CheckedBody(StreamBody(Scripted(pieces).chunks(), size), {Algorithm.SHA256}, [right], limit)

    if error:
        for way in (body().small(), read(body())):
            with pytest.raises(error):
                await way
        return
    one, other = body(), body()
    assert await one.small() == await read(other) == b"".join(pieces)
    assert (one.count, one.digests) == (other.count, other.digests)
