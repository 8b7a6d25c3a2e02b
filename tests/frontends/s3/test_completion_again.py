"""CompleteMultipartUpload asked for again, as SDKs do whose connection broke before the answer."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import S3Client, World

KEY = {"Bucket": "bucket", "Key": "k"}


async def begun(s3: S3Client, **options: str) -> dict[str, Any]:
    """What completes an upload of one part."""
    upload = (await s3.create_multipart_upload(**KEY, **options))["UploadId"]
    part = await s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=b"hello", **options)
    row = {name: value for name, value in part.items() if name == "ETag" or name.startswith("ChecksumCRC")}
    return {**KEY, "UploadId": upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, **row}]}}


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("options", ({}, {"ChecksumAlgorithm": "CRC32C"}))
async def test_the_answer_is_the_same(s3: S3Client, options: dict[str, str]) -> None:
    asked = await begun(s3, **options)
    first = await s3.complete_multipart_upload(**asked)
    again = await s3.complete_multipart_upload(**asked)
    assert told(again) == told(first)
    with pytest.raises(ClientError, match="NoSuchUpload"):
        await s3.list_parts(**KEY, UploadId=asked["UploadId"])
    with pytest.raises(ClientError, match="NoSuchUpload"):
        await s3.abort_multipart_upload(**KEY, UploadId=asked["UploadId"])


async def test_with_conditions_and_claims(s3: S3Client) -> None:
    asked = await begun(s3, ChecksumAlgorithm="CRC32C")
    claims = {"IfNoneMatch": "*", "MpuObjectSize": 5}
    first = await s3.complete_multipart_upload(**asked, **claims)
    again = await s3.complete_multipart_upload(**asked, **claims, ChecksumCRC32C=first["ChecksumCRC32C"])
    assert told(again) == told(first)
    for wrong in ({"MpuObjectSize": 6}, {"ChecksumCRC32C": "AAAAAA==-1"}):
        with pytest.raises(ClientError, match=r"InvalidRequest|BadDigest"):
            await s3.complete_multipart_upload(**asked, **wrong)


async def test_one_version_comes_of_it(s3: S3Client) -> None:
    await s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    asked = await begun(s3)
    answers = [await s3.complete_multipart_upload(**asked) for _ in range(3)]
    (row,) = (await s3.list_object_versions(Bucket="bucket"))["Versions"]
    assert [answer["VersionId"] for answer in answers] == [row["VersionId"]] * 3


async def test_other_parts_are_refused(s3: S3Client, world: World) -> None:
    asked = await begun(s3)
    await s3.complete_multipart_upload(**asked)
    asked["MultipartUpload"] = {"Parts": [{"PartNumber": 1, "ETag": '"' + "0" * 32 + '"'}]}
    with pytest.raises(ClientError, match="NoSuchUpload"):
        await s3.complete_multipart_upload(**asked)
