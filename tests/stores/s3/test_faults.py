"""What a broken network or remote leaves behind: nothing; and what the caller is told."""

import asyncio
import hashlib

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import ABSENT, When
from gateway.core.context import RequestContext, enter
from gateway.core.errors import (
    Busy,
    DeadlineExceeded,
    Denied,
    IncompleteBody,
    OutOfSpace,
    StoreError,
    Unavailable,
    Unsupported,
)
from gateway.core.store import Store
from gateway.core.types import Copy, Key, ListQuery, Put
from gateway.core.uploads import UploadQuery
from gateway.layers.segmented import Segmented
from gateway.stores.memory import Memory
from tests.stores.s3.conftest import BUCKET, KEY, MIB, Open
from tests.support.bodies import Broken, Scripted, Stall, failing_at, split
from tests.support.faultproxy import Fault, FaultProxy, refusal

SMALL = b"a few bytes"
LARGE = bytes(range(256)) * 4096 * 12
"""Three parts of 5 MiB, the last one smaller."""
PUT, PART, COMPLETE = r"^PUT \S+/object ", r"^PUT .*partNumber=2", r"^POST .*uploadId="


async def stored(memory: Memory) -> list[str]:
    """All that the remote keeps: objects, and uploads that were left behind."""
    objects = (await memory.list(BUCKET, ListQuery())).items
    uploads = (await memory.uploads(BUCKET, UploadQuery())).items
    return [row.name for row in (*objects, *uploads)]


