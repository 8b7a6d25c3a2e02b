"""Multipart uploads as large as they get, and the conditions of copies into parts."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.parts import MAX_PARTS
from gateway.core.types import Key
from tests.conformance.tools import md5, read
from tests.frontends.s3.world import S3Client, World, serving

K = {"Bucket": "bucket", "Key": "key"}
AT_ONCE = 1000


async def test_ten_thousand_parts_in_any_order(s3: S3Client, world: World) -> None:
    multipart = find(world.store, Multipart)
    assert multipart is not None
    upload = (await s3.create_multipart_upload(**K))["UploadId"]
    numbers = list(range(1, MAX_PARTS + 1))
    random.Random(1).shuffle(numbers)
    data = {number: f"{number:x}".encode() for number in numbers}
    for start in range(0, MAX_PARTS, AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for number in numbers[start : start + AT_ONCE]:
                group.create_task(multipart.put_part(Key("bucket", "key"), upload, number, BytesBody(data[number])))
    listed: list[dict[str, Any]] = []
    async for page in s3.get_paginator("list_parts").paginate(**K, UploadId=upload):
        listed += page["Parts"]
    assert [row["PartNumber"] for row in listed] == sorted(numbers)
    parts = [{"PartNumber": number, "ETag": md5(data[number])} for number in sorted(numbers)]
    async with serving(world.store, min_part=0) as small, small.client() as completing:
        done = await completing.complete_multipart_upload(**K, UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-10000"')
    assert await read(world.store, Key("bucket", "key")) == b"".join(data[number] for number in sorted(numbers))
    last = await s3.get_object(**K, PartNumber=MAX_PARTS)
    async with last["Body"] as body:
        assert (await body.read(), last["PartsCount"]) == (data[MAX_PARTS], MAX_PARTS)
    found = await s3.get_object_attributes(**K, ObjectAttributes=["ObjectParts"], PartNumberMarker=9_500)
    assert [row["PartNumber"] for row in found["ObjectParts"]["Parts"]] == list(range(9_501, MAX_PARTS + 1))


async def test_one_part_more_is_refused(s3: S3Client, world: World) -> None:
    upload = (await s3.create_multipart_upload(**K))["UploadId"]
    rows = [{"PartNumber": number, "ETag": "x"} for number in range(1, MAX_PARTS + 2)]
    with pytest.raises(ClientError, match="MalformedXML"):
        await s3.complete_multipart_upload(**K, UploadId=upload, MultipartUpload={"Parts": rows})
    assert await world.contents() == {"bucket", "bucket/key (upload)"}


DAY = timedelta(days=1)
HOLDING: dict[str, dict[str, object]] = {
    "the tag": {"CopySourceIfMatch": "{etag}"},
    "any tag": {"CopySourceIfMatch": "*"},
    "another tag": {"CopySourceIfNoneMatch": '"x"'},
    "since yesterday": {"CopySourceIfModifiedSince": -DAY},
    "not since tomorrow": {"CopySourceIfUnmodifiedSince": DAY},
    "the tag whatever the time": {"CopySourceIfMatch": "{etag}", "CopySourceIfUnmodifiedSince": -DAY},
}
FAILING: dict[str, dict[str, object]] = {
    "another tag": {"CopySourceIfMatch": '"x"'},
    "the tag": {"CopySourceIfNoneMatch": "{etag}"},
    "not since yesterday": {"CopySourceIfUnmodifiedSince": -DAY},
    "the tag whatever the time": {"CopySourceIfNoneMatch": "{etag}", "CopySourceIfModifiedSince": -DAY},
    "one of two": {"CopySourceIfMatch": "{etag}", "CopySourceIfNoneMatch": "{etag}"},
}


def stated(conditions: dict[str, object], etag: str) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        name: now + value if isinstance(value, timedelta) else str(value).replace("{etag}", etag)
        for name, value in conditions.items()
    }


@pytest.mark.parametrize("copies", ("a part", "an object"))
@pytest.mark.parametrize("conditions", HOLDING.values(), ids=HOLDING)
async def test_copies_whose_source_is_as_it_should_be(
    s3: S3Client, world: World, conditions: dict[str, object], copies: str
) -> None:
    await copied(s3, conditions, copies)
    if copies == "an object":
        assert await read(world.store, Key("bucket", "key")) == b"0123456789"


@pytest.mark.parametrize("copies", ("a part", "an object"))
@pytest.mark.parametrize("conditions", FAILING.values(), ids=FAILING)
async def test_copies_whose_source_is_not(
    s3: S3Client, world: World, conditions: dict[str, object], copies: str
) -> None:
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await copied(s3, conditions, copies)
    assert "bucket/key" not in await world.contents()


async def copied(s3: S3Client, conditions: dict[str, object], copies: str) -> None:
    etag = (await s3.put_object(Bucket="bucket", Key="from", Body=b"0123456789"))["ETag"]
    source = {"CopySource": {"Bucket": "bucket", "Key": "from"}, **stated(conditions, etag)}
    if copies == "an object":
        await s3.copy_object(**K, **source)
        return
    upload = {**K, "UploadId": (await s3.create_multipart_upload(**K))["UploadId"]}
    part = await s3.upload_part_copy(**upload, PartNumber=1, CopySourceRange="bytes=9-9", **source)
    assert part["CopyPartResult"]["ETag"] == f'"{md5(b"9")}"'
