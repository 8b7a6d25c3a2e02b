from collections.abc import AsyncIterator

import pytest

from tests.support.memcacheds import Memcacheds, memcacheds


@pytest.fixture
async def memcached() -> AsyncIterator[Memcacheds]:
    """Start memcached servers that end with the test."""
    async with memcacheds() as start:
        yield start
