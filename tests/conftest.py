import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import servers
from tests.support.loops import SettlingLoop
from tests.support.openstack.cluster import Cluster, shared
from tests.support.servers import Remote

# A slow machine is no failure: examples are bounded in number, never in time.
settings.register_profile("portico", deadline=None, print_blob=True)
settings.load_profile("portico")


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": SettlingLoop}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real OpenStack Swift, one for all workers."""
    base, watched = tmp_path_factory.getbasetemp(), os.getpid()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base, watched = base.parent, os.getppid()
    with shared(base / "openstack.json", watched) as found:
        yield found


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Remote]:
    with servers.moto() as remote:
        yield remote


@pytest.fixture
def moto(moto_server: Remote) -> Remote:
    """moto's S3 with nothing in it."""
    return servers.emptied(moto_server)


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Remote]:
    """rclone's S3 over an empty folder."""
    folder = tmp_path / "rclone"
    folder.mkdir()
    with servers.rclone(folder) as remote:
        yield remote


_WORKERS = 16
_tenants = count(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _WORKERS, _WORKERS)


@pytest.fixture
def s3api(cluster: Cluster) -> Remote:
    """A real Swift's own S3 interface, on an account that no other test uses."""
    return Remote(cluster.origin, f"s3-{next(_tenants)}:user", "secret")
