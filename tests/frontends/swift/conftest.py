from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gateway.auth.asking import check_segment, check_segments
from gateway.core.store import Store
from gateway.layers.archived import Archived
from gateway.layers.guarded import Guarded
from gateway.layers.links import Linked
from gateway.layers.manifests import Gate, LargeObjects
from gateway.layers.quotas import Quotas
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.frontends.swift.world import World, serving

Serve = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture(params=["memory", "catalog"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    chosen: Store = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    large = LargeObjects(Linked(Guarded(Archived(Quotas(chosen))), check_segment), Gate(check_segment, check_segments))
    await large.start()
    yield large
    await large.aclose()


@pytest.fixture
async def far() -> AsyncIterator[Store]:
    """The store of another namespace."""
    guarded = Guarded(Archived(Quotas(Memory())))
    memory = LargeObjects(Linked(guarded, check_segment), Gate(check_segment, check_segments))
    await memory.start()
    yield memory
    await memory.aclose()


@pytest.fixture
def serve(store: Store, far: Store) -> Serve:
    """Start a frontend with settings of the test's own."""

    def start(**settings: object) -> AbstractAsyncContextManager[World]:
        return serving(store, far, **settings)

    return start


@pytest.fixture
async def world(serve: Serve, caplog: pytest.LogCaptureFixture) -> AsyncIterator[World]:
    """A frontend that still serves when the test is over, and has found nothing worth an error in the log."""
    async with serve() as world:
        yield world
        assert (await world.raw("GET", "/healthcheck")).body == b"OK"
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
