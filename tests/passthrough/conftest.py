from collections.abc import AsyncIterator

import pytest

from tests.passthrough.world import Gateway, config, gateways, upstream
from tests.support.faultproxy import FaultProxy


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    async with upstream() as found:
        yield found


@pytest.fixture
async def gateway(proxy: FaultProxy) -> AsyncIterator[Gateway]:
    async with gateways(config(f"{proxy.url}/auth/v1.0", cache={"ttl": 3600})) as (found,):
        yield found
