import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway.core.store import Store
from gateway.stores.memory import Memory
from tests.frontends.ftp.world import World, make_bucket, serving

Serve = Callable[..., Awaitable[World]]


def descriptors() -> set[str]:
    """Open files and sockets of this process, as the kernel names them."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.add(os.readlink(link))
        except FileNotFoundError:
            continue
    return found


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    memory = Memory()
    await memory.start()
    await make_bucket(memory)
    yield memory
    await memory.aclose()


@pytest.fixture
async def serve(store: Store, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Serve]:
    """Start frontends. After the test nothing of them is left: no task, no descriptor, no error in the log."""
    gc.collect()
    before = descriptors()
    async with AsyncExitStack() as stack:

        async def start(**settings: object) -> World:
            return await stack.enter_async_context(serving(store, **settings))

        yield start
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - {asyncio.current_task()} == set()
    assert {name for name in descriptors() - before if name.startswith("socket:")} == set()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture
async def world(serve: Serve) -> World:
    return await serve()
