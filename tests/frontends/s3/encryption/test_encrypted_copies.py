"""Copies and uploads in parts of encrypted objects."""

import os
from collections.abc import Mapping

import pytest

from gateway.core.encryption import seal_of
from gateway.core.types import Key
from tests.frontends.s3.encryption.sealed import (
    CUSTOMER,
    HOW,
    OTHER,
    SECRET,
    customer,
    digest,
    headers,
    read,
    refused,
    stored,
)
from tests.frontends.s3.world import MIB, S3Client, World


async def uploaded(s3: S3Client, parts: list[bytes], begin: Mapping[str, str], each: Mapping[str, str]) -> None:
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", Metadata={"foo": "bar"}, **begin)
    named = {"Bucket": "bucket", "Key": "large", "UploadId": upload["UploadId"]}
    made = [
        {
            "PartNumber": number,
            "ETag": (await s3.upload_part(**named, PartNumber=number, Body=part, **each))["ETag"],
        }
        for number, part in enumerate(parts, 1)
    ]
    done = await s3.complete_multipart_upload(**named, MultipartUpload={"Parts": made}, **each)
    assert done.get("ServerSideEncryption") == (None if each else "AES256")


@pytest.mark.parametrize("sizes", ((5 * MIB, 5 * MIB, 1), (5 * MIB + 1, 5 * MIB + 777, MIB + 3)))
@pytest.mark.parametrize("how", ("customer", "managed"))
async def test_uploads_in_parts_are_encrypted(s3: S3Client, world: World, sizes: tuple[int, ...], how: str) -> None:
    parts = [os.urandom(size) for size in sizes]
    whole, each = b"".join(parts), customer() if how == "customer" else {}
    await uploaded(s3, parts, each or {"ServerSideEncryption": "AES256"}, each)
    assert await stored(world, "large") == how
    head = await s3.head_object(Bucket="bucket", Key="large", **each)
    assert (head["ContentLength"], head["Metadata"]) == (len(whole), {"foo": "bar"})
    assert await read(s3, "large", **each) == whole
    for first in (0, sizes[0] - 1, sizes[0], sizes[0] + sizes[1] - 10, len(whole) - 1):
        assert await read(s3, "large", Range=f"bytes={first}-{first + 99}", **each) == whole[first : first + 100]
    second = await s3.get_object(Bucket="bucket", Key="large", PartNumber=2, **each)
    assert (second["PartsCount"], await second["Body"].read()) == (len(parts), parts[1])
    if each:
        assert await refused(s3.get_object(Bucket="bucket", Key="large", **customer(OTHER))) == (400, "InvalidRequest")


async def test_parts_come_with_the_key_of_their_upload(world: World, s3: S3Client) -> None:
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="large", **customer())
    assert upload["SSECustomerKeyMD5"] == digest(SECRET)
    named = {"Bucket": "bucket", "Key": "large", "UploadId": upload["UploadId"], "PartNumber": 1, "Body": b"x"}
    for wrong in ({}, customer(OTHER)):
        assert await refused(s3.upload_part(**named, **wrong)) == (400, "InvalidRequest")
    target = f"/bucket/large?partNumber=1&uploadId={upload['UploadId']}"
    answer = await world.do("PUT", target, b"x", {**headers(), CUSTOMER + "key-md5": digest(OTHER)})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (await s3.upload_part(**named, **customer()))["SSECustomerKeyMD5"] == digest(SECRET)
    plain = await s3.create_multipart_upload(Bucket="bucket", Key="large")
    named["UploadId"] = plain["UploadId"]
    assert await refused(s3.upload_part(**named, **customer())) == (400, "InvalidRequest")


@pytest.mark.parametrize("target", HOW)
@pytest.mark.parametrize("source", HOW)
async def test_copies_are_encrypted_as_is_asked(s3: S3Client, world: World, source: str, target: str) -> None:
    data = os.urandom(100_000)
    await s3.put_object(Bucket="bucket", Key="from", Body=data, Metadata={"a": "b"}, **HOW[source])
    opened = {f"CopySource{name}": value for name, value in HOW[source].items() if name.startswith("SSEC")}
    copy = await s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/from", **opened, **HOW[target])
    reading = {name: value for name, value in HOW[target].items() if name.startswith("SSEC")}
    got = await s3.get_object(Bucket="bucket", Key="to", **reading)
    assert (await got["Body"].read(), got["Metadata"]) == (data, {"a": "b"})
    kept = "managed" if (source, target) == ("managed", "plain") else target
    assert await stored(world, "to") == kept.removeprefix("other ")
    assert copy.get("ServerSideEncryption") == ("AES256" if kept == "managed" else None)
    assert copy.get("SSECustomerKeyMD5") == (digest(reading["SSECustomerKey"].encode("latin-1")) if reading else None)


async def test_a_copy_needs_the_key_of_its_source(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"secret", **customer())
    for wrong in ({}, customer(OTHER, "CopySource")):
        attempt = s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/from", **wrong)
        assert await refused(attempt) == (400, "InvalidRequest")
    await s3.put_object(Bucket="bucket", Key="plain", Body=b"plain")
    attempt = s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/plain", **customer(SECRET, "CopySource"))
    assert await refused(attempt) == (400, "InvalidRequest")


async def test_an_object_is_encrypted_by_a_copy_onto_itself(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="key", Body=b"secret")
    await s3.copy_object(Bucket="bucket", Key="key", CopySource="bucket/key", ServerSideEncryption="AES256")
    assert (await stored(world, "key"), await read(s3, "key")) == ("managed", b"secret")


async def test_new_metadata_leaves_an_encrypted_object_readable(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="key", Body=b"secret", ServerSideEncryption="AES256")
    before = seal_of((await world.store.stat(Key("bucket", "key"))).props.system)
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"new": "1"}}
    await s3.copy_object(Bucket="bucket", Key="key", CopySource="bucket/key", **replaced)
    meta = await world.store.stat(Key("bucket", "key"))
    assert (seal_of(meta.props.system), meta.props.user) == (before, {"new": "1"})
    assert await read(s3, "key") == b"secret"


@pytest.mark.parametrize("source", ("plain", "managed", "customer"))
@pytest.mark.parametrize("target", ("plain", "managed", "other customer"))
async def test_parts_are_copied_whatever_encrypts_their_source(s3: S3Client, source: str, target: str) -> None:
    data = os.urandom(200_000)
    await s3.put_object(Bucket="bucket", Key="from", Body=data, **HOW[source])
    upload = await s3.create_multipart_upload(Bucket="bucket", Key="to", **HOW[target])
    opened = {f"CopySource{name}": value for name, value in HOW[source].items() if name.startswith("SSEC")}
    each = {name: value for name, value in HOW[target].items() if name.startswith("SSEC")}
    named = {"Bucket": "bucket", "Key": "to", "UploadId": upload["UploadId"]}
    part = await s3.upload_part_copy(
        **named, PartNumber=1, CopySource="bucket/from", CopySourceRange="bytes=1000-149999", **opened, **each
    )
    assert part.get("SSECustomerAlgorithm") == ("AES256" if each else None)
    made = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
    await s3.complete_multipart_upload(**named, MultipartUpload={"Parts": made})
    assert await read(s3, "to", **each) == data[1000:150_000]
