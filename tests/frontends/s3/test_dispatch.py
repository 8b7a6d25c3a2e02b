import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from gateway.core.body import Body
from gateway.core.conditions import ANY, When
from gateway.core.errors import Busy, Corrupt, QuotaExceeded, StoreError, Unavailable
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key, Meta, Put
from gateway.stores.memory import Memory
from tests.frontends.s3.world import Answer, Request, S3Client, World, read_answer, serving
from tests.support.stores import Plain


class Failing(Plain):
    """A store whose objects can't be had, for a reason of the test's choice."""

    def __init__(self, error: Exception) -> None:
        super().__init__(Memory())
        self.error = error

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        raise self.error

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        raise self.error


class Telling(Plain):
    """A store that tells when an upload has begun."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.begun = asyncio.Event()

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        self.begun.set()
        return await super().put(key, body, opts)


class Crumbling(Plain):
    """A store whose objects break off in the middle of being read."""

    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        return self._open(key)

    @asynccontextmanager
    async def _open(self, key: Key) -> AsyncIterator[Reader]:
        async with self.inner.open(key) as reader:
            yield _Crumbling(reader)


class _Crumbling(Reader):
    def __init__(self, whole: Reader) -> None:
        self.meta, self.extent = whole.meta, whole.extent

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise Corrupt


async def test_o23_answer_that_breaks_off_is_never_taken_for_whole(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(Crumbling(Memory())) as world:
        await world.do("PUT", "/bucket", headers={"Content-Length": "0"})
        await world.do("PUT", "/bucket/k", b"x" * 200_000)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await world.do("GET", "/bucket/k")
        record = world.seen[-1]
        assert (record.operation, record.error, record.sent) == ("GetObject", "Corrupt", 1000)
        assert (await world.do("GET", "/")).status == 200
    assert [record.name for record in caplog.records if record.levelno >= logging.ERROR] == ["portico.s3"]


async def fail(error: Exception) -> Answer:
    async with serving(Failing(error)) as world:
        await world.do("PUT", "/bucket", headers={"Content-Length": "0"})
        answer = await world.do("GET", "/bucket/k")
        assert (await world.do("GET", "/")).status == 200
        return answer


async def test_every_answer_names_its_request(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 200_000)
    requests = (
        Request("GET", "/").sign(),
        Request("GET", "/bucket/k").sign(),
        Request("HEAD", "/bucket/k").sign(),
        Request("DELETE", "/bucket/missing").sign(),
        Request("HEAD", "/bucket/missing").sign(),
        Request("GET", "/bucket/missing").sign(),
        Request("GET", "/"),
        Request("GET", "/bucket/k", headers={"Range": "bytes=1-2"}).sign(),
    )
    for request in requests:
        answer = await world.send(request)
        record = world.seen[-1]
        assert answer.headers["x-amz-request-id"] == record.context.request_id
        assert answer.headers["x-amz-id-2"]
        assert answer.headers["Server"] == "Portico"
        assert answer.headers["Date"]
        assert record.status == answer.status
    assert len({record.context.request_id for record in world.seen}) == len(world.seen)


async def test_o29_access_records(bucket: str, world: World) -> None:
    await world.do("PUT", "/bucket/k", b"hello")
    put = world.seen[-1]
    assert (put.operation, put.status, put.bucket, put.key, put.received, put.error) == (
        "PutObject",
        200,
        "bucket",
        "k",
        5,
        "",
    )
    assert (put.context.principal, put.context.protocol, put.context.client) == ("test:alice", "s3", "127.0.0.1")
    await world.do("GET", "/bucket/k")
    assert (world.seen[-1].operation, world.seen[-1].sent) == ("GetObject", 5)
    await world.do("HEAD", "/bucket/k")
    assert (world.seen[-1].operation, world.seen[-1].sent) == ("HeadObject", 0)
    await world.do("GET", "/bucket/missing")
    assert (world.seen[-1].status, world.seen[-1].error) == (404, "NoSuchKey")
    await world.send(Request("GET", "/bucket/k"))
    assert (world.seen[-1].operation, world.seen[-1].error) == ("GetObject", "AccessDenied")
    assert world.seen[-1].context.principal == "anonymous"
    await world.do("GET", "/bucket?metrics")
    assert (world.seen[-1].operation, world.seen[-1].error) == ("ListBucketMetricsConfigurations", "NotImplemented")


async def test_large_answers_are_counted(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 200_000)
    await world.do("GET", "/bucket/k")
    assert (await world.record(len(world.seen))).sent == 200_000


@pytest.mark.parametrize(
    ("error", "status", "code"),
    (
        (Busy(retry_after=2.5), 503, "SlowDown"),
        (Unavailable(), 503, "ServiceUnavailable"),
        (QuotaExceeded(), 507, "QuotaExceeded"),
    ),
)
async def test_errors_of_the_store(error: StoreError, status: int, code: str) -> None:
    answer = await fail(error)
    assert (answer.status, answer.code) == (status, code)
    if isinstance(error, Busy):
        assert answer.headers["Retry-After"] == "3"


@pytest.mark.parametrize("error", (ZeroDivisionError("secret"), Corrupt("secret"), KeyError("secret")))
async def test_own_faults_are_logged_once_and_told_to_nobody(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await fail(error)
    assert (answer.status, answer.code) == (500, "InternalError")
    assert b"secret" not in answer.body
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.name for record in errors] == ["portico.s3"]
    assert getattr(errors[0], "request_id", None) == answer.headers["x-amz-request-id"]
    assert errors[0].exc_info is not None


async def test_errors_of_head_have_no_body(bucket: str, world: World) -> None:
    async with world.connect() as (reader, writer):
        for _ in range(2):  # on one connection: a body would be taken for the second answer
            writer.write(Request("HEAD", "/bucket/missing").sign().head())
            answer = await read_answer(reader, "HEAD")
            assert answer.status == 404


async def test_requests_on_one_connection(bucket: str, world: World) -> None:
    async with world.connect() as (reader, writer):
        for number in range(3):
            request = Request("PUT", f"/bucket/k{number}", b"hello").sign()
            writer.write(request.head() + request.body)
            assert (await read_answer(reader)).status == 200
        for target, status in (("/bucket/k1", 200), ("/bucket/missing", 404), ("/bucket/k2", 200)):
            writer.write(Request("GET", target).sign().head())
            assert (await read_answer(reader)).status == status


async def test_drain_lets_a_transfer_end(store: Store) -> None:
    telling = Telling(store)
    async with serving(telling) as world:
        await world.do("PUT", "/bucket", headers={"Content-Length": "0"})
        request = Request("PUT", "/bucket/k", b"hello").sign()
        async with world.connect() as (reader, writer):
            writer.write(request.head() + b"he")
            await telling.begun.wait()
            draining = asyncio.create_task(world.frontend.drain(20))
            await asyncio.sleep(0)
            writer.write(b"llo")
            answer = await read_answer(reader)
            assert (answer.status, answer.headers["Connection"]) == (200, "close")
        await draining
    assert "bucket/k" in await world.contents()


async def test_drain_ends_what_does_not_end(store: Store) -> None:
    telling = Telling(store)
    async with serving(telling) as world:
        await world.do("PUT", "/bucket", headers={"Content-Length": "0"})
        request = Request("PUT", "/bucket/k", b"hello").sign()
        async with world.connect() as (_, writer):
            writer.write(request.head() + b"he")
            await telling.begun.wait()
            await world.frontend.drain(0.05)
        record = await world.record(2)
        assert (record.status, record.error) == (499, "Cancelled")
    assert await world.contents() == {"bucket"}
