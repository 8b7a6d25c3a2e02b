"""Uploads in segments on a remote S3: kills, sweeps, appends, and what a segment that fails does."""

import asyncio
import json
import signal

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, OutOfSpace, Unavailable
from gateway.core.segments import Base
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Props, Put
from gateway.core.uploads import UploadQuery
from gateway.layers.segmented import Segmented
from gateway.layers.segmented.sweep import sweep
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from tests.faults.scenes import UPLOADED
from tests.faults.test_crash import spawn
from tests.stores.s3.conftest import BUCKET, KEY, MIB, Open
from tests.support.bodies import Scripted, Stall, split
from tests.support.faultproxy import Fault, FaultProxy, refusal
from tests.support.remotes import REMOTE
from tests.support.waiting import until

SEGMENT = 5 * MIB
LARGE = UPLOADED[0]
OLD_STANDS = {"begun": True, "part": True, "complete": True, "completed": False}


async def read(store: Store, key: Key = KEY) -> bytes:
    async with store.open(key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


async def uploads(memory: Memory) -> int:
    return len((await memory.uploads(BUCKET, UploadQuery())).items)


def remote(store: Segmented) -> S3Store:
    assert isinstance(store.inner, S3Store)
    return store.inner


@pytest.mark.parametrize("step", OLD_STANDS)
async def test_f24_killed_in_any_phase_of_an_upload(
    store: Segmented, memory: Memory, proxy: FaultProxy, step: str
) -> None:
    settings = {
        "type": "s3",
        "endpoint_url": proxy.url,
        "access_key": REMOTE.access_key,
        "secret_key": REMOTE.secret,
        "segment_size": SEGMENT,
    }
    child = await spawn("tests.faults.uploader", json.dumps(settings), f"s3 {step}")
    out, err = await child.communicate()
    assert (child.returncode, out) == (-signal.SIGKILL, b"ready\n"), err.decode()
    standing = UPLOADED[0 if OLD_STANDS[step] else 1]
    assert await read(store) == standing
    rows = (await store.list(BUCKET, ListQuery())).items
    assert [(row.name, row.size) for row in rows if isinstance(row, Meta)] == [(KEY.name, len(standing))]
    left = await uploads(memory)
    assert left == OLD_STANDS[step]
    await sweep(store.inner, remote(store), 3600)
    assert await uploads(memory) == left  # somebody may be at it
    await asyncio.sleep(1.1)  # S3 tells whole seconds
    await sweep(store.inner, remote(store), 0)
    # One that was killed before it was marked is like one of a client, whom nobody presses.
    assert await uploads(memory) == (step == "begun")
    assert await read(store) == standing


async def test_uploads_of_clients_and_those_that_somebody_is_at_are_not_swept(
    opening: Open, memory: Memory, proxy: FaultProxy
) -> None:
    async with opening() as one, opening() as other:
        upload = await one.create_upload(KEY, Put())
        await one.put_part(KEY, upload.id, 1, BytesBody(b"of a client"))
        stall = Stall(12)
        task = asyncio.create_task(one.put(KEY, Scripted(split(LARGE, MIB), stall), Put()))
        await until(stall.reached.is_set)
        await asyncio.sleep(2.1)
        identifier = next(iter(remote(one)._segments._begun))
        await remote(one).renew_segments(KEY, identifier)
        await sweep(other.inner, remote(other), 2.0)
        assert await uploads(memory) == 2
        await asyncio.sleep(1.1)
        await sweep(other.inner, remote(other), 0)
        assert await uploads(memory) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_f21_two_segments_and_a_half_are_three(store: Segmented, proxy: FaultProxy) -> None:
    data = LARGE[: SEGMENT * 5 // 2]
    await store.put(KEY, Scripted(split(data, 300_000)), Put())
    assert await read(store) == data
    assert sum("partNumber=" in line and "partNumber=10000" not in line for line in proxy.lines) == 3


async def test_f22_a_multiple_of_the_segment_size_has_no_empty_segment(store: Segmented) -> None:
    meta = await store.put(KEY, Scripted(split(LARGE[: 2 * SEGMENT], 300_000)), Put())
    assert meta.etag.endswith("-2")
    assert await read(store) == LARGE[: 2 * SEGMENT]


async def test_f23_a_segment_that_fails_leaves_the_old_object(
    store: Segmented, memory: Memory, proxy: FaultProxy
) -> None:
    await store.put(KEY, BytesBody(b"old"), Put())
    proxy.faults = [Fault(when="partNumber=2", answer=refusal(503, "Trouble"))]
    with pytest.raises(Unavailable):
        await store.put(KEY, Scripted(split(LARGE, MIB)), Put())
    assert await read(store) == b"old"
    assert await uploads(memory) == 0


async def test_a_segment_whose_request_fails_is_sent_again(opening: Open, proxy: FaultProxy) -> None:
    async with opening(retries=3, retry_base=0.01) as store:
        lost = Fault(when="partNumber=2", times=1, cut_request=MIB)
        proxy.faults = [lost, Fault(when="partNumber=3", times=1, answer=refusal(503, "Slow", "SlowDown"))]
        await store.put(KEY, Scripted(split(LARGE, MIB)), Put())
        assert lost.seen == 1
        assert await read(store) == LARGE


async def test_segments_are_in_flight_side_by_side_but_no_more_than_are_wanted(
    store: Segmented, memory: Memory, proxy: FaultProxy
) -> None:
    """While the first is being waited for, three others are sent, and then nothing more is taken in."""
    first, fourth, fifth = (Fault(when=rf"partNumber={number}\b", delay=30.0) for number in (1, 4, 5))
    proxy.faults = [first, fourth, fifth]
    body = Scripted(split(LARGE * 3, MIB))
    task = asyncio.create_task(store.put(KEY, body, Put()))
    await until(lambda: fourth.seen > 0)
    assert not fifth.seen
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await uploads(memory) == 0


async def test_a_remote_that_takes_a_thousand_parts(store: Segmented, proxy: FaultProxy) -> None:
    refused = Fault(when="partNumber=10000", answer=refusal(400, "Bad", "InvalidArgument"))
    proxy.faults = [refused]
    for _ in range(2):
        await store.put(KEY, Scripted(split(LARGE, MIB)), Put())
    assert refused.seen == 1
    assert (await store.inner.segment_rules(KEY)).most == 900  # type: ignore[attr-defined]
    assert await read(store) == LARGE


@pytest.mark.parametrize("size", (3, SEGMENT - 1, SEGMENT, SEGMENT + 1))
async def test_f32_an_append_goes_on_behind_what_stands(
    store: Segmented, memory: Memory, proxy: FaultProxy, size: int
) -> None:
    props = Props(content_type="text/plain", user={"a": "1"})
    await store.put(KEY, BytesBody(LARGE[:size]), Put(props=props))
    copied = size >= SEGMENT
    meta = await store.append(KEY, Scripted(split(LARGE, 300_000)), Put())
    assert (meta.size, meta.props) == (size + len(LARGE), props)
    assert await read(store) == LARGE[:size] + LARGE
    assert any("x-amz-copy-source" in head.lower() for head in proxy.heads) == copied
    await store.append(KEY, BytesBody(b"!"), Put(when=When(if_match=(meta.etag,))))
    assert await read(store) == LARGE[:size] + LARGE + b"!"
    assert await uploads(memory) == 0
    assert (await store.append(KEY, BytesBody(b""), Put())).size == size + len(LARGE) + 1


async def test_an_append_to_what_changes_meanwhile_fails(opening: Open, memory: Memory) -> None:
    for minds in (True, False):
        async with opening(conditional_writes=minds) as store:
            await store.put(KEY, BytesBody(LARGE), Put())

            async def change(number: int, store: Segmented = store) -> None:
                if number == 3:
                    await store.put(KEY, BytesBody(b"changed"), Put())

            with pytest.raises(ConditionFailed):
                await store.append(KEY, Scripted(split(LARGE, MIB), change), Put())
            assert await read(store) == b"changed"
            assert await uploads(memory) == 0


async def test_segments_begun_for_an_append_need_their_base(store: Segmented) -> None:
    await store.put(KEY, BytesBody(b"small"), Put())
    inner = remote(store)
    assert not await inner.extends(await store.stat(KEY))
    base = Base(await store.stat(KEY), inside=True)
    await store.put(KEY, BytesBody(b"other"), Put())
    upload = await inner.begin_segments(KEY, Put(), base)
    with pytest.raises(ConditionFailed):
        await inner.join_segments(KEY, upload, (), Put(), {}, base)


async def test_a_full_spool_disk_leaves_the_old_object(
    opening: Open, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    async with opening(segment_buffer="6MiB") as store:
        await store.put(KEY, BytesBody(b"old"), Put())
        monkeypatch.setattr("gateway.layers.segmented.spool.os.write", full)
        with pytest.raises(OutOfSpace, match="no space left to hold the upload"):
            await store.put(KEY, Scripted(split(LARGE, MIB)), Put())
        monkeypatch.undo()
        assert await read(store) == b"old"
        assert await uploads(memory) == 0
        await store.put(KEY, Scripted(split(LARGE, MIB)), Put())
        assert await read(store) == LARGE
