from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET
from tests.stores.directory.tools import OWNER, opened


@pytest.fixture(params=("xattr", "sidecar"))
def keeping(request: pytest.FixtureRequest) -> str:
    """Where metadata is kept."""
    return str(request.param)


@pytest.fixture
async def store(tmp_path: Path, keeping: str) -> AsyncIterator[Directory]:
    """A store over `tmp_path` with one bucket."""
    async with opened(tmp_path, metadata=keeping) as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The bucket's folder."""
    return tmp_path / BUCKET
