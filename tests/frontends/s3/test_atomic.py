"""What clients see of objects that change under their hands: the old ones or the new ones, each whole."""

import asyncio

import pytest

from tests.frontends.s3.history import refusal
from tests.frontends.s3.world import Request, S3Client, World, read_answer

KEY = {"Bucket": "bucket", "Key": "k"}
SIZE = 3 * 1024 * 1024
HALF = SIZE // 2
OLD, NEW, NEWEST = (sign * SIZE for sign in (b"A", b"B", b"C"))

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def read(s3: S3Client) -> bytes:
    async with (await s3.get_object(**KEY))["Body"] as body:
        data: bytes = await body.read()
        return data


async def begin(connection: Connection, data: bytes, **headers: str) -> None:
    """Put, as far as half of the body."""
    request = Request("PUT", "/bucket/k", data, {name.replace("_", "-"): value for name, value in headers.items()})
    connection[1].write(request.sign().head() + data[:HALF])
    await connection[1].drain()


async def finish(connection: Connection, data: bytes) -> int:
    """Put the rest. Returns the status of the answer."""
    reader, writer = connection
    writer.write(data[HALF:])
    await writer.drain()
    return (await read_answer(reader)).status


async def test_a_reader_stays_with_what_it_began_to_read(s3: S3Client) -> None:
    await s3.put_object(**KEY, Body=OLD)
    async with (await s3.get_object(**KEY))["Body"] as body:
        first = await body.read(1000)
        await s3.put_object(**KEY, Body=NEW)
        assert first + await body.read() == OLD
    assert await read(s3) == NEW


@pytest.mark.parametrize("condition", ({}, {"If_Match": "*"}))
async def test_a_write_shows_when_it_is_whole(s3: S3Client, world: World, condition: dict[str, str]) -> None:
    await s3.put_object(**KEY, Body=OLD)
    async with world.connect() as connection:
        await begin(connection, NEW, **condition)
        assert await read(s3) == OLD
        assert await finish(connection, NEW) == 200
    assert await read(s3) == NEW


async def test_of_two_writers_the_last_to_finish_wins(s3: S3Client, world: World) -> None:
    async with world.connect() as first, world.connect() as second:
        await begin(first, OLD)
        await begin(second, NEW)
        assert await finish(second, NEW) == 200
        assert await read(s3) == NEW
        assert await finish(first, OLD) == 200
    assert await read(s3) == OLD


async def test_of_two_writers_on_one_condition_the_first_to_finish_wins(s3: S3Client, world: World) -> None:
    etag = (await s3.put_object(**KEY, Body=OLD))["ETag"]
    async with world.connect() as first, world.connect() as second:
        await begin(first, NEW, If_Match=etag)
        await begin(second, NEWEST, If_Match=etag)
        assert await finish(second, NEWEST) == 200
        assert await finish(first, NEW) == 412
    assert await read(s3) == NEWEST


async def test_a_writer_whose_bucket_is_deleted_is_told(s3: S3Client, world: World) -> None:
    async with world.connect() as connection:
        await begin(connection, OLD)
        await s3.delete_bucket(Bucket="bucket")
        assert await finish(connection, OLD) == 404
    assert await world.contents() == set()


async def test_an_upload_in_parts_shows_nothing_until_it_is_complete(s3: S3Client) -> None:
    await s3.put_object(**KEY, Body=OLD)
    upload = {**KEY, "UploadId": (await s3.create_multipart_upload(**KEY))["UploadId"]}
    await s3.upload_part(**upload, PartNumber=1, Body=NEW)
    assert await read(s3) == OLD
    # A part that is sent again replaces the one before, whichever was begun first.
    part = await s3.upload_part(**upload, PartNumber=1, Body=NEWEST)
    assert (await refusal(_complete(s3, upload, "0" * 32)))["code"] == "InvalidPart"
    await _complete(s3, upload, part["ETag"])
    assert await read(s3) == NEWEST


async def _complete(s3: S3Client, upload: dict[str, str], etag: str) -> None:
    await s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
