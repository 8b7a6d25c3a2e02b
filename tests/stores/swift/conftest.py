"""A real OpenStack Swift, in which every test has an account of its own, and stores over it."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
import pytest
from yarl import URL

from gateway.config.settings import RemoteSwiftSettings
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Accounts
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.objects import Batch
from gateway.core.store import Store
from gateway.layers.segmented import Segmented
from gateway.stores.swift import SwiftStore
from tests.conformance.tools import BUCKET, OWNER
from tests.support.openstack.cluster import Cluster
from tests.support.swift import QUICK

SEGMENT = 1_500_000
"""Bytes of a segment in these tests: above what is gathered in memory before anything is sent."""


@dataclass(frozen=True)
class Direct:
    """The upstream itself, past the store: what really lies there."""

    session: aiohttp.ClientSession
    url: str
    token: str

    async def __call__(
        self, method: str, path: str = "", data: bytes = b"", **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Ask for a path below the account, which is percent-encoded already."""
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        request = self.session.request(
            method, URL(self.url + path, encoded=True), data=data, headers={**stated, "X-Auth-Token": self.token}
        )
        async with request as response:
            return response.status, response.headers, await response.read()

    async def names(self, container: str) -> list[str]:
        """The names in a container; none where it is not there."""
        status, _, body = await self("GET", f"/{container}")
        return body.decode().splitlines() if status == 200 else []

    async def segments(self, bucket: str = BUCKET) -> list[str]:
        return await self.names(f"{bucket}_segments")


@pytest.fixture
async def direct(cluster: Cluster) -> AsyncIterator[Direct]:
    async with aiohttp.ClientSession(skip_auto_headers=("Content-Type",)) as session:
        login = {"X-Auth-User": cluster.user, "X-Auth-Key": cluster.key}
        async with session.get(cluster.auth, headers=login) as answer:
            yield Direct(session, cluster.account(secrets.token_hex(8)), answer.headers["X-Auth-Token"])


Opening = Callable[..., AbstractAsyncContextManager[Segmented]]


@pytest.fixture
def opening(cluster: Cluster, direct: Direct) -> Opening:
    """Open another store on the account of the test; keywords are settings."""

    @asynccontextmanager
    async def opened(**settings: object) -> AsyncIterator[Segmented]:
        stated = {
            "auth_url": cluster.auth,
            "user": cluster.user,
            "key": cluster.key,
            "storage_url": direct.url,
            "segment_size": SEGMENT,
            **QUICK,
            **settings,
        }
        config = RemoteSwiftSettings.model_validate(stated)
        inner = SwiftStore(config, OWNER)
        # Swift's own counters lag, and count a large object by its manifest.
        inner.caps = replace(inner.caps, counters=False)
        store = Segmented(inner, config)
        await store.start()
        try:
            yield store
        finally:
            await store.aclose()

    return opened


@pytest.fixture
async def empty(opening: Opening) -> AsyncIterator[Segmented]:
    async with opening(exclusive=True) as store:
        yield store


@pytest.fixture
async def store(empty: Segmented) -> Segmented:
    await empty.create_bucket(BUCKET, BucketProps(owner=OWNER))
    return empty


@pytest.fixture
def multipart(store: Segmented) -> Multipart:
    found = find(store, Multipart)
    assert found is not None
    return found


@pytest.fixture
def batch(store: Segmented) -> Batch:
    found = find(store, Batch)
    assert found is not None
    return found


@pytest.fixture
def accounts(store: Segmented) -> Accounts:
    found = find(store, Accounts)
    assert found is not None
    return found


def inner(store: Store) -> SwiftStore:
    """The store itself, below its layer."""
    assert isinstance(store.inner, SwiftStore)
    return store.inner
