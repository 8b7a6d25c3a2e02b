from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.store import Store
from gateway.core.types import Key
from gateway.layers.segmented import Segmented, SegmentSettings
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from tests.support.faultproxy import FaultProxy, proxied
from tests.support.remotes import pointing_at, serving_s3

OWNER = "owner"
BUCKET = "bucket"
KEY = Key(BUCKET, "object")
MIB = 1024 * 1024

Open = Callable[..., AbstractAsyncContextManager[Segmented]]


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    """What lies behind the remote."""
    store = Memory()
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="remote"))
    yield store
    await store.aclose()


@pytest.fixture
async def proxy(memory: Store) -> AsyncIterator[FaultProxy]:
    """The remote, with a proxy before it."""
    async with serving_s3(memory) as endpoint, proxied(endpoint) as proxy:
        yield proxy


@pytest.fixture
def opening(proxy: FaultProxy) -> Open:
    @asynccontextmanager
    async def opened(segment_buffer: str = "64MiB", **settings: object) -> AsyncIterator[Segmented]:
        cut = SegmentSettings.model_validate({"segment_size": "5MiB", "segment_buffer": segment_buffer})
        store = Segmented(S3Store(pointing_at(proxy.url, **settings), OWNER), cut)
        await store.start()
        try:
            yield store
        finally:
            await store.aclose()

    return opened


@pytest.fixture
async def store(opening: Open) -> AsyncIterator[Segmented]:
    """A store that makes one attempt at each request."""
    async with opening() as store:
        yield store
