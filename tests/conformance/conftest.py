from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts, Recount, Roster
from gateway.core.capabilities.listings import Expiring
from gateway.core.capabilities.multipart import Multipart, Parted
from gateway.core.capabilities.objects import Append, Batch, Rename
from gateway.core.capabilities.versions import Locks, Standing, Versions
from gateway.core.locks import BucketLock
from gateway.core.store import Store
from tests.conformance.factories import CONTENDERS, Contender, Site
from tests.conformance.tools import BUCKET, OWNER, view
from tests.support.clock import Clock

CAPABILITIES: dict[str, type] = {
    "accounts": Accounts,
    "appender": Append,
    "batch": Batch,
    "expiring": Expiring,
    "locks": Locks,
    "multipart": Multipart,
    "parted": Parted,
    "recounter": Recount,
    "renamer": Rename,
    "roster": Roster,
    "standing": Standing,
    "versions": Versions,
}
"""Fixtures that give a capability: a test that asks for one runs with the stores that have it."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "over(argument, table): run with each row whose `needs` the store has")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "contender" not in metafunc.fixturenames:
        return
    needed = {kind for name, kind in CAPABILITIES.items() if name in metafunc.fixturenames}
    test = metafunc.definition.originalname
    module = metafunc.definition.path.stem
    able = {
        name: row
        for name, row in CONTENDERS.items()
        if not needed & row.lacks and test not in row.exempt and module in (row.modules or {module})
    }
    mark = metafunc.definition.get_closest_marker("over")
    if mark is None:
        metafunc.parametrize("contender", able.values(), ids=able)
        return
    argument, table = mark.args
    pairs = {
        f"{name}-{what}": (contender, row)
        for name, contender in able.items()
        for what, row in table.items()
        if row.needs not in contender.lacks and f"{test}[{what}]" not in contender.exempt
    }
    metafunc.parametrize(("contender", argument), pairs.values(), ids=pairs)


@pytest.fixture
def site(contender: Contender, tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    return Site(tmp_path, request.getfixturevalue(contender.upstream)) if contender.upstream else Site(tmp_path)


@pytest.fixture
async def empty(contender: Contender, site: Site) -> AsyncIterator[Store]:
    """A store with nothing in it."""
    async with contender.open(site) as store:
        yield store


@pytest.fixture
async def store(empty: Store) -> AsyncIterator[Store]:
    """A store with one bucket, which is looked through from end to end after the test."""
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER))
    yield empty
    await view(empty, BUCKET)


@pytest.fixture
def accounts(store: Store) -> Accounts:
    found = find(store, Accounts)
    assert found is not None
    return found


@pytest.fixture
def appender(store: Store) -> Append:
    found = find(store, Append)
    assert found is not None
    return found


@pytest.fixture
def batch(store: Store) -> Batch:
    found = find(store, Batch)
    assert found is not None
    return found


@pytest.fixture
def expiring(store: Store) -> Expiring:
    found = find(store, Expiring)
    assert found is not None
    return found


@pytest.fixture
def locks(store: Store) -> Locks:
    found = find(store, Locks)
    assert found is not None
    return found


@pytest.fixture
async def locked(versioned: Versions, locks: Locks) -> Locks:
    """With locks in the bucket."""
    await locks.set_lock(BUCKET, BucketLock())
    return locks


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def multipart(store: Store) -> Multipart:
    found = find(store, Multipart)
    assert found is not None
    return found


@pytest.fixture
def parted(store: Store) -> Parted:
    found = find(store, Parted)
    assert found is not None
    return found


@pytest.fixture
def recounter(store: Store) -> Recount:
    found = find(store, Recount)
    assert found is not None
    return found


@pytest.fixture
def renamer(store: Store) -> Rename:
    found = find(store, Rename)
    assert found is not None
    return found


@pytest.fixture
def roster(store: Store) -> Roster:
    found = find(store, Roster)
    assert found is not None
    return found


@pytest.fixture
def versions(store: Store) -> Versions:
    found = find(store, Versions)
    assert found is not None
    return found


@pytest.fixture
def standing(store: Store) -> Standing:
    found = find(store, Standing)
    assert found is not None
    return found


@pytest.fixture
async def versioned(versions: Versions) -> Versions:
    """With versioning enabled in the bucket."""
    await versions.set_versioning(BUCKET, enabled=True)
    return versions
