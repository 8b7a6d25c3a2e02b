"""Encryption by the keys of the installation (SSE-S3), and what it leaves as it is."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Mapping

import pytest

from gateway.core.encryption import SEAL
from gateway.core.types import Key
from gateway.stores.memory import Memory
from tests.frontends.s3.encryption.sealed import (
    CUSTOMER,
    HOW,
    PLAIN,
    customer,
    headers,
    read,
    refused,
    sealing,
    stored,
)
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, policy, post, sign_v4
from tests.frontends.s3.world import MIB, S3Client, World, serving


@pytest.mark.parametrize("size", (0, 1, 13, 1024, MIB))
async def test_the_installations_keys_encrypt_what_asks_for_it(s3: S3Client, world: World, size: int) -> None:
    data = os.urandom(size)
    put = await s3.put_object(Bucket="bucket", Key="key", Body=data, ServerSideEncryption="AES256")
    assert put["ServerSideEncryption"] == "AES256"
    assert put["ETag"] == f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
    got = await s3.get_object(Bucket="bucket", Key="key")
    assert (got["ServerSideEncryption"], got["ContentLength"], await got["Body"].read()) == ("AES256", size, data)
    head = await s3.head_object(Bucket="bucket", Key="key")
    assert (head["ServerSideEncryption"], head["ContentLength"]) == ("AES256", size)
    (row,) = (await s3.list_objects_v2(Bucket="bucket"))["Contents"]
    assert (row["Size"], row["ETag"]) == (size, put["ETag"])
    assert await stored(world, "key") == "managed"


async def test_what_does_not_ask_stays_plain(s3: S3Client, world: World) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"plain")
    got = await s3.get_object(Bucket="bucket", Key="key")
    assert "ServerSideEncryption" not in put
    assert "ServerSideEncryption" not in got
    assert await got["Body"].read() == b"plain"
    assert await stored(world, "key") == "plain"


async def test_a_bucket_says_how_its_objects_are_encrypted(s3: S3Client, world: World) -> None:
    missing = (404, "ServerSideEncryptionConfigurationNotFoundError")
    assert await refused(s3.get_bucket_encryption(Bucket="bucket")) == missing
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    await s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
    (rule,) = (await s3.get_bucket_encryption(Bucket="bucket"))["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"secret")
    assert put["ServerSideEncryption"] == "AES256"
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large")
    assert upload["ServerSideEncryption"] == "AES256"
    await s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/key")
    assert [await stored(world, key) for key in ("key", "copy")] == ["managed", "managed"]
    for _ in range(2):
        await s3.delete_bucket_encryption(Bucket="bucket")
    assert await refused(s3.get_bucket_encryption(Bucket="bucket")) == missing
    assert "ServerSideEncryption" not in await s3.put_object(Bucket="bucket", Key="key", Body=b"plain")
    assert await read(s3, "copy") == b"secret"


@pytest.mark.parametrize(
    ("default", "refusal"),
    (
        ({"SSEAlgorithm": "aws:kms:dsse"}, (501, "NotImplemented")),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "unknown"}, (400, "InvalidRequest")),
        ({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}, (400, "InvalidArgument")),
        ({"SSEAlgorithm": "ROT13"}, (400, "MalformedXML")),
    ),
)
async def test_other_defaults_of_buckets_are_refused(
    s3: S3Client, default: Mapping[str, str], refusal: tuple[int, str]
) -> None:
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    attempt = s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration=rules)
    assert await refused(attempt) == refusal


async def test_who_may_not_configure_a_bucket_may_not_turn_its_encryption_off(world: World, bucket: str) -> None:
    for user in ("rita", "nina", "olga"):
        assert (await world.do("DELETE", "/bucket?encryption", user=user)).status == 403
        assert (await world.do("PUT", "/bucket?encryption", b"<x/>", user=user)).status == 403


@pytest.mark.parametrize(
    ("stated", "refusal"),
    (
        ({PLAIN: "AES256", PLAIN + "-aws-kms-key-id": "k"}, (400, "InvalidArgument")),
        ({PLAIN + "-aws-kms-key-id": "k"}, (400, "InvalidArgument")),
        ({PLAIN: "aes:kms"}, (400, "InvalidArgument")),
        ({PLAIN: ""}, (400, "InvalidArgument")),
        ({PLAIN: "aws:kms", PLAIN + "-aws-kms-key-id": "unknown"}, (400, "InvalidRequest")),
        ({PLAIN: "aws:kms", PLAIN + "-aws-kms-key-id": "current key"}, (400, "InvalidRequest")),
        ({PLAIN: "aws:kms:dsse"}, (501, "NotImplemented")),
        ({PLAIN: "AES256", PLAIN + "-context": "e30="}, (501, "NotImplemented")),
    ),
)
async def test_other_kinds_of_encryption_are_refused(
    world: World, bucket: str, stated: Mapping[str, str], refusal: tuple[int, str]
) -> None:
    answer = await world.do("PUT", "/bucket/key", b"secret", stated)
    assert (answer.status, answer.code) == refusal
    assert (await world.do("GET", "/bucket/key")).status == 404


async def test_reads_do_not_say_how_the_installation_is_to_encrypt(world: World, bucket: str) -> None:
    await world.do("PUT", "/bucket/key", b"secret", {PLAIN: "AES256"})
    answer = await world.do("GET", "/bucket/key", headers={PLAIN: "AES256"})
    assert (answer.status, answer.code) == (400, "InvalidArgument")


async def test_ranges_of_encrypted_objects(s3: S3Client) -> None:
    data = os.urandom(300_000)
    await s3.put_object(Bucket="bucket", Key="customer", Body=data, **customer())
    await s3.put_object(Bucket="bucket", Key="managed", Body=data, ServerSideEncryption="AES256")
    for key, how in (("customer", customer()), ("managed", {})):
        for first, last in ((0, 0), (65535, 65536), (100_000, 250_000), (299_999, 299_999), (0, 299_999)):
            assert await read(s3, key, Range=f"bytes={first}-{last}", **how) == data[first : last + 1]
        assert await read(s3, key, Range="bytes=-7", **how) == data[-7:]
        parts = await read(s3, key, Range="bytes=0-9,200000-200009", **how)
        assert data[:10] in parts
        assert data[200_000:200_010] in parts


async def test_conditions_are_held_against_the_etag_that_is_told(s3: S3Client) -> None:
    for how in (customer(), {"ServerSideEncryption": "AES256"}):
        etag = (await s3.put_object(Bucket="bucket", Key="key", Body=b"one", **how))["ETag"]
        failed = (412, "PreconditionFailed")
        assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x", IfMatch='"no"', **how)) == failed
        assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x", IfNoneMatch="*", **how)) == failed
        await s3.put_object(Bucket="bucket", Key="key", Body=b"two", IfMatch=etag, **how)
        reading = how if "SSECustomerKey" in how else {}
        assert (await refused(s3.get_object(Bucket="bucket", Key="key", IfMatch=etag, **reading)))[0] == 412


@pytest.mark.parametrize("how", ("managed", "customer"))
async def test_checksums_are_of_what_was_sent(s3: S3Client, how: str) -> None:
    put = await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", ChecksumAlgorithm="SHA256", **HOW[how])
    assert put["ChecksumSHA256"] == b64encode(hashlib.sha256(b"secret").digest()).decode()
    reading = HOW[how] if how == "customer" else {}
    got = await s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED", **reading)
    assert (got["ChecksumSHA256"], await got["Body"].read()) == (put["ChecksumSHA256"], b"secret")
    wrong = s3.put_object(Bucket="bucket", Key="key", Body=b"other", ChecksumSHA256=put["ChecksumSHA256"], **HOW[how])
    assert await refused(wrong) == (400, "BadDigest")


@pytest.mark.parametrize("key", (PLAIN, CUSTOMER + "algorithm"))
async def test_policies_can_demand_encryption(s3: S3Client, world: World, key: str) -> None:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"StringNotEquals": {f"s3:{key}": "AES256"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    await s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(policy))
    assert await refused(s3.put_object(Bucket="bucket", Key="key", Body=b"x")) == (403, "AccessDenied")
    how = customer() if key != PLAIN else {"ServerSideEncryption": "AES256"}
    await s3.put_object(Bucket="bucket", Key="key", Body=b"x", **how)


async def test_a_store_that_does_not_encrypt_takes_no_such_request() -> None:
    async with serving(Memory()) as world:
        await world.do("PUT", "/bucket")
        await world.do("PUT", "/bucket/key", b"plain")
        for stated in ({PLAIN: "AES256"}, headers()):
            answer = await world.do("PUT", "/bucket/key", b"x", stated)
            assert (answer.status, answer.code) == (501, "NotImplemented")
        assert (await world.do("GET", "/bucket/key", headers=headers())).status == 501
        document = b"<ServerSideEncryptionConfiguration/>"
        assert (await world.do("PUT", "/bucket?encryption", document)).status == 501
        assert (await world.do("GET", "/bucket/key")).body == b"plain"


async def test_a_store_can_encrypt_whatever_comes() -> None:
    async with serving(sealing(Memory(), default=True)) as world:
        await world.do("PUT", "/bucket")
        put = await world.do("PUT", "/bucket/key", b"secret")
        assert put.headers[PLAIN] == "AES256"
        got = await world.do("GET", "/bucket/key")
        assert (got.headers[PLAIN], got.body) == ("AES256", b"secret")
        assert SEAL in (await world.store.stat(Key("bucket", "key"))).props.system


@pytest.mark.parametrize("how", ("customer", "managed"))
async def test_forms_say_how_their_file_is_encrypted(world: World, s3: S3Client, how: str) -> None:
    stated = headers() if how == "customer" else {PLAIN: "AES256"}
    begins = [["starts-with", "$" + name, ""] for name in stated]
    fields = {**USUAL_FIELDS, **sign_v4(policy(*USUAL, *V4, *begins)), **stated}
    assert (await post(world, form(fields, b"secret"))).status == 204
    assert await stored(world, "foo.txt") == how
    assert await read(s3, "foo.txt", **(customer() if how == "customer" else {})) == b"secret"
