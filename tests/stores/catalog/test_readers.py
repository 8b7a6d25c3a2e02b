"""Open readers: what they hold, how little they hold open, and damaged files."""

import asyncio
import os
import sqlite3
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import Corrupt
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Put
from gateway.core.uploads import PartRef
from gateway.stores.catalog import Catalog
from gateway.stores.catalog import reader as reader_module
from tests.stores.catalog.tools import KEY, LARGE, SMALL, assembled, key, opened, put, read
from tests.support.catalog import INDEX, files, segment_files, tidy
from tests.support.waiting import until


async def chunks(reader: Reader) -> bytes:
    return b"".join([chunk async for chunk in reader.chunks()])


async def regions(reader: Reader) -> bytes:
    found = reader.regions()
    assert found is not None
    pieces = []
    async for region in found:
        assert region.length > 0
        pieces.append(os.pread(region.file.fileno(), region.length, region.offset))
        assert len(pieces[-1]) == region.length
    return b"".join(pieces)


def open_files(directory: Path) -> int:
    """How many segment files this process has open."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            found += os.readlink(f"/proc/self/fd/{name}").startswith(f"{directory}/volumes/0/")
        except FileNotFoundError:
            continue
    return found


async def at_rest(catalog: Catalog) -> None:
    """The collector has done what it can, and waits to be told of more."""
    waiting = catalog._engine.pins._garbage
    quiet = 0
    while quiet < 20:
        await asyncio.sleep(0.005)
        quiet = 0 if waiting.is_set() else quiet + 1


async def test_a_reader_pins_what_was_deleted_until_it_is_closed(catalog: Catalog, tmp_path: Path) -> None:
    data = LARGE * 20
    await put(catalog, KEY, data)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(catalog.open(KEY))
        await put(catalog, KEY, SMALL)
        async with catalog.open(KEY) as now:
            assert await chunks(now) == SMALL
        await put(catalog, "other", LARGE)
        await catalog.delete(key("other"))
        await until(lambda: len(files(tmp_path)) == 1)  # other garbage goes meanwhile
        await at_rest(catalog)
        assert await chunks(first) == data
    await tidy(tmp_path)
    assert files(tmp_path) == {}


async def test_the_last_of_several_readers_lets_go(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, KEY, LARGE)
    async with catalog.open(KEY):
        async with catalog.open(KEY) as second:
            await catalog.delete(KEY)
            await put(catalog, "sign", LARGE)
            await catalog.delete(key("sign"))
            await until(lambda: len(files(tmp_path)) == 1)
            assert await regions(second) == LARGE
        await put(catalog, "sign", LARGE)
        await catalog.delete(key("sign"))
        await until(lambda: len(files(tmp_path)) == 1)
        await at_rest(catalog)
    await tidy(tmp_path)


async def test_what_readers_kept_goes_after_a_restart(tmp_path: Path) -> None:
    async with AsyncExitStack() as readers:
        async with opened(tmp_path) as store:
            await store.create_bucket(KEY.bucket, BucketProps(owner="owner"))
            await put(store, KEY, LARGE)
            await readers.enter_async_context(store.open(KEY))
            await store.delete(KEY)
        assert len(files(tmp_path)) == 1
    async with opened(tmp_path):
        await tidy(tmp_path)
        assert files(tmp_path) == {}


PARTS = [bytes([number]) * (2000 + number) for number in range(80)]
"""More than a page of extents."""

SPANS = (None, Span(0, 0), Span(1999, 2000), Span(50_000, 120_000), Span(None, 5000), Span(160_000))


@pytest.mark.parametrize("span", SPANS)
async def test_many_parts_are_read_with_one_file_open_at_a_time(
    catalog: Catalog, tmp_path: Path, span: Span | None
) -> None:
    await assembled(catalog, KEY, *PARTS)
    whole = b"".join(PARTS)
    extent = span.resolve(len(whole)) if span else None
    expected = whole[extent.start : extent.stop] if extent else whole
    async with catalog.open(KEY, span=span) as reader:
        found = []
        async for chunk in reader.chunks():
            assert open_files(tmp_path) <= 1
            found.append(chunk)
        assert b"".join(found) == expected
    assert open_files(tmp_path) == 0


async def test_regions_of_many_parts_come_with_one_file_open_at_a_time(catalog: Catalog, tmp_path: Path) -> None:
    await assembled(catalog, KEY, *PARTS)
    async with catalog.open(KEY) as reader:
        assert await regions(reader) == b"".join(PARTS)
        assert open_files(tmp_path) == 1
    assert open_files(tmp_path) == 0


@pytest.mark.parametrize("cached", (False, True))
async def test_few_bytes_are_read_without_a_file_left_open(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    """At once where they lie in memory, else in a thread."""
    if not cached:
        monkeypatch.setattr(os, "preadv", would_block)
    await put(catalog, KEY, LARGE)
    async with catalog.open(KEY, span=Span(100, 60_099)) as reader:
        assert open_files(tmp_path) == 0
        assert reader.regions() is None
        assert await chunks(reader) == LARGE[100:60_100]


def would_block(*_: object) -> int:
    raise BlockingIOError


async def test_an_object_of_files_and_rows_has_no_regions(catalog: Catalog) -> None:
    await assembled(catalog, KEY, LARGE, SMALL, LARGE)
    async with catalog.open(KEY) as reader:
        assert reader.regions() is None
        assert await chunks(reader) == LARGE + SMALL + LARGE
    assert await read(catalog, KEY, Span(len(LARGE) - 5, len(LARGE) + len(SMALL) + 5)) == LARGE[-5:] + SMALL + LARGE[:6]


async def test_a_file_is_opened_once_for_neighbouring_pieces(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, "source", LARGE)
    upload = await catalog.create_upload(KEY, Put())
    for number, first in enumerate((500, 0, 7000), 1):
        await catalog.copy_part(KEY, upload.id, number, key("source"), span=Span(first, first + 4999))
    await catalog.complete_upload(KEY, upload.id, [PartRef(number) for number in (1, 2, 3)])
    assert len(files(tmp_path)) == 1
    assert await read(catalog, KEY) == LARGE[500:5500] + LARGE[:5000] + LARGE[7000:12000]


@pytest.mark.parametrize("blocks", (1, 2, 5))
async def test_blocks_are_read_ahead_and_none_is_lost(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    monkeypatch.setattr(reader_module, "BLOCK", len(LARGE) // blocks)
    await put(catalog, KEY, LARGE)
    async with catalog.open(KEY) as reader:
        sizes = [len(chunk) async for chunk in reader.chunks()]
    assert sizes == [len(LARGE) // blocks] * blocks


async def test_a_reader_left_while_it_reads_ahead_closes_its_file(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "BLOCK", 1000)
    await put(catalog, KEY, LARGE)
    for left in range(4):
        async with catalog.open(KEY) as reader:
            read_so_far = 0
            async for _ in reader.chunks():
                read_so_far += 1
                if read_so_far > left:
                    break
        assert open_files(tmp_path) == 0


async def test_cancelled_readers_close_their_files(catalog: Catalog, tmp_path: Path) -> None:
    await assembled(catalog, KEY, *PARTS[:5])
    for steps in range(40):
        task = asyncio.ensure_future(read(catalog, KEY))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        assert open_files(tmp_path) == 0


async def damage(store: Catalog, directory: Path, number: int, size: int | None) -> None:
    """Make an object of three files, and cut one to `size` bytes or remove it."""
    await store.create_bucket(KEY.bucket, BucketProps(owner="owner"))
    await assembled(store, KEY, LARGE, LARGE[::-1], LARGE)
    path = segment_files(directory, KEY)[number]
    if size is None:
        path.unlink()
    else:
        os.truncate(path, size)


@pytest.mark.parametrize("size", (None, 0, len(LARGE) - 1, len(LARGE) + 1))
async def test_a_damaged_first_file_is_told_before_a_byte_is_sent(tmp_path: Path, size: int | None) -> None:
    async with opened(tmp_path) as store:
        await damage(store, tmp_path, 0, size)
        with pytest.raises(Corrupt):
            async with store.open(KEY):
                pass
        assert open_files(tmp_path) == 0
        assert await read(store, KEY, Span(len(LARGE))) == LARGE[::-1] + LARGE  # the rest is sound


@pytest.mark.parametrize("size", (None, 1))
async def test_a_damaged_file_is_never_a_short_success(tmp_path: Path, size: int | None) -> None:
    async with opened(tmp_path) as store:
        await damage(store, tmp_path, 1, size)
        for take in (chunks, regions):
            async with store.open(KEY) as reader:
                with pytest.raises(Corrupt):
                    await take(reader)


async def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "BLOCK", 1000)
    async with opened(tmp_path) as store:
        await damage(store, tmp_path, 0, len(LARGE))
        async with store.open(KEY) as reader:
            os.truncate(segment_files(tmp_path, KEY)[0], 10_000)
            with pytest.raises(Corrupt):
                await chunks(reader)


async def test_a_missing_row_is_told(tmp_path: Path) -> None:
    """Bytes that lie in the index, in the place of which there is nothing."""
    async with opened(tmp_path) as store:
        await store.create_bucket(KEY.bucket, BucketProps(owner="owner"))
        await assembled(store, KEY, SMALL, LARGE)
    with closing(sqlite3.connect(tmp_path / INDEX)) as db, db:
        db.execute("UPDATE segments SET data = substr(data, 1, 10) WHERE data IS NOT NULL")
    async with opened(tmp_path) as store, store.open(KEY) as reader:
        with pytest.raises(Corrupt):
            await chunks(reader)
    with closing(sqlite3.connect(tmp_path / INDEX)) as db, db:
        db.execute("DELETE FROM extents")
    async with opened(tmp_path) as store:
        with pytest.raises(Corrupt):
            await read(store, KEY)
