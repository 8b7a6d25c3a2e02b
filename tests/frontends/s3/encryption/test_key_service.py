"""Encryption by a key of the installation that the client names (SSE-KMS)."""

import hashlib
import json
import os
from collections.abc import Mapping

import pytest

from gateway.core.encryption import seal_of
from gateway.core.types import Key
from tests.frontends.s3.encryption.sealed import CURRENT, NAMED, PLAIN, customer, read, refused
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, policy, post, sign_v4
from tests.frontends.s3.world import MIB, S3Client, World

KEY_ID = PLAIN + "-aws-kms-key-id"
BY_NAME = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": NAMED}
SERVICE = {"ServerSideEncryption": "aws:kms"}
MANAGED = {"ServerSideEncryption": "AES256"}


def told(answer: Mapping[str, object]) -> dict[str, object]:
    """What an answer says of encryption."""
    return {name: answer[name] for name in BY_NAME if name in answer}


async def locked_by(world: World, key: str) -> str:
    """The key of the installation that an object's own is locked by."""
    seal = seal_of((await world.store.stat(Key("bucket", key))).props.system)
    return "" if seal is None else seal.key


@pytest.mark.parametrize("size", (1, 13, 1024, MIB))
async def test_the_named_key_encrypts_and_is_told(s3: S3Client, world: World, size: int) -> None:
    data = os.urandom(size)
    put = await s3.put_object(Bucket="bucket", Key="key", Body=data, **BY_NAME)
    assert put["ETag"] == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    got = await s3.get_object(Bucket="bucket", Key="key")
    assert await got["Body"].read() == data
    head = await s3.head_object(Bucket="bucket", Key="key")
    assert told(put) == told(got) == told(head) == BY_NAME
    assert await locked_by(world, "key") == NAMED


async def test_without_a_name_the_current_key_encrypts(s3: S3Client, world: World) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", **SERVICE)
    assert told(put) == {**SERVICE, "SSEKMSKeyId": CURRENT}
    assert (await locked_by(world, "key"), await read(s3, "key")) == (CURRENT, b"secret")


@pytest.mark.parametrize("form", ("arn:aws:kms:us-east-1:123456789012:key/{}", "arn:aws:kms:{}"))
async def test_a_key_is_named_by_an_arn_too(s3: S3Client, form: str) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"x", **SERVICE, SSEKMSKeyId=form.format(NAMED))
    assert told(put) == BY_NAME


async def test_reads_name_no_key(world: World, bucket: str) -> None:
    stated = {PLAIN: "aws:kms", KEY_ID: NAMED}
    await world.do("PUT", "/bucket/key", b"secret", stated)
    for method in ("GET", "HEAD"):
        assert (await world.do(method, "/bucket/key", headers=stated)).status == 400


async def test_uploads_in_parts(s3: S3Client, world: World) -> None:
    parts = [os.urandom(size) for size in (5 * MIB, 5 * MIB + 777, 3)]
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", **BY_NAME)
    named = {"Bucket": "bucket", "Key": "large", "UploadId": upload["UploadId"]}
    made = []
    for number, data in enumerate(parts, 1):
        part = await s3.upload_part(**named, PartNumber=number, Body=data)
        assert told(part) == BY_NAME
        made.append({"PartNumber": number, "ETag": part["ETag"]})
    done = await s3.complete_multipart_upload(**named, MultipartUpload={"Parts": made})
    head = await s3.head_object(Bucket="bucket", Key="large")
    assert told(upload) == told(done) == told(head) == BY_NAME
    assert await read(s3, "large") == b"".join(parts)
    assert await read(s3, "large", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}") == parts[0][-2:] + parts[1][:2]


async def test_a_part_may_say_what_its_upload_has_said_and_nothing_else(world: World, s3: S3Client) -> None:
    await world.do("PUT", "/bucket/from", b"copied")
    source = {"x-amz-copy-source": "/bucket/from"}
    same, other = {PLAIN: "aws:kms", KEY_ID: NAMED}, {PLAIN: "aws:kms", KEY_ID: CURRENT}
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", **BY_NAME)
    target = f"/bucket/large?partNumber=1&uploadId={upload['UploadId']}"
    for stated, status in ((same, 200), ({PLAIN: "aws:kms"}, 200), (other, 400), ({PLAIN: "AES256"}, 400)):
        assert (await world.do("PUT", target, b"part", stated)).status == status
        assert (await world.do("PUT", target, headers={**stated, **source})).status == status
    for begun in (customer(), {}):
        upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", **begun)
        target = f"/bucket/large?partNumber=1&uploadId={upload['UploadId']}"
        for stated in (same, {PLAIN: "AES256"}):
            assert (await world.do("PUT", target, b"part", stated)).status == 400


async def test_copies_have_the_key_that_is_asked_for_or_keep_theirs(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="plain", Body=b"secret")
    await s3.put_object(Bucket="bucket", Key="named", Body=b"secret", **BY_NAME)
    for source, asked, expected in (
        ("plain", BY_NAME, BY_NAME),
        ("named", {}, BY_NAME),
        ("named", {**SERVICE, "SSEKMSKeyId": CURRENT}, {**SERVICE, "SSEKMSKeyId": CURRENT}),
        ("named", MANAGED, MANAGED),
    ):
        copy = await s3.copy_object(Bucket="bucket", Key="copy", CopySource=f"bucket/{source}", **asked)
        assert told(copy) == told(await s3.head_object(Bucket="bucket", Key="copy")) == expected
        assert await read(s3, "copy") == b"secret"
    assert await locked_by(world, "copy") == CURRENT


async def test_a_bucket_names_the_key_of_its_objects(s3: S3Client, world: World) -> None:
    for default, expected in (
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": NAMED}, BY_NAME),
        ({"SSEAlgorithm": "aws:kms"}, {**SERVICE, "SSEKMSKeyId": CURRENT}),
    ):
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        await s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
        (rule,) = (await s3.get_bucket_encryption(Bucket="bucket"))["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"] == default
        assert told(await s3.put_object(Bucket="bucket", Key="key", Body=b"secret")) == expected
        assert told(await s3.create_multipart_upload(Bucket="bucket", Key="large")) == expected
        assert told(await s3.put_object(Bucket="bucket", Key="other", Body=b"x", **MANAGED)) == MANAGED
        assert await read(s3, "key") == b"secret"
    await s3.delete_bucket_encryption(Bucket="bucket")
    assert await locked_by(world, "key") == CURRENT
    assert told(await s3.put_object(Bucket="bucket", Key="key", Body=b"plain")) == {}


async def test_forms_name_a_key(world: World, s3: S3Client) -> None:
    stated = {PLAIN: "aws:kms", KEY_ID: NAMED}
    begins = [["starts-with", "$" + name, ""] for name in stated]
    fields = {**USUAL_FIELDS, **sign_v4(policy(*USUAL, *V4, *begins)), **stated}
    assert (await post(world, form(fields, b"secret"))).status == 204
    assert (await locked_by(world, "foo.txt"), await read(s3, "foo.txt")) == (NAMED, b"secret")


async def test_policies_can_demand_a_key(s3: S3Client) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"StringNotEquals": {f"s3:{KEY_ID}": NAMED}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    await s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(document))
    for wrong in ({}, MANAGED, {**SERVICE, "SSEKMSKeyId": CURRENT}):
        attempt = s3.put_object(Bucket="bucket", Key="key", Body=b"x", **wrong)
        assert await refused(attempt) == (403, "AccessDenied")
    await s3.put_object(Bucket="bucket", Key="key", Body=b"x", **BY_NAME)