async def read(store: Store, key: Key = KEY) -> bytes:
    async with store.open(key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


FAULTS = {
    "reset in the small body": (SMALL, Fault(when=PUT, cut_request=3), Unavailable),
    "reset in a part": (LARGE, Fault(when=PART, cut_request=MIB), Unavailable),
    "reset for a part's answer": (LARGE, Fault(when=PART, lose_answer=True), Unavailable),
    "slow down": (SMALL, Fault(when=PUT, answer=refusal(503, "Slow", "SlowDown", Retry_After="7")), Busy),
    "slow down in a part": (LARGE, Fault(when=PART, answer=refusal(503, "Slow", "SlowDown")), Busy),
    "broken": (SMALL, Fault(when=PUT, answer=refusal(500, "No", "InternalError")), Unavailable),
    "broken at the completion": (LARGE, Fault(when=COMPLETE, answer=refusal(500, "No", "InternalError")), Unavailable),
    "an error in a success": (LARGE, Fault(when=COMPLETE, answer=refusal(200, "OK", "InternalError")), Unavailable),
    "refused": (LARGE, Fault(when=PART, answer=refusal(403, "No", "AccessDenied")), Denied),
    "full": (LARGE, Fault(when=PART, answer=refusal(507, "Full")), OutOfSpace),
    "no HTTP": (SMALL, Fault(when=PUT, answer=b"\0\1\2\3 garbage\r\n\r\n"), Unavailable),
}


@pytest.mark.parametrize(("data", "fault", "error"), FAULTS.values(), ids=FAULTS)
async def test_a_write_that_fails_leaves_nothing(
    store: Segmented, memory: Memory, proxy: FaultProxy, data: bytes, fault: Fault, error: type[StoreError]
) -> None:
    proxy.faults = [fault]
    body = Scripted(split(data, MIB), size=len(data))
    with pytest.raises(StoreError) as refused:
        await store.put(KEY, body, Put())
    assert type(refused.value) is error
    assert fault.seen
    assert body.closed
    assert await stored(memory) == []
    proxy.faults = []
    await store.put(KEY, BytesBody(data), Put())
    assert await read(store) == data
    assert await stored(memory) == [KEY.name]


async def test_the_remote_says_how_long_to_wait(store: Segmented, proxy: FaultProxy) -> None:
    proxy.faults = [Fault(when="^HEAD ", answer=refusal(503, "Slow", Retry_After="7"))]
    with pytest.raises(Busy) as refused:
        await store.stat(KEY)
    assert refused.value.retry_after == 7


@pytest.mark.parametrize("place", range(13))
async def test_a_body_that_breaks_leaves_no_upload(store: Segmented, memory: Memory, place: int) -> None:
    with pytest.raises(Broken):
        await store.put(KEY, Scripted(split(LARGE, MIB), failing_at(place)), Put())
    assert await stored(memory) == []


async def test_f25_an_upload_that_is_cancelled_leaves_the_old_object(store: Segmented, memory: Memory) -> None:
    await store.put(KEY, BytesBody(SMALL), Put())
    stall = Stall(11)
    task = asyncio.create_task(store.put(KEY, Scripted(split(LARGE, MIB), stall), Put()))
    await stall.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await stored(memory) == [KEY.name]
    assert await read(store) == SMALL


async def test_a_streamed_part_whose_body_breaks_is_not_stored(store: Segmented, memory: Memory) -> None:
    upload = await store.create_upload(KEY, Put())
    with pytest.raises(IncompleteBody):
        await store.put_part(KEY, upload.id, 1, BytesBodyOfLength(LARGE, len(LARGE) + 1))
    assert (await memory.parts(KEY, upload.id)).items == ()
    part = await store.put_part(KEY, upload.id, 1, Scripted(split(LARGE, MIB), size=len(LARGE)))
    assert (part.size, part.etag) == (len(LARGE), hashlib.md5(LARGE).hexdigest())


class BytesBodyOfLength(BytesBody):
    """Says that it is of another length."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size


async def test_a_streamed_part_that_the_remote_refuses(store: Segmented, proxy: FaultProxy) -> None:
    upload = await store.create_upload(KEY, Put())
    proxy.faults = [Fault(when="partNumber=1", cut_request=MIB)]
    body = Scripted(split(LARGE, MIB), size=len(LARGE))
    with pytest.raises(Unavailable):
        await store.put_part(KEY, upload.id, 1, body)
    assert body.closed


@pytest.mark.parametrize("cut", (0, 1, MIB))
async def test_a_read_that_breaks_off_is_an_error(store: Segmented, proxy: FaultProxy, cut: int) -> None:
    await store.put(KEY, BytesBody(LARGE[: 2 * MIB]), Put())
    proxy.faults = [Fault(when="^GET ", cut_answer=cut)]
    with pytest.raises(Unavailable):
        await read(store)
    proxy.faults = []
    assert await read(store) == LARGE[: 2 * MIB]


async def test_a_remote_that_lies_about_the_length(store: Segmented, proxy: FaultProxy) -> None:
    await store.put(KEY, BytesBody(SMALL), Put())
    proxy.faults = [Fault(when="^GET ", length=len(SMALL) + 1)]
    with pytest.raises(Unavailable):
        await read(store)
    proxy.faults = []
    assert await read(store) == SMALL


async def test_an_outage_is_never_an_absence(store: Segmented, proxy: FaultProxy) -> None:
    await store.put(KEY, BytesBody(SMALL), Put())
    for answer, error in (
        (refusal(403, "Forbidden"), Denied),
        (refusal(500, "Broken"), Unavailable),
        (refusal(502, "Bad gateway"), Unavailable),
        (refusal(503, "Slow"), Busy),
    ):
        proxy.faults = [Fault(answer=answer)]
        with pytest.raises(error):
            await store.stat(KEY)
        with pytest.raises(error):
            await read(store)
        with pytest.raises(error):
            await store.list(BUCKET, ListQuery())
        with pytest.raises(error):
            await store.stat_bucket("unknown")
        with pytest.raises(error):
            await store.delete(KEY)


async def test_a_request_is_repeated_where_that_helps(opening: Open, memory: Memory, proxy: FaultProxy) -> None:
    async with opening(retries=3) as store:
        proxy.faults = [Fault(when=PUT, times=1, answer=refusal(500, "Broken", "InternalError"))]
        assert (await store.put(KEY, BytesBody(SMALL), Put())).size == len(SMALL)
        proxy.faults = [Fault(when=PART, times=1, cut_request=MIB)]
        await store.put(KEY, BytesBody(LARGE), Put())
        assert await read(store) == LARGE
    assert await stored(memory) == [KEY.name]


@pytest.mark.parametrize("data", (SMALL, LARGE), ids=("small", "large"))
async def test_an_answer_that_got_lost_is_no_failure(
    opening: Open, memory: Memory, proxy: FaultProxy, data: bytes
) -> None:
    """The request that is sent again, by botocore or by aiohttp, meets what it has written the first time."""
    async with opening(retries=3, conditional_writes=True) as store:
        proxy.faults = [Fault(when=PUT if data is SMALL else COMPLETE, times=1, lose_answer=True)]
        meta = await store.put(KEY, BytesBody(data), Put(when=ABSENT))
        assert proxy.faults[0].seen == 1
        assert meta.size == len(data)
        assert await read(store) == data
    assert await stored(memory) == [KEY.name]


async def test_a_remote_that_is_down_at_the_start(opening: Open, proxy: FaultProxy) -> None:
    proxy.down = True
    async with opening() as store:
        with pytest.raises(Unavailable) as refused:
            await store.buckets(ListQuery())
        assert refused.value.retryable
        with pytest.raises(Unavailable):
            await store.put(KEY, BytesBody(SMALL), Put())
        proxy.down = False
        await store.put(KEY, BytesBody(SMALL), Put())
        assert await read(store) == SMALL


async def test_credentials_that_do_not_hold(opening: Open) -> None:
    async with opening(secret_key="wrong") as store:
        with pytest.raises(Unavailable) as refused:
            await store.list(BUCKET, ListQuery())
        assert not refused.value.retryable
        assert "wrong" not in refused.value.message


async def test_a_deadline_holds(store: Segmented, proxy: FaultProxy) -> None:
    proxy.faults = [Fault(delay=60)]
    enter(RequestContext(deadline=asyncio.get_running_loop().time() + 0.05))
    with pytest.raises(DeadlineExceeded):
        await store.stat(KEY)


async def test_f09_requests_tell_whom_they_are_for(store: Segmented, proxy: FaultProxy) -> None:
    enter(RequestContext(client="203.0.113.7", request_id="tx123"))
    await store.put(KEY, BytesBody(LARGE), Put())
    await read(store)
    await store.list(BUCKET, ListQuery())
    assert len(proxy.heads) > 6
    for head in proxy.heads:
        assert "X-Forwarded-For: 203.0.113.7\r\n" in head
        assert "X-Request-Id: tx123\r\n" in head
        assert "x-forwarded-for" not in head.partition("SignedHeaders=")[2].partition(",")[0]


async def test_a_remote_that_passes_over_conditions_is_not_written_to_on_one(
    store: Segmented, memory: Memory, proxy: FaultProxy
) -> None:
    await store.put(KEY, BytesBody(SMALL), Put())
    done = b'HTTP/1.1 200 OK\r\nETag: "0"\r\nContent-Length: 0\r\n\r\n'
    proxy.faults = [Fault(when=r"^(PUT|DELETE) \S+/portico-probe-", answer=done)]
    body = Scripted([b"other"])
    for when in (ABSENT, When(if_match=("0" * 32,)), When(if_match=("*",))):
        with pytest.raises(Unsupported):
            await store.put(KEY, body, Put(when=when))
        with pytest.raises(Unsupported):
            await store.copy(KEY, Key(BUCKET, "copy"), Copy(when=when))
    with pytest.raises(Unsupported):
        await store.delete(KEY, when=When(if_match=("*",)))
    await store.put(KEY, BytesBody(SMALL), Put(when=When(if_modified_since=1)))
    assert await read(store) == SMALL
    assert await stored(memory) == [KEY.name]
