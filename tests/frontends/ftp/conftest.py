import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from gateway.core.store import Store
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.frontends.ftp.world import NOBODY, World, make_bucket, serving, until

Serve = Callable[..., Awaitable[World]]


def sockets() -> set[str]:
    """Open TCP sockets of this process, by their inodes; event loops have others for themselves."""
    mine = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            mine.add(os.readlink(link))
    tables = "".join(Path("/proc/self/net", name).read_text() for name in ("tcp", "tcp6"))
    return {row.split()[9] for row in tables.splitlines() if f"socket:[{row.split()[9]}]" in mine}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module names the `STORES` that its tests run over."""
    if "store" in metafunc.fixturenames:
        metafunc.parametrize("store", getattr(metafunc.module, "STORES", ("memory",)), indirect=True)


@pytest.fixture
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store with the bucket `c`."""
    store: Store = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    await store.start()
    await make_bucket(store)
    yield store
    await store.aclose()


@pytest.fixture(scope="module", autouse=True)
def settled() -> Iterator[None]:
    """Leave out of sight what thousands of earlier tests have left: `serve` collects before and after each test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
async def serve(store: Store, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Serve]:
    """Start frontends. After the test nothing of them is left: no task, no descriptor, no error in the log."""
    gc.collect()
    before, others = sockets(), asyncio.all_tasks()
    async with AsyncExitStack() as stack:

        async def start(profiles: Mapping[str, Mapping[str, object]] = NOBODY, **settings: object) -> World:
            return await stack.enter_async_context(serving(store, profiles, **settings))

        yield start
    with suppress(TimeoutError):  # what is closed may need a turn of the loop to be gone
        await until(lambda: sockets() <= before)
    assert asyncio.all_tasks() - others - {asyncio.current_task()} == set()
    assert sockets() - before == set()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture
async def world(serve: Serve) -> World:
    return await serve()
