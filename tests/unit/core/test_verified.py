import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.errors import Corrupt, Unavailable
from gateway.core.verified import BLOCK, is_md5, verified


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Source:
    """Chunks, and whether they have been let go of. Of a `broken` one the end never comes."""

    def __init__(self, chunks: Sequence[bytes], broken: bool = False) -> None:
        self.chunks = chunks
        self.broken = broken
        self.closed = False

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self.chunks:
                yield chunk
            if self.broken:
                raise Unavailable
        finally:
            self.closed = True


async def taken(source: Source, etag: str) -> tuple[bytes, type[Exception] | None]:
    """The bytes that came, and what ended them."""
    got = b""
    try:
        async with aclosing(verified(source(), etag)) as chunks:
            async for chunk in chunks:
                got += chunk
    except (Corrupt, Unavailable) as error:
        return got, type(error)
    return got, None


SIZES = st.lists(st.integers(0, 20) | st.integers(BLOCK - 9, BLOCK + 9), max_size=6)


@given(SIZES)
async def test_bytes_of_that_md5_pass_as_they_are(sizes: list[int]) -> None:
    chunks = [bytes([number]) * size for number, size in enumerate(sizes)]
    source = Source(chunks)
    assert await taken(source, md5(b"".join(chunks))) == (b"".join(chunks), None)
    assert source.closed


@given(SIZES.filter(any))
@example([5, 0])
async def test_of_others_the_last_never_come(sizes: list[int]) -> None:
    chunks = [bytes(size) for size in sizes]
    source = Source(chunks)
    got, ended = await taken(source, md5(b"something else"))
    assert ended is Corrupt
    assert len(got) < len(b"".join(chunks))
    assert source.closed


async def test_nothing_at_all_is_compared_too() -> None:
    assert await taken(Source([]), md5(b"x")) == (b"", Corrupt)


@pytest.mark.parametrize("chunks", ([b"abc"], [b"ab", b"c"], [bytes(BLOCK)], [bytes(BLOCK), b"abc"], [b"a"]))
async def test_of_what_breaks_all_comes_but_one_byte(chunks: list[bytes]) -> None:
    """Nobody may take it for the whole, even where the break is the only thing that is wrong."""
    whole = b"".join(chunks)
    assert await taken(Source(chunks, broken=True), md5(whole)) == (whole[:-1], Unavailable)


async def test_whoever_leaves_early_leaves_nothing_open() -> None:
    source = Source([bytes(BLOCK)] * 3)
    async with aclosing(verified(source(), md5(bytes(3 * BLOCK)))) as chunks:
        assert await anext(chunks) == bytes(BLOCK)
    assert source.closed


@pytest.mark.parametrize("etag", ("", "0" * 31, "0" * 33, "G" * 32, "A" * 32, f"{'0' * 32}-1"))
def test_what_is_no_md5(etag: str) -> None:
    assert not is_md5(etag)
    assert is_md5("0" * 32)
