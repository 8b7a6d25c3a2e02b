"""kill -9 in each phase of an upload in segments, on a real Swift: nothing partial, and nothing is left in the end."""

import asyncio
import json
import signal
import time

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.types import Put
from gateway.layers.segmented.sweep import keep_sweeping, sweep
from tests.conformance.tools import BUCKET, KEY, OWNER, names, read
from tests.faults.scenes import UPLOADED
from tests.faults.test_crash import spawn
from tests.stores.swift.conftest import Direct, Opening, inner
from tests.support.bodies import Scripted, Stall, split
from tests.support.openstack.cluster import Cluster
from tests.support.waiting import until

MIB = 1024 * 1024
SEGMENT = "5MiB"
OLD_STANDS = {"segment": True, "manifest": True, "joined": False, "freeing": False, "freed": False}


@pytest.mark.parametrize("step", OLD_STANDS)
async def test_f24_killed_in_any_phase_of_an_upload(
    cluster: Cluster, direct: Direct, opening: Opening, step: str
) -> None:
    settings = {
        "type": "swift",
        "auth_url": cluster.auth,
        "user": cluster.user,
        "key": cluster.key,
        "storage_url": direct.url,
        "segment_size": SEGMENT,
    }
    async with opening(segment_size=SEGMENT) as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        child = await spawn("tests.faults.uploader", json.dumps(settings), f"swift {step}")
        out, err = await child.communicate()
        assert (child.returncode, out) == (-signal.SIGKILL, b"ready\n"), err.decode()
        standing = UPLOADED[0 if OLD_STANDS[step] else 1]
        assert await read(store, KEY) == standing
        assert await names(store) == [KEY.name]
        before = await direct.segments()
        assert len(before) > 3
        await sweep(inner(store), inner(store), 3600)
        assert await direct.segments() == before  # somebody may be at them
        await asyncio.sleep(0.1)
        await sweep(inner(store), inner(store), 0)
        assert len(await direct.segments()) == 3
        assert await read(store, KEY) == standing
        await sweep(inner(store), inner(store), 0)
        assert await read(store, KEY) == standing
        await store.delete(KEY)
        assert await direct.segments() == []


async def test_f24_leftovers_are_swept_soon_after_a_start_and_ever_again(direct: Direct, opening: Opening) -> None:
    async with opening() as store:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        for _ in range(2):
            await inner(store).begin_segments(KEY, Put())
            assert len(await direct.segments()) == 1
            task = asyncio.create_task(keep_sweeping(inner(store), inner(store), 0.4))
            for _ in range(600):
                if not await direct.segments():
                    break
                await asyncio.sleep(0.05)
            task.cancel()
            assert await direct.segments() == []


async def test_what_another_replica_is_at_is_not_swept(direct: Direct, opening: Opening) -> None:
    grace = 4.0
    async with opening(segment_grace=grace) as one, opening() as other:
        await one.create_bucket(BUCKET, BucketProps(owner=OWNER))
        pieces = split(UPLOADED[0], MIB)
        stall = Stall(len(pieces))
        body = Scripted(pieces, stall)
        task = asyncio.create_task(one.put(KEY, body, Put()))
        await until(stall.reached.is_set)
        end = time.monotonic() + 1.5 * grace
        while time.monotonic() < end:
            await sweep(inner(other), inner(other), grace)
            await asyncio.sleep(0.2)
        assert any(name.endswith("/00000001") for name in await direct.segments())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await direct.segments() == []
