import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.body import BytesBody
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Append
from gateway.core.errors import BadRange
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key, Put
from tests.conformance.tools import BUCKET, KEY, assembled, md5, put, read
from tests.support.bodies import Scripted, split

SIZES = (1, 16 * 1024, 64 * 1024 + 1, 512 * 1024, 1024 * 1024 - 1, 5 * 1024 * 1024 + 3)

SPANS = (
    Span(0, 0),
    Span(0, 9),
    Span(10, 19),
    Span(17, 17),
    Span(25),
    Span(39, 39),
    Span(30, 39),
    Span(30, 4000),
    Span(0, 2**63),
    Span(0),
    Span(None, 7),
    Span(None, 1),
    Span(None, 40),
    Span(None, 2**63),
)
DATA = bytes(range(40))


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def meant(span: Span, data: bytes) -> bytes:
    if span.first is None:
        return data[-(span.last or 0) :]
    return data[span.first :] if span.last is None else data[span.first : span.last + 1]


async def regions_of(reader: Reader) -> bytes | None:
    """What lies in the regions that a reader offers, or None where it offers none."""
    regions = reader.regions()
    if regions is None:
        return None
    data = b""
    async for region in regions:
        assert region.length > 0
        region.file.seek(region.offset)
        piece = region.file.read(region.length)
        assert len(piece) == region.length
        data += piece
    return data


async def check(store: Store, key: Key, span: Span | None, data: bytes) -> None:
    expected = data if span is None else meant(span, data)
    async with store.open(key, span=span) as reader:
        assert len(reader.extent) == len(expected)
        assert (reader.meta.size, data[reader.extent.start : reader.extent.stop]) == (len(data), expected)
        assert b"".join([chunk async for chunk in reader.chunks()]) == expected
    async with store.open(key, span=span) as reader:
        assert await regions_of(reader) in (None, expected)


async def test_o19_spans_of_an_object(store: Store) -> None:
    await put(store, KEY, DATA)
    for span in SPANS:
        await check(store, KEY, span, DATA)


async def test_f31_a_seek_from_any_side(store: Store) -> None:
    """`seek(offset, whence)` of a file, as a span: from the beginning, from where the last read ended, from the end."""
    await put(store, KEY, DATA)
    assert await read(store, KEY, Span(10, 13)) == DATA[10:14]
    assert await read(store, KEY, Span(14 + 6, 23)) == DATA[20:24]
    assert await read(store, KEY, Span(None, 4)) == DATA[-4:]
    for beyond in (Span(40), Span(14 + 40, 60), Span(None, 0)):
        with pytest.raises(BadRange):
            await read(store, KEY, beyond)


async def test_o19_spans_beyond_the_end(store: Store) -> None:
    await put(store, KEY, DATA)
    for span in (Span(40), Span(40, 50), Span(2**63), Span(None, 0)):
        with pytest.raises(BadRange) as refused:
            await read(store, KEY, span)
        assert refused.value.size == len(DATA)


async def test_no_span_lies_in_an_empty_object(store: Store) -> None:
    await put(store, KEY, b"")
    await check(store, KEY, None, b"")
    for span in (Span(0), Span(0, 0), Span(5, 9), Span(None, 1)):
        with pytest.raises(BadRange) as refused:
            await read(store, KEY, span)
        assert refused.value.size == 0


async def test_o19_spans_across_the_seams_of_parts_and_appends(
    store: Store, multipart: Multipart, appender: Append
) -> None:
    pieces = [noise(size) for size in (3, 70_000, 1, 200_000)]
    await assembled(multipart, KEY, pieces)
    await appender.append(KEY, BytesBody(b"tail"), Put())
    data = b"".join(pieces) + b"tail"
    seams = [0, 3, 70_003, 70_004, 270_004, len(data)]
    for seam in seams:
        for start in (max(0, seam - 2), seam):
            if start < len(data):
                await check(store, KEY, Span(start, seam + 2), data)
                await check(store, KEY, Span(start), data)
    await check(store, KEY, Span(2, 270_005), data)
    await check(store, KEY, None, data)


@pytest.mark.parametrize("size", SIZES)
async def test_objects_of_every_size(store: Store, size: int) -> None:
    data = noise(size)
    meta = await store.put(KEY, Scripted(split(data, 100_001)), Put())
    assert (meta.size, meta.etag) == (size, md5(data))
    spans = [None, Span(0), Span(size // 2), Span(size // 3, size // 2), Span(size - 1), Span(None, size // 2 + 1)]
    for span in spans:
        await check(store, KEY, span, data)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 700_000), max_size=6),
    start=st.floats(0, 1, exclude_max=True),
    share=st.floats(0, 1),
)
async def test_large_objects_in_pieces_of_any_size(store: Store, sizes: list[int], start: float, share: float) -> None:
    pieces = [noise(size) for size in sizes]
    data = b"".join(pieces)
    meta = await store.put(Key(BUCKET, "large"), Scripted(pieces), Put())
    assert (meta.size, meta.etag) == (len(data), md5(data))
    await check(store, meta.key, None, data)
    if data:
        first = int(start * len(data))
        await check(store, meta.key, Span(first, first + int(share * len(data))), data)
