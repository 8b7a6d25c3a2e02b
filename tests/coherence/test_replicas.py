"""Two gateways are one: whatever clients do through both, and whatever befalls the cache, each object behaves as if it
lay in one place. The caches of the gateways outlive the test, so that nothing is right only because it has expired.
"""

import asyncio
import random
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.cache.entries import Outcome
from gateway.stores.memory import Memory
from tests.coherence.linear import unexplained
from tests.coherence.replicas import CACHES, History, Trouble, replicas, seed
from tests.support.openstack.cluster import Cluster
from tests.support.remotes import REMOTE, serving_s3

CLIENTS = 6
OPERATIONS = 200
SECONDS = 12.0

Settings = Mapping[str, object]


@asynccontextmanager
async def remote_s3() -> AsyncIterator[Settings]:
    async with serving_s3(Memory()) as endpoint:
        yield {"type": "s3", "endpoint_url": endpoint, "access_key": REMOTE.access_key, "secret_key": REMOTE.secret}


@asynccontextmanager
async def remote_swift(cluster: Cluster) -> AsyncIterator[Settings]:
    login = {"auth_url": cluster.auth, "user": cluster.user, "key": cluster.key}
    yield {"type": "swift", **login, "storage_url": cluster.account(secrets.token_hex(8))}


@pytest.mark.parametrize(("upstream", "skew"), (("s3", 300.0), ("swift", -300.0)))
async def test_f11_every_history_through_two_gateways_is_that_of_one(
    request: pytest.FixtureRequest, tmp_path: Path, upstream: str, skew: float
) -> None:
    number = seed()
    chance = random.Random(number)
    remote = remote_s3() if upstream == "s3" else remote_swift(request.getfixturevalue("cluster"))
    async with remote as store, replicas(tmp_path, store, skew) as world:
        history, trouble = History(world, chance), Trouble(world.caches, random.Random(number + 1))
        until = time.monotonic() + SECONDS
        befalling = asyncio.create_task(trouble.go_on())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(history.client(OPERATIONS, until))
        except BaseExceptionGroup as error:
            error.add_note(f"PORTICO_SEED={number}")
            raise
        finally:
            befalling.cancel()
            await asyncio.gather(befalling, return_exceptions=True)
        looks = await world.looks()
    assert trouble.count > CACHES
    assert all(looks[outcome] > 0 for outcome in (Outcome.HIT, Outcome.NEAR, Outcome.MISS, Outcome.STALE)), looks
    for key, events in history.events.items():
        odd = unexplained(events)
        told = "\n".join(f"{event.begin:10.3f} {event.end:10.3f} {event.told} {event.value}" for event in odd[-30:])
        assert not odd, f"PORTICO_SEED={number}, key {key}: nothing explains the last of\n{told}"
