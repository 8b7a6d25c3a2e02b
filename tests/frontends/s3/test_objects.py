import hashlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import MIB, S3Client, World

ODD_NAMES = (
    "a b",
    "a+b",
    "a%2Fb",
    "é",
    "😀",
    "a//b",
    "/lead",
    "trail/",
    ".dot",
    "a?b#c",
    "ü" * 512,
    "'\"<>&",
    "~a_b-c.d",
)


async def read(s3: S3Client, key: str, **options: object) -> bytes:
    answer = await s3.get_object(Bucket="bucket", Key=key, **options)
    async with answer["Body"] as body:
        data: bytes = await body.read()
        return data


def status_of(error: pytest.ExceptionInfo[ClientError]) -> int:
    status: int = error.value.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


async def test_n02_object_comes_back_as_it_was_put(s3: S3Client) -> None:
    put = await s3.put_object(Bucket="bucket", Key="a/b", Body=b"hello", ContentType="text/plain")
    got = await s3.get_object(Bucket="bucket", Key="a/b")
    head = await s3.head_object(Bucket="bucket", Key="a/b")
    async with got["Body"] as body:
        assert await body.read() == b"hello"
    assert put["ETag"] == got["ETag"] == head["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert got["ContentType"] == head["ContentType"] == "text/plain"
    assert got["ContentLength"] == head["ContentLength"] == 5
    assert got["LastModified"] == head["LastModified"]
    assert got["AcceptRanges"] == "bytes"


async def test_n02_missing_object(s3: S3Client) -> None:
    with pytest.raises(ClientError, match="404"):
        await s3.head_object(Bucket="bucket", Key="nope")
    with pytest.raises(ClientError) as error:
        await s3.get_object(Bucket="bucket", Key="nope")
    assert error.value.response["Error"] == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "Key": "nope",
        "Resource": "/bucket/nope",
    }


