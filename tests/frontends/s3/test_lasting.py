"""Completions and copies that take long."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from botocore.exceptions import ClientError

from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError, Unavailable
from gateway.core.types import Copy, Key, Meta
from gateway.core.uploads import PartRef
from gateway.frontends.s3 import lasting
from gateway.layers.layer import Layer
from gateway.stores.memory import Memory
from tests.frontends.s3.world import Request, S3Client, World, serving

K = {"Bucket": "bucket", "Key": "key"}


class Slow(Layer):
    """Completes and copies when it is told to, or fails."""

    def __init__(self) -> None:
        super().__init__(Memory())
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.fails: StoreError | None = None

    async def _pause(self) -> None:
        self.asked.set()
        await self.go.wait()
        if self.fails is not None:
            raise self.fails

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        await self._pause()
        return await super().complete_upload(key, upload, parts, when=when, min_part=min_part)

    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        await self._pause()
        return await super().copy(source, target, opts)


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    store = Slow()
    yield store
    await store.aclose()


@pytest.fixture
async def world(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Where hardly any time is a long one."""
    monkeypatch.setattr(lasting, "PATIENCE", 0.01)
    monkeypatch.setattr(lasting, "PERIOD", 0.01)
    async with serving(slow) as world:
        yield world


@pytest.fixture
async def s3(world: World) -> AsyncIterator[S3Client]:
    async with world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        yield s3


async def begun(s3: S3Client) -> tuple[str, bytes]:
    """An upload of one part: the target and the document of its completion."""
    upload = await s3.create_multipart_upload(**K)
    part = await s3.upload_part(**K, UploadId=upload["UploadId"], PartNumber=1, Body=b"content")
    row = f"<Part><PartNumber>1</PartNumber><ETag>{part['ETag']}</ETag></Part>"
    document = f"<CompleteMultipartUpload>{row}</CompleteMultipartUpload>"
    return f"/bucket/key?uploadId={upload['UploadId']}", document.encode()


async def completing(world: World, target: str, document: bytes) -> tuple[bytes, bytes]:
    """What comes of a completion: all that has come when the store goes on, and all of it."""
    store = world.store
    assert isinstance(store, Slow)
    request = Request("POST", target, document, {"Connection": "close"}).sign("alice")
    async with world.connect() as (reader, writer):
        writer.write(request.head() + request.body)
        early = await reader.readuntil(b"?>\n")
        early += await reader.readuntil(b" ")
        assert not store.go.is_set()
        store.go.set()
        return early, early + await reader.read()


async def test_white_space_until_the_end_is_known(s3: S3Client, world: World) -> None:
    early, answer = await completing(world, *await begun(s3))
    assert early.startswith(b"HTTP/1.1 200 ")
    assert b"x-amz-request-id" in early
    assert answer.count(b"<?xml") == 1
    assert b"<CompleteMultipartUploadResult" in answer
    assert await world.contents() == {"bucket", "bucket/key"}


async def test_an_error_stands_in_the_body(s3: S3Client, world: World, slow: Slow) -> None:
    slow.fails = Unavailable("secret")
    _, answer = await completing(world, *await begun(s3))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"<Error><Code>ServiceUnavailable</Code>" in answer
    seen = await world.record(len(world.seen))
    assert (seen.operation, seen.status, seen.error) == ("CompleteMultipartUpload", 200, "ServiceUnavailable")
    assert await world.contents() == {"bucket", "bucket/key (upload)"}


async def test_clients_understand_it(s3: S3Client, world: World, slow: Slow) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"content")
    source = {"Bucket": "bucket", "Key": "from"}
    async with asyncio.TaskGroup() as group:
        copying = group.create_task(s3.copy_object(**K, CopySource=source))
        await slow.asked.wait()
        await asyncio.sleep(0.1)  # some white space
        slow.go.set()
    assert copying.result()["CopyObjectResult"]["ETag"]
    slow.fails = Unavailable()
    slow.go.clear()
    slow.asked.clear()

    async def fail() -> None:
        with pytest.raises(ClientError, match="ServiceUnavailable"):
            await s3.copy_object(**K, CopySource=source)

    async with asyncio.TaskGroup() as group:
        group.create_task(fail())
        await slow.asked.wait()
        await asyncio.sleep(0.1)
        slow.go.set()


async def test_errors_that_come_soon_have_their_own_status(s3: S3Client, world: World, slow: Slow) -> None:
    slow.go.set()
    slow.fails = Unavailable()
    target, document = await begun(s3)
    assert (await world.do("POST", target, document)).status == 503


async def test_a_client_that_goes_away_does_not_stop_it(s3: S3Client, world: World, slow: Slow) -> None:
    target, document = await begun(s3)
    request = Request("POST", target, document).sign("alice")
    async with world.connect() as (reader, writer):
        writer.write(request.head() + request.body)
        await reader.readuntil(b"?>\n")
    await asyncio.sleep(0.1)
    slow.go.set()
    seen = len(world.seen)
    await world.record(seen + 1)
    assert await world.contents() == {"bucket", "bucket/key"}
