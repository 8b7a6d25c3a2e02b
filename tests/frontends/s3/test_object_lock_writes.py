"""Locks that the writers of new objects state, and those that buckets give them."""

import pytest

from tests.frontends.s3.locked import (
    BUCKET,
    COMPLIANCE,
    GOVERNANCE,
    KEY,
    after,
    configuration,
    denied,
    put,
    retention,
    stated,
)
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, post, sign_v4
from tests.frontends.s3.test_post import policy as form_policy
from tests.frontends.s3.world import S3Client, World

MD5_OF_X = "ndTkYSaMgDT1yFZOFVxnpg=="


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With a bucket that has locks, beside one that has none."""
    await s3.create_bucket(**BUCKET, ObjectLockEnabledForBucket=True)
    return s3


async def test_new_versions_are_retained_as_their_bucket_says(s3: S3Client) -> None:
    await s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=configuration(Days=1))
    version = await put(s3)
    found = (await s3.get_object_retention(**KEY))["Retention"]
    assert found["Mode"] == GOVERNANCE
    assert after(1) <= found["RetainUntilDate"].replace(microsecond=0)
    await denied(s3.delete_object(**KEY, VersionId=version))
    await s3.put_object_retention(**KEY, Retention=retention())
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention()
    await put(s3, **stated(COMPLIANCE, 2))
    assert (await s3.get_object_retention(**KEY))["Retention"] == retention(COMPLIANCE, 2)


async def test_copies_and_uploads_in_parts_are_locked_as_they_state(s3: S3Client) -> None:
    source = {"Bucket": "bucket", "Key": "source"}
    await s3.put_object(**source, Body=b"x", Metadata={"a": "1"})
    await s3.copy_object(**KEY, CopySource=source, **stated(COMPLIANCE, hold="ON"))
    upload = {**BUCKET, "Key": "parts"}
    begun = {"UploadId": (await s3.create_multipart_upload(**upload, **stated(COMPLIANCE, hold="ON")))["UploadId"]}
    part = await s3.upload_part(**upload, **begun, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    await s3.complete_multipart_upload(**upload, **begun, MultipartUpload=parts)
    for key in (KEY, upload):
        found = await s3.head_object(**key)
        assert (found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]) == (COMPLIANCE, after(30))
        assert found["ObjectLockLegalHoldStatus"] == "ON"
        await denied(s3.delete_object(**key, VersionId=found["VersionId"], BypassGovernanceRetention=True))
    assert (await s3.head_object(**KEY))["Metadata"] == {"a": "1"}


async def test_a_copy_has_no_lock_of_its_source(s3: S3Client) -> None:
    await put(s3, **stated(COMPLIANCE, hold="ON"), Tagging="a=b")
    for bucket in ("locked", "bucket"):
        copied = {"Bucket": bucket, "Key": "copy"}
        for directive in ("COPY", "REPLACE"):
            await s3.copy_object(**copied, CopySource=KEY, MetadataDirective=directive)
            found = await s3.head_object(**copied)
            assert not {"ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"} & found.keys()
            assert found["TagCount"] == 1


async def test_forms_state_locks(s3: S3Client, world: World) -> None:
    until = after(30).strftime("%Y-%m-%dT%H:%M:%SZ")
    locks = {
        "x-amz-object-lock-mode": GOVERNANCE,
        "x-amz-object-lock-retain-until-date": until,
        "x-amz-object-lock-legal-hold": "ON",
    }
    conditions = [row for row in USUAL if row != {"bucket": "bucket"}]
    document = form_policy({"bucket": "locked"}, *conditions, *({name: value} for name, value in locks.items()), *V4)
    body = form({**USUAL_FIELDS, **locks, **sign_v4(document)})
    answer = await post(world, body, "/locked")
    assert answer.status == 204, answer.body
    found = await s3.head_object(**BUCKET, Key="foo.txt")
    assert (found["ObjectLockMode"], found["ObjectLockLegalHoldStatus"]) == (GOVERNANCE, "ON")


@pytest.mark.parametrize(
    ("headers", "code"),
    (
        ({"mode": "GOVERNANCE"}, "InvalidArgument"),
        ({"retain-until-date": "2040-01-01T00:00:00Z"}, "InvalidArgument"),
        ({"mode": "governance", "retain-until-date": "2040-01-01T00:00:00Z"}, "InvalidArgument"),
        ({"mode": "GOVERNANCE", "retain-until-date": "soon"}, "InvalidArgument"),
        ({"mode": "GOVERNANCE", "retain-until-date": "2020-01-01T00:00:00Z"}, "InvalidArgument"),
        ({"legal-hold": "on"}, "InvalidArgument"),
    ),
)
async def test_headers_that_can_not_be(s3: S3Client, world: World, headers: dict[str, str], code: str) -> None:
    stated_ = {f"x-amz-object-lock-{name}": value for name, value in headers.items()}
    put = await world.do("PUT", "/locked/k", b"x", {"Content-MD5": MD5_OF_X, **stated_})
    begun = await world.do("POST", "/locked/k?uploads", headers=stated_)
    for answer in (put, begun):
        assert (answer.status, answer.code) == (400, code)
    assert await world.contents() == {"bucket", "locked"}


async def test_what_will_be_locked_comes_with_a_digest(s3: S3Client, world: World) -> None:
    held = {"x-amz-object-lock-legal-hold": "ON"}
    assert (await world.do("PUT", "/locked/k", b"x")).status == 200
    answer = await world.do("PUT", "/locked/k", b"x", held)
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    for digest in ({"Content-MD5": MD5_OF_X}, {"x-amz-checksum-crc32": "jNwWgw=="}):
        answer = await world.do("PUT", "/locked/k", b"x", {**held, **digest})
        assert answer.status == 200, answer.body
    begun = await s3.create_multipart_upload(**KEY, ObjectLockLegalHoldStatus="ON")
    target = f"/locked/k?partNumber=1&uploadId={begun['UploadId']}"
    answer = await world.do("PUT", target, b"x")
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert (await world.do("PUT", target, b"x", {"Content-MD5": MD5_OF_X})).status == 200
    begun = await s3.create_multipart_upload(**KEY)
    target = f"/locked/k?partNumber=1&uploadId={begun['UploadId']}"
    assert (await world.do("PUT", target, b"x")).status == 200
    await s3.put_object_lock_configuration(**BUCKET, ObjectLockConfiguration=configuration(Days=1))
    for late in ("/locked/k", target):
        answer = await world.do("PUT", late, b"x")
        assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert (await world.do("PUT", "/locked/k", b"x", {"Content-MD5": MD5_OF_X})).status == 200
