from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.store import Store
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.frontends.s3.world import S3Client, World, serving
from tests.support.clock import Clock


@pytest.fixture(params=["memory", "catalog"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    await store.start()
    yield store
    await store.aclose()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
async def world(store: Store, caplog: pytest.LogCaptureFixture) -> AsyncIterator[World]:
    """A frontend that still serves when the test is over, and has found nothing worth an error in the log."""
    async with serving(store) as world:
        yield world
        answer = await world.do("GET", "/")
        assert answer.status == 200
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.fixture
async def bucket(world: World) -> str:
    """A bucket of the account `test`."""
    assert (await world.do("PUT", "/bucket")).status == 200
    return "bucket"


@pytest.fixture
async def s3(world: World, bucket: str) -> AsyncIterator[S3Client]:
    """A client of alice, with the bucket at hand."""
    async with world.client() as client:
        yield client
