"""Copies of versions, and versions that multipart uploads make."""

from typing import Any

import pytest

from tests.frontends.s3.history import KEY, UNKNOWN, ids, put, read, refusal, switch
from tests.frontends.s3.world import MIB, S3Client, World


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


async def test_a_version_is_copied(s3: S3Client) -> None:
    written = {await put(s3, f"content-{number}"): f"content-{number}" for number in range(3)}
    for number, (version, content) in enumerate(written.items()):
        to = {"Bucket": "bucket", "Key": f"to-{number}"}
        answer = await s3.copy_object(**to, CopySource={**KEY, "VersionId": version})
        assert answer["CopySourceVersionId"] == version
        assert answer["VersionId"] not in written
        assert await read(s3, Key=f"to-{number}") == content
        assert (await s3.head_object(**to))["VersionId"] == answer["VersionId"]


async def test_a_version_is_restored_by_a_copy_onto_its_own_name(s3: S3Client) -> None:
    first, second = await put(s3, "1"), await put(s3, "2")
    answer = await s3.copy_object(**KEY, CopySource={**KEY, "VersionId": first})
    assert await read(s3) == "1"
    assert [version for _, version, _ in await ids(s3)] == [answer["VersionId"], second, first]


async def test_the_current_version_of_the_source_is_told(s3: S3Client) -> None:
    version = await put(s3, "x")
    answer = await s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/k")
    assert answer["CopySourceVersionId"] == version


async def test_a_copy_of_a_marker_is_refused(s3: S3Client) -> None:
    await put(s3, "x")
    marker = (await s3.delete_object(**KEY))["VersionId"]
    for source, code in (
        ({**KEY, "VersionId": marker}, "InvalidRequest"),
        (KEY, "NoSuchKey"),
        ({**KEY, "VersionId": UNKNOWN}, "NoSuchVersion"),
        ({**KEY, "VersionId": "null"}, "NoSuchVersion"),
        ({**KEY, "VersionId": "nonsense"}, "InvalidArgument"),
    ):
        told = await refusal(s3.copy_object(Bucket="bucket", Key="to", CopySource=source))
        assert told["code"] == code


async def test_parts_are_copied_from_versions(s3: S3Client) -> None:
    first, second = await put(s3, "0123456789"), await put(s3, "abcdefghij")
    to = {"Bucket": "bucket", "Key": "to"}
    for version, source_range, expected in ((first, None, "0123456789"), (second, "bytes=2-4", "cde")):
        upload = (await s3.create_multipart_upload(**to))["UploadId"]
        ranged = {} if source_range is None else {"CopySourceRange": source_range}
        part = await s3.upload_part_copy(
            **to, UploadId=upload, PartNumber=1, CopySource={**KEY, "VersionId": version}, **ranged
        )
        assert part["CopySourceVersionId"] == version
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
        done = await s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload=parts)
        assert await read(s3, Key="to") == expected
        assert (await s3.head_object(**to))["VersionId"] == done["VersionId"]


async def upload(s3: S3Client, size: int) -> Any:
    upload = (await s3.create_multipart_upload(**KEY))["UploadId"]
    part = await s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=bytes(size))
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    return await s3.complete_multipart_upload(**KEY, UploadId=upload, MultipartUpload=parts)


async def test_each_completion_makes_a_version(s3: S3Client) -> None:
    made = [(await upload(s3, size))["VersionId"] for size in (10, MIB, 20)]
    assert [version for _, version, _ in await ids(s3)] == made[::-1]
    for version, size in zip(made, (10, MIB, 20), strict=True):
        assert (await s3.head_object(**KEY, VersionId=version))["ContentLength"] == size


async def test_where_no_version_is_made_none_is_told(world: World, bucket: str) -> None:
    async with world.client() as s3:
        assert "VersionId" not in await upload(s3, 10)
        await switch(s3, "Suspended")
        assert "VersionId" not in await upload(s3, 20)
        assert await ids(s3) == [("k", "null", True)]