async def test_n02_delete_is_204_twice(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    for _ in range(2):
        answer = await s3.delete_object(Bucket="bucket", Key="k")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(s3.exceptions.NoSuchKey):
        await s3.get_object(Bucket="bucket", Key="k")


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_f41_odd_names(s3: S3Client, name: str) -> None:
    await s3.put_object(Bucket="bucket", Key=name, Body=name.encode())
    assert await read(s3, name) == name.encode()
    listed = await s3.list_objects_v2(Bucket="bucket")
    assert [row["Key"] for row in listed["Contents"]] == [name]


async def test_large_object(s3: S3Client) -> None:
    data = bytes(range(256)) * (MIB * 3 // 256) + b"tail"
    await s3.put_object(Bucket="bucket", Key="k", Body=data)
    assert await read(s3, "k") == data
    assert await read(s3, "k", Range=f"bytes={MIB}-{2 * MIB}") == data[MIB : 2 * MIB + 1]


@pytest.mark.parametrize("mode", ("asked", "from", "suffix", "beyond"))
async def test_o19_ranges(s3: S3Client, mode: str) -> None:
    asked, bounds, data = {
        "asked": ("bytes=2-4", "bytes 2-4/10", b"234"),
        "from": ("bytes=7-", "bytes 7-9/10", b"789"),
        "suffix": ("bytes=-2", "bytes 8-9/10", b"89"),
        "beyond": ("bytes=8-99", "bytes 8-9/10", b"89"),
    }[mode]
    await s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789")
    answer = await s3.get_object(Bucket="bucket", Key="k", Range=asked)
    async with answer["Body"] as body:
        assert await body.read() == data
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ContentRange"] == bounds
    assert "ChecksumCRC32" not in answer


async def test_o19_range_that_cannot_be(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789")
    with pytest.raises(ClientError, match="InvalidRange") as error:
        await s3.get_object(Bucket="bucket", Key="k", Range="bytes=10-")
    assert status_of(error) == 416
    assert error.value.response["Error"]["ActualObjectSize"] == "10"
    assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["content-range"] == "bytes */10"


async def test_properties_are_kept(s3: S3Client) -> None:
    stated = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="é.txt"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/x-test; charset=utf-8",
        "Metadata": {"colour": "blue", "empty": ""},
    }
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", Expires=datetime(2030, 1, 2, tzinfo=UTC), **stated)
    head = await s3.head_object(Bucket="bucket", Key="k")
    assert {name: head[name] for name in stated} == stated
    assert head["ResponseMetadata"]["HTTPHeaders"]["expires"] == "Wed, 02 Jan 2030 00:00:00 GMT"
    assert "StorageClass" not in head


async def test_type_that_nobody_stated(s3: S3Client, world: World) -> None:
    assert (await world.do("PUT", "/bucket/k", b"x")).status == 200
    assert (await s3.head_object(Bucket="bucket", Key="k"))["ContentType"] == "binary/octet-stream"


@pytest.mark.parametrize(
    ("sent", "answered"),
    (
        ("plain", "plain"),
        ("=?UTF-8?B?w6TDtsO8?=", "=?UTF-8?B?w6TDtsO8?="),
        ("=?ISO-8859-1?Q?=E4=F6=FC?=", "=?UTF-8?B?w6TDtsO8?="),
        ("ä", "=?UTF-8?B?w6Q=?="),
        ("=?what?is?this?=", "=?what?is?this?="),
        ("=?UTF-8?B?DQo=?=", "=?UTF-8?B?DQo=?="),  # a line end, which no header may become
    ),
)
async def test_metadata_in_every_writing(s3: S3Client, world: World, sent: str, answered: str) -> None:
    assert (await world.do("PUT", "/bucket/k", b"x", {"x-amz-meta-note": sent})).status == 200
    head = await s3.head_object(Bucket="bucket", Key="k")
    assert head["Metadata"] == {"note": answered}


@pytest.mark.parametrize(("size", "code"), ((2048, ""), (2049, "MetadataTooLarge")))
async def test_metadata_has_a_limit(bucket: str, world: World, size: int, code: str) -> None:
    headers = {"x-amz-meta-abcd": "x" * (size - 4)}
    answer = await world.do("PUT", "/bucket/k", b"x", headers)
    assert (answer.code if answer.body else "") == code
    assert ("bucket/k" in await world.contents()) is not bool(code)


async def test_conditional_reads(s3: S3Client) -> None:
    etag = (await s3.put_object(Bucket="bucket", Key="k", Body=b"x"))["ETag"]
    before, after = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    assert await read(s3, "k", IfMatch=etag, IfUnmodifiedSince=before) == b"x"
    assert await read(s3, "k", IfNoneMatch='"other"', IfModifiedSince=after) == b"x"
    for options in ({"IfNoneMatch": etag}, {"IfModifiedSince": after}):
        for method in (s3.get_object, s3.head_object):
            with pytest.raises(ClientError) as error:
                await method(Bucket="bucket", Key="k", **options)
            assert status_of(error) == 304
            assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    for options in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": before}):
        with pytest.raises(ClientError, match="PreconditionFailed") as error:
            await s3.get_object(Bucket="bucket", Key="k", **options)
        assert status_of(error) == 412


async def test_conditional_writes(s3: S3Client) -> None:
    with pytest.raises(ClientError, match="NoSuchKey"):
        await s3.put_object(Bucket="bucket", Key="k", Body=b"0", IfMatch='"x"')
    etag = (await s3.put_object(Bucket="bucket", Key="k", Body=b"1", IfNoneMatch="*"))["ETag"]
    with pytest.raises(ClientError, match="PreconditionFailed") as error:
        await s3.put_object(Bucket="bucket", Key="k", Body=b"2", IfNoneMatch="*")
    assert status_of(error) == 412
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.put_object(Bucket="bucket", Key="k", Body=b"3", IfMatch='"x"')
    await s3.put_object(Bucket="bucket", Key="k", Body=b"4", IfMatch=etag)
    assert await read(s3, "k") == b"4"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.delete_object(Bucket="bucket", Key="k", IfMatch=etag)
    assert await read(s3, "k") == b"4"


async def test_headers_of_an_answer_are_overridden_when_signed(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ContentType="text/plain")
    answer = await s3.get_object(
        Bucket="bucket",
        Key="k",
        ResponseContentType="image/png",
        ResponseCacheControl="no-cache",
        ResponseContentDisposition="inline",
        ResponseContentEncoding="x-test",
        ResponseContentLanguage="fr",
        ResponseExpires=datetime(2031, 1, 2, tzinfo=UTC),
    )
    assert (answer["ContentType"], answer["CacheControl"]) == ("image/png", "no-cache")
    assert (answer["ContentDisposition"], answer["ContentEncoding"]) == ("inline", "x-test")
    assert answer["ContentLanguage"] == "fr"
    split = await world.do("GET", "/bucket/k?response-content-type=a%0D%0Ax-evil%3A%201")
    assert (split.status, split.code) == (400, "InvalidArgument")


@pytest.mark.parametrize("algorithm", ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"))
async def test_checksums_are_verified_kept_and_told(s3: S3Client, algorithm: str) -> None:
    put = await s3.put_object(Bucket="bucket", Key="k", Body=b"hello", ChecksumAlgorithm=algorithm)
    head = await s3.head_object(Bucket="bucket", Key="k", ChecksumMode="ENABLED")
    name = f"Checksum{algorithm}"
    assert put[name] == head[name]
    assert put["ChecksumType"] == head["ChecksumType"] == "FULL_OBJECT"
    assert await read(s3, "k", ChecksumMode="ENABLED") == b"hello"
    with pytest.raises(ClientError, match="BadDigest") as error:
        await s3.put_object(Bucket="bucket", Key="bad", Body=b"other", **{name: put[name]})
    assert status_of(error) == 400
    with pytest.raises(ClientError, match="404"):
        await s3.head_object(Bucket="bucket", Key="bad")


async def test_checksums_are_told_only_when_asked_for(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    answer = await world.do("GET", "/bucket/k")
    assert not [name for name in answer.headers if name.lower().startswith("x-amz-checksum")]


async def test_attributes(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello", ChecksumAlgorithm="SHA256")
    asked = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = await s3.get_object_attributes(Bucket="bucket", Key="k", ObjectAttributes=asked)
    digest = b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert found["ETag"] == "5d41402abc4b2a76b9719d911017c592"
    assert found["Checksum"] == {"ChecksumSHA256": digest, "ChecksumType": "FULL_OBJECT"}
    assert (found["ObjectSize"], found["StorageClass"]) == (5, "STANDARD")
    assert "ObjectParts" not in found
    some = await s3.get_object_attributes(Bucket="bucket", Key="k", ObjectAttributes=["ObjectSize"])
    assert set(some) == {"ObjectSize", "LastModified", "ResponseMetadata"}
    with pytest.raises(ClientError, match="InvalidArgument"):
        await s3.get_object_attributes(Bucket="bucket", Key="k", ObjectAttributes=["Colour"])


async def test_versions_of_an_unversioned_bucket(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello")
    assert await read(s3, "k", VersionId="null") == b"hello"
    with pytest.raises(ClientError, match="NoSuchVersion"):
        await s3.get_object(Bucket="bucket", Key="k", VersionId="0" * 32)
    await s3.delete_object(Bucket="bucket", Key="k", VersionId="0" * 32)
    assert await read(s3, "k") == b"hello"
