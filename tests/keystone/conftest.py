import os
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.keystone import FakeKeystone, standing_in
from tests.support.openstack.cluster import Cluster, Identity, shared_identity


@pytest.fixture(scope="session")
def identity(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Identity]:
    """A real Keystone before the real Swift, one for all workers."""
    base, watched = tmp_path_factory.getbasetemp(), os.getpid()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base, watched = base.parent, os.getppid()
    with shared_identity(base / "identity.json", watched, cluster) as found:
        yield found


@pytest.fixture
async def fake() -> AsyncIterator[FakeKeystone]:
    """A stand-in for Keystone, which does what is wanted of it."""
    async with standing_in() as keystone:
        yield keystone
