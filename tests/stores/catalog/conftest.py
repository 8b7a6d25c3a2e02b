from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.stores.catalog import Catalog
from tests.stores.catalog.tools import BUCKET, opened
from tests.support.catalog import tidy


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """A catalog with one bucket; after the test everything in it agrees, and no garbage stays."""
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        yield store
        await tidy(tmp_path)
