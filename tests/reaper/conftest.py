from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.store import Store
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.reaper.world import World, world_over


@pytest.fixture(params=["memory", "catalog"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    store: Store = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    async with world_over(store) as world:
        yield world
