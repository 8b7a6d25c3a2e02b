"""The frames that encrypted bytes consist of: any range, and whatever is done to what is stored."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.errors import Corrupt
from gateway.core.ranges import Extent
from gateway.core.store import Reader
from gateway.core.types import Key, Meta
from gateway.layers.encrypted import frames
from gateway.layers.encrypted.frames import FRAME, HEADER, TAG, Frames, Layout, Sealing, new_header, stored_size
from gateway.layers.encrypted.reader import SealedReader

OWN, CONTENT = b"k" * 32, b"c" * 16
EDGES = (0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 3 * FRAME + 7)
WHOLE = bytes(range(256)) * (4 * FRAME // 256)

sizes = st.sampled_from(EDGES) | st.integers(0, 3 * FRAME)
quick = settings(max_examples=60, deadline=None)


def run(data: bytes, number: int = 0, pieces: int = 100_000) -> bytes:
    """A run, made of pieces of so many bytes."""
    header = new_header(number)
    sealing = Sealing(header, Frames(OWN, CONTENT, header))
    taken = [sealing.take(data[at : at + pieces]) for at in range(0, len(data), pieces)]
    return b"".join((*taken, sealing.end()))


class Stored(Reader):
    """An object as a store has it, whose bytes may be others than it says."""

    def __init__(self, sealed: bytes, sizes: Sequence[int], extent: Extent | None = None, pieces: int = 70_001) -> None:
        etag = "e" if len(sizes) == 1 else f"e-{len(sizes)}"
        self.meta = Meta(key=Key("b", "k"), size=sum(sizes), etag=etag, modified=0)
        self.extent = Extent(0, self.meta.size) if extent is None else extent
        self._sealed = sealed
        self._pieces = pieces

    def chunks(self) -> AsyncIterator[bytes]:
        raise AssertionError("these bytes are for nobody")

    async def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        found = self._sealed[extent.start : extent.stop]
        for at in range(0, len(found), self._pieces):
            yield found[at : at + self._pieces]


def read(sealed: bytes, sizes: Sequence[int], extent: Extent | None = None, key: bytes = OWN) -> bytes:
    async def reading() -> bytes:
        reader = SealedReader(Stored(sealed, sizes, extent), key, CONTENT, Layout(sizes, parted=len(sizes) > 1))
        await reader.load()
        return b"".join([chunk async for chunk in reader.chunks()])

    return asyncio.run(reading())


@quick
@given(sizes, st.integers(1, 200_000))
def test_what_is_sealed_is_opened_again(size: int, pieces: int) -> None:
    sealed = run(WHOLE[:size], pieces=max(pieces, size // 20 + 1))
    assert len(sealed) == stored_size(size)
    assert read(sealed, (size,)) == WHOLE[:size]


@quick
@given(st.lists(sizes, min_size=1, max_size=5), st.data())
def test_any_range_of_any_parts(parts: list[int], data: st.DataObject) -> None:
    plain = [WHOLE[number : number + size] for number, size in enumerate(parts)]
    sealed = b"".join(run(part, number if len(parts) > 1 else 0) for number, part in enumerate(plain, 1))
    whole = b"".join(plain)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert read(sealed, parts, Extent(start, stop)) == whole[start:stop]


@pytest.mark.parametrize("size", (0, 1, FRAME, 2 * FRAME, 2 * FRAME + 1))
def test_nothing_can_be_read_at_the_end(size: int) -> None:
    assert read(run(WHOLE[:size]), (size,), Extent(size, size)) == b""


@quick
@given(sizes, st.data())
def test_a_changed_bit_is_never_read_as_something_else(size: int, data: st.DataObject) -> None:
    sealed = bytearray(run(WHOLE[:size]))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Corrupt):
        read(bytes(sealed), (size,))
    start = data.draw(st.integers(0, size))
    stop = data.draw(st.integers(start, size))
    try:
        assert read(bytes(sealed), (size,), Extent(start, stop)) == WHOLE[start:stop]
    except Corrupt:
        assert at < HEADER or at - HEADER < (stop // FRAME + 1) * (FRAME + TAG)


@quick
@given(sizes, st.integers(1, 3 * (FRAME + TAG)), st.data())
def test_a_truncated_run_is_not_a_shorter_one(size: int, cut: int, data: st.DataObject) -> None:
    """Also where the index says that fewer bytes were written."""
    sealed = run(WHOLE[:size])[:-cut]
    with pytest.raises(Corrupt):
        read(sealed, (size,))
    if size:
        told = data.draw(st.integers(0, size - 1))
        with pytest.raises(Corrupt):
            read(sealed, (told,))
        with pytest.raises(Corrupt):
            read(run(WHOLE[:size]), (told,))


def test_more_than_was_written_is_not_read() -> None:
    sealed = run(WHOLE[:FRAME])
    for size in (FRAME + 1, 2 * FRAME):
        with pytest.raises(Corrupt):
            read(sealed + bytes(3 * FRAME), (size,))
        with pytest.raises(Corrupt):
            read(sealed + sealed[HEADER:], (size,))


def test_parts_in_another_order_or_twice_are_found() -> None:
    one, two, three = (run(WHOLE[number : number + FRAME], number) for number in (1, 2, 3))
    sizes = (FRAME, FRAME, FRAME)
    assert len(read(one + two + three, sizes)) == 3 * FRAME
    for changed in (one + three + two, two + one + three, one + one + two, three + two + one):
        with pytest.raises(Corrupt):
            read(changed, sizes)


def test_a_part_is_no_object_and_an_object_no_part() -> None:
    with pytest.raises(Corrupt):
        read(run(WHOLE[:10], 1), (10,))
    with pytest.raises(Corrupt):
        read(run(WHOLE[:10]) + run(WHOLE[:10], 2), (10, 10))


def test_another_key_or_another_object_opens_nothing() -> None:
    sealed = run(WHOLE[:10])
    with pytest.raises(Corrupt):
        read(sealed, (10,), key=b"x" * 32)
    header = sealed[:HEADER]
    with pytest.raises(Corrupt):
        Frames(OWN, b"d" * 16, header).open(memoryview(sealed)[HEADER:], 0, last=True)


def test_a_layout_that_does_not_fit_the_object_is_refused() -> None:
    with pytest.raises(Corrupt):
        SealedReader(Stored(b"", (10,)), OWN, CONTENT, Layout((5, 4), parted=True))


def test_no_two_runs_have_one_key() -> None:
    assert len({new_header(1) for _ in range(100)}) == 100
    assert frames.number_of(new_header(10_000)) == 10_000
