from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.store import Store
from gateway.stores.catalog import Catalog, CatalogSettings
from gateway.stores.memory import Memory
from tests.frontends.s3.encryption.sealed import sealing


@pytest.fixture(params=["memory", "catalog"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    inner = Memory() if request.param == "memory" else Catalog(CatalogSettings(path=tmp_path / "catalog"))
    store = sealing(inner)
    await store.start()
    yield store
    await store.aclose()
