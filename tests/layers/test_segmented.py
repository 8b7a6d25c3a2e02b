"""What the segment uploader does by itself: cutting, memory and spool files. With remotes: `tests/stores/`."""

import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.body import BLOCK, Body, ReadyBody
from gateway.core.digest import Algorithm
from gateway.core.errors import OutOfSpace, StoreError, Unavailable
from gateway.core.segments import SegmentRules
from gateway.layers.segmented.intake import Intake, segment_size
from gateway.layers.segmented.spool import Budget, Spool
from tests.support.bodies import split

MIB = 1024 * 1024
DATA = bytes(range(256)) * 16 * 1024
"""4 MiB."""


async def stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def all_of(body: Body) -> bytes:
    return b"".join([chunk async for chunk in body.chunks()])


async def taken(pieces: list[bytes], size: int) -> list[bytes]:
    """The segments of a stream."""
    with Intake(stream(pieces), lambda: Spool(Budget(1 << 30), None), {Algorithm.MD5}) as intake:
        found = [await intake.take(size)]
        while await intake.more():
            found.append(await intake.take(size))
        for segment in found:
            assert segment.digests[Algorithm.MD5] == hashlib.md5(await all_of(segment)).digest()
        return [await all_of(segment) for segment in found]


@given(st.lists(st.integers(0, 25), max_size=12), st.integers(1, 10))
async def test_f22_segments_are_of_one_size_but_for_the_last(sizes: list[int], size: int) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    found = await taken(pieces, size)
    assert b"".join(found) == b"".join(pieces)
    assert all(len(segment) == size for segment in found[:-1])
    assert len(found[-1]) <= size
    assert len(found) == 1 or found[-1]


async def test_f21_two_segments_and_a_half_are_three() -> None:
    assert [len(segment) for segment in await taken(split(DATA, 100_001), len(DATA) * 2 // 5)] == [
        len(DATA) * 2 // 5,
        len(DATA) * 2 // 5,
        len(DATA) - len(DATA) * 2 // 5 * 2,
    ]


def test_the_largest_object_fits_into_as_many_segments_as_the_store_takes() -> None:
    size = 5 * 1024**4
    rules = SegmentRules(smallest=5 * MIB, most=9_900)
    assert segment_size(rules, 8 * MIB, 1, size) * 9_900 >= size
    assert sum(segment_size(rules, 8 * MIB, number, None) for number in range(1, 9_901)) > size
    assert segment_size(rules, 1, 1, None) == 5 * MIB
    assert segment_size(SegmentRules(largest=MIB), 8 * MIB, 5000, None) == MIB
    assert segment_size(SegmentRules(), 8 * MIB, 50_000, None) == 8 * MIB


@pytest.mark.parametrize("memory", (0, MIB, 64 * MIB))
async def test_what_finds_no_room_in_memory_lies_in_a_file(tmp_path: Path, memory: int) -> None:
    budget = Budget(memory)
    spool = Spool(budget, tmp_path)
    for piece in split(DATA, 300_000):
        await spool.add(piece)
    assert spool.size == len(DATA)
    assert await all_of(spool) == await all_of(spool) == DATA
    assert list(tmp_path.iterdir()) == []
    spool.close()
    spool.close()
    assert budget.take(memory)
    assert not budget.take(1)


async def test_uploads_share_one_budget(tmp_path: Path) -> None:
    budget = Budget(2 * BLOCK)
    one, two = Spool(budget, tmp_path), Spool(budget, tmp_path)
    for spool in (one, two):
        await spool.add(DATA[: 2 * BLOCK])
    assert await all_of(two) == DATA[: 2 * BLOCK]
    one.close()
    assert budget.take(2 * BLOCK)
    two.close()


async def test_what_an_intake_holds_is_given_up_with_it(tmp_path: Path) -> None:
    budget = Budget(len(DATA))
    with Intake(stream([DATA]), lambda: Spool(budget, tmp_path), ()) as intake:
        first, _ = await intake.take(MIB), await intake.take(MIB)
        intake.free(first)
        assert not budget.take(len(DATA))
    assert budget.take(len(DATA))


class Lost(Exception):
    pass


async def test_a_stream_that_breaks_gives_up_its_memory(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield DATA
        raise Lost

    budget = Budget(2 * len(DATA))
    with Intake(broken(), lambda: Spool(budget, tmp_path), ()) as intake, pytest.raises(Lost):
        await intake.take(2 * len(DATA))
    assert budget.take(2 * len(DATA))


@pytest.mark.parametrize(
    ("code", "error"), ((errno.ENOSPC, OutOfSpace), (errno.EDQUOT, OutOfSpace), (errno.EIO, Unavailable))
)
async def test_a_full_disk_under_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[StoreError]
) -> None:
    budget = Budget(MIB)
    spool = Spool(budget, tmp_path)
    await spool.add(DATA[:MIB])

    def full(*_: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(error):
        await spool.add(DATA)
    spool.close()
    assert budget.take(MIB)


async def test_a_spool_folder_that_is_gone(tmp_path: Path) -> None:
    spool = Spool(Budget(0), tmp_path / "gone")
    with pytest.raises(Unavailable):
        await spool.add(DATA)
    spool.close()


async def test_writes_of_parts_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:100_000]))
    spool = Spool(Budget(0), tmp_path)
    await spool.add(DATA)
    assert await all_of(spool) == DATA
    spool.close()


async def test_the_systems_folder_is_the_default() -> None:
    spool = Spool(Budget(0), None)
    await spool.add(DATA)
    assert await all_of(spool) == DATA
    spool.close()


def test_digests_that_nobody_has_computed_are_not_to_be_had() -> None:
    ready = ReadyBody(Spool(Budget(0), None), 0, {Algorithm.MD5: b""})
    ready.want({Algorithm.MD5})
    with pytest.raises(ValueError, match="crc32"):
        ready.want({Algorithm.CRC32})
