"""Cancelled at any moment: the caller sees the old state or the new one, and no file stays behind."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.types import Key, Put
from gateway.stores.catalog import Catalog
from tests.faults.scenes import BUCKET, KEY, NEW, OLD, settings
from tests.support.bodies import Scripted, split
from tests.support.catalog import drafts, tidy

SOURCE = Key(BUCKET, "source")
PIECES = split(NEW, 256 * 1024)


async def put(store: Catalog) -> None:
    await store.put(KEY, Scripted(PIECES), Put())


async def append(store: Catalog) -> None:
    await store.append(KEY, Scripted(PIECES), Put())


async def put_part(store: Catalog) -> None:
    upload = await store.create_upload(KEY, Put())
    await store.put_part(KEY, upload.id, 1, Scripted(PIECES))


async def copy_part(store: Catalog) -> None:
    upload = await store.create_upload(KEY, Put())
    await store.copy_part(KEY, upload.id, 1, SOURCE)


async def read(store: Catalog) -> None:
    async with store.open(KEY) as reader:
        async for _ in reader.chunks():
            pass


@pytest.mark.parametrize("work", (put, append, put_part, copy_part, read))
@pytest.mark.parametrize("times", (1, 2))
async def test_cancelled_at_any_moment_nothing_is_left_behind(
    tmp_path: Path, work: Callable[[Catalog], Awaitable[None]], times: int
) -> None:
    """Also where the cancellation is repeated while the first one is still waiting for a thread."""
    store = Catalog(settings(tmp_path))
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    try:
        await store.put(SOURCE, Scripted(split(OLD, 256 * 1024)), Put())
        steps, following, ended = 1, 2, False
        while not ended:
            await store.put(KEY, Scripted([OLD]), Put())
            task = asyncio.ensure_future(work(store))
            for _ in range(steps):
                await asyncio.sleep(0)
            ended = task.done()
            for _ in range(times):
                task.cancel()
                await asyncio.sleep(0)
            await asyncio.wait((task,))
            assert task.cancelled() or task.exception() is None
            assert drafts(tmp_path) == []
            steps, following = following, steps + following
        await tidy(tmp_path)
    finally:
        await store.aclose()
