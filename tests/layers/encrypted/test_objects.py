"""Encrypted objects are read, extended, renamed and put together like any others."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core import ops
from gateway.core.body import BytesBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import When
from gateway.core.encryption import MANAGED, SEAL
from gateway.core.errors import ConditionFailed, KeyRequired
from gateway.core.ranges import Extent, Span
from gateway.core.store import Reader
from gateway.core.types import Key, ListQuery, Put
from gateway.core.uploads import PartRef
from gateway.layers.encrypted import Encrypted, frames
from gateway.layers.encrypted.frames import FRAME, HEADER, TAG, stored_size
from gateway.stores.memory import Memory
from tests.layers.encrypted.sealing import KEY, LARGE, OTHER, SECRET, TEXT, assembled, layer, opened, put, read, segment


@pytest.mark.parametrize("size", (0, 1, FRAME - 1, FRAME, FRAME + 1, 2 * FRAME, 9 * FRAME + 5))
async def test_sizes_digests_and_counters_are_of_the_plain_bytes(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    async with opened(tmp_path) as store:
        meta = await put(store, data)
        assert segment(tmp_path).stat().st_size == stored_size(size)
        assert (meta.size, meta.etag) == (size, hashlib.md5(data, usedforsecurity=False).hexdigest())
        assert (await store.list("bucket", ListQuery())).items == (await store.stat(KEY),)
        bucket = await store.stat_bucket("bucket")
        assert (bucket.objects, bucket.bytes) == (1, size)
        assert await read(store) == data


async def test_ranges_across_parts_of_all_sizes(store: Encrypted) -> None:
    sizes = (0, 1, FRAME, FRAME + 1, 2 * FRAME - 1, 0, 7)
    parts = {number: os.urandom(size) for number, size in enumerate(sizes, 1)}
    whole = b"".join(parts.values())
    for how in (MANAGED, SECRET):
        secret = SECRET if how is SECRET else None
        meta = await assembled(store, parts, how)
        assert (meta.size, meta.etag.partition("-")[2]) == (len(whole), str(len(sizes)))
        assert await read(store, secret=secret) == whole
        borders = [sum(sizes[:number]) for number in range(len(sizes))] + [FRAME, 2 * FRAME, len(whole) - 1]
        for start in borders:
            for first in (max(0, start - 1), start):
                for length in (1, 2, FRAME + 2):
                    wanted = whole[first : first + length]
                    if wanted:
                        assert await read(store, span=Span(first, first + length - 1), secret=secret) == wanted


async def test_a_range_reads_no_more_than_its_frames() -> None:
    inner = Memory()
    store = layer(inner)
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    await put(store, LARGE * 10)
    async with inner.open(KEY) as reader:
        seen: list[int] = []
        plain = type(reader).stored

        def counted(self: Reader, extent: Extent) -> AsyncIterator[bytes]:
            seen.append(len(extent))
            return plain(self, extent)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(reader), "stored", counted)
            await read(store, span=Span(5 * FRAME + 10, 5 * FRAME + 20))
    assert sum(seen) == HEADER + FRAME + TAG


async def test_large_bodies_are_sealed_and_opened_in_threads(store: Encrypted, monkeypatch: pytest.MonkeyPatch) -> None:
    where: set[tuple[str, bool]] = set()

    def watched(name: str) -> object:
        original = getattr(frames.Frames, name)

        def call(self: frames.Frames, data: memoryview, number: int, *, last: bool) -> bytes:
            where.add((name, threading.current_thread() is threading.main_thread()))
            return bytes(original(self, data, number, last=last))

        return call

    for name in ("seal", "open"):
        monkeypatch.setattr(frames.Frames, name, watched(name))
    data = os.urandom(64 * FRAME)
    await put(store, data, how=MANAGED)
    assert await read(store) == data
    assert {("seal", False), ("open", False)} <= where


async def test_renames_keep_what_they_move_readable(store: Encrypted) -> None:
    await put(store, LARGE, Key("bucket", "dir/a"), MANAGED)
    await ops.rename(store, Key("bucket", "dir/a"), Key("bucket", "dir/b"))
    await ops.rename_prefix(store, Key("bucket", "dir/"), Key("bucket", "new/"))
    assert await read(store, Key("bucket", "new/b")) == LARGE


async def test_appends_keep_an_object_encrypted(store: Encrypted) -> None:
    await put(store, TEXT, how=MANAGED)
    meta = await ops.append(store, KEY, BytesBody(LARGE), Put())
    assert (meta.size, SEAL in meta.props.system) == (len(TEXT + LARGE), True)
    assert await read(store) == TEXT + LARGE
    await put(store, TEXT, how=SECRET)
    with pytest.raises(KeyRequired):
        await ops.append(store, KEY, BytesBody(LARGE), Put())
    assert await read(store, secret=SECRET) == TEXT


async def test_plain_bytes_never_come_to_lie_behind_encrypted_ones(store: Encrypted) -> None:
    """The object is encrypted by another writer while more of the plain one comes in, and has the same ETag."""
    await put(store, TEXT)

    async def slow() -> AsyncIterator[bytes]:
        await put(store, TEXT, how=MANAGED)
        yield TEXT

    with pytest.raises(ConditionFailed):
        await ops.append(store, KEY, StreamBody(slow()), Put())
    assert await read(store) == TEXT


async def test_objects_from_before_stay_readable_with_everything_that_readers_have(tmp_path: Path) -> None:
    async with opened(tmp_path, default=False) as store:
        await put(store, LARGE)
    async with opened(tmp_path) as store:
        async with store.open(KEY) as reader:
            assert reader.regions() is not None
        assert await read(store) == LARGE


async def test_a_reader_keeps_its_object_while_that_is_replaced(store: Encrypted) -> None:
    parts = {1: LARGE, 2: TEXT}
    await assembled(store, parts)
    async with store.open(KEY) as reader:
        await put(store, TEXT, how=MANAGED)
        assert b"".join([chunk async for chunk in reader.chunks()]) == LARGE + TEXT


async def test_an_object_that_is_replaced_while_it_is_opened_is_one_or_the_other(store: Encrypted) -> None:
    async def replaced() -> None:
        for number in range(30):
            await asyncio.sleep(0)
            if number % 2:
                await put(store, TEXT, how=MANAGED)
            else:
                await assembled(store, {1: LARGE, 2: TEXT})

    await put(store, TEXT, how=MANAGED)
    writing = asyncio.create_task(replaced())
    while not writing.done():
        assert await read(store) in {TEXT, LARGE + TEXT}
        await asyncio.sleep(0)
    await writing


async def test_a_part_is_copied_from_an_encrypted_object(store: Encrypted) -> None:
    await put(store, LARGE, OTHER, SECRET)
    upload = await store.create_upload(KEY, Put())
    opening = When(secret=SECRET)
    part = await store.copy_part(KEY, upload.id, 1, OTHER, span=Span(10, FRAME + 10), when=opening)
    await store.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
    assert await read(store) == LARGE[10 : FRAME + 11]


async def test_the_layer_says_what_it_can(store: Encrypted) -> None:
    assert store.caps.encryption
    assert find(store, Multipart) is store
