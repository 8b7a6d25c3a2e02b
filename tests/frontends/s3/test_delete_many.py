import hashlib
from base64 import b64encode
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import Answer, S3Client, World


def rows(*keys: str, quiet: bool = False) -> bytes:
    inner = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
    return f"<Delete>{inner}<Quiet>{str(quiet).lower()}</Quiet></Delete>".encode()


async def ask(world: World, body: bytes) -> Answer:
    md5 = b64encode(hashlib.md5(body).digest()).decode()
    return await world.do("POST", "/bucket?delete", body, {"Content-MD5": md5})


async def test_each_key_has_its_result(s3: S3Client, world: World) -> None:
    for key in ("a", "b", "c"):
        await s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    etag = (await s3.put_object(Bucket="bucket", Key="d", Body=b"y"))["ETag"]
    asked = [
        {"Key": "a"},
        {"Key": "missing"},
        {"Key": "b", "ETag": '"other"'},
        {"Key": "d", "ETag": etag},
        {"Key": "c", "Size": 2},
        {"Key": "x/../y"},
    ]
    answer = await s3.delete_objects(Bucket="bucket", Delete={"Objects": asked})
    assert [row["Key"] for row in answer["Deleted"]] == ["a", "missing", "d"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [
        ("b", "PreconditionFailed"),
        ("c", "PreconditionFailed"),
        ("x/../y", "InvalidArgument"),
    ]
    assert await world.contents() == {"bucket", "bucket/b", "bucket/c"}


async def test_sizes_and_times(s3: S3Client, world: World) -> None:
    for key in ("a", "b", "c", "d"):
        await s3.put_object(Bucket="bucket", Key=key, Body=b"xy")
    time = (await s3.head_object(Bucket="bucket", Key="a"))["LastModified"]
    etag = (await s3.head_object(Bucket="bucket", Key="a"))["ETag"]
    asked = [
        {"Key": "a", "Size": 2, "LastModifiedTime": time, "ETag": etag},
        {"Key": "b", "Size": 2, "ETag": '"other"'},
        {"Key": "c", "LastModifiedTime": time - timedelta(seconds=9)},
        {"Key": "d", "Size": 2},
        {"Key": "missing", "Size": 2},
    ]
    answer = await s3.delete_objects(Bucket="bucket", Delete={"Objects": asked})
    assert [row["Key"] for row in answer["Deleted"]] == ["a", "d", "missing"]
    assert [(row["Key"], row["Code"]) for row in answer["Errors"]] == [
        ("b", "PreconditionFailed"),
        ("c", "PreconditionFailed"),
    ]
    assert await world.contents() == {"bucket", "bucket/b", "bucket/c"}


async def test_versions(s3: S3Client, world: World) -> None:
    for key in ("a", "b"):
        await s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    asked = [{"Key": "a", "VersionId": "null"}, {"Key": "b", "VersionId": "0" * 32}]
    answer = await s3.delete_objects(Bucket="bucket", Delete={"Objects": asked})
    assert [row["VersionId"] for row in answer["Deleted"]] == ["null", "0" * 32]
    assert await world.contents() == {"bucket", "bucket/b"}


async def test_quiet(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="a", Body=b"x")
    asked = {"Objects": [{"Key": "a"}, {"Key": "../b"}], "Quiet": True}
    answer = await s3.delete_objects(Bucket="bucket", Delete=asked)
    assert "Deleted" not in answer
    assert [row["Key"] for row in answer["Errors"]] == ["../b"]


async def test_a_thousand_keys(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k0", Body=b"x")
    answer = await s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": f"k{n}"} for n in range(1000)]})
    assert len(answer["Deleted"]) == 1000
    assert await world.contents() == {"bucket"}


async def test_more_than_a_thousand_keys(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k0", Body=b"x")
    answer = await ask(world, rows(*(f"k{n}" for n in range(1001))))
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert await world.contents() == {"bucket", "bucket/k0"}


@pytest.mark.parametrize(
    "body",
    (
        b"<Delete></Delete>",
        b"<Delete><Object></Object></Delete>",
        b"<Delete><Object><Key>a</Key>",
        b"not xml",
        b"<Other/>",
        b"<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>",
        b'<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
    ),
)
async def test_documents_that_make_no_sense(bucket: str, world: World, body: bytes) -> None:
    answer = await ask(world, body)
    assert (answer.status, answer.code) == (400, "MalformedXML")


async def test_entity_bomb(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE d [<!ENTITY e0 "k">{entities}]><Delete><Object><Key>&e11;</Key></Object></Delete>'
    answer = await ask(world, bomb.encode())
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_a_digest_is_required(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    bare = await world.do("POST", "/bucket?delete", rows("k"))
    assert (bare.status, bare.code) == (400, "InvalidRequest")
    wrong = await world.do("POST", "/bucket?delete", rows("k"), {"Content-MD5": b64encode(bytes(16)).decode()})
    assert (wrong.status, wrong.code) == (400, "BadDigest")
    broken = await world.do("POST", "/bucket?delete", rows("k"), {"Content-MD5": "short"})
    assert (broken.status, broken.code) == (400, "InvalidDigest")
    sums = await world.do("POST", "/bucket?delete", rows("k"), {"x-amz-checksum-crc32": "AAAAAA=="})
    assert (sums.status, sums.code) == (400, "BadDigest")
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_documents_over_the_limit(bucket: str, world: World) -> None:
    body = b"<Delete>" + b" " * 5_000_000 + b"</Delete>"
    answer = await ask(world, body)
    assert (answer.status, answer.code) == (400, "MaxMessageLengthExceeded")


async def test_bucket_that_is_not_there(s3: S3Client) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        await s3.delete_objects(Bucket="nope", Delete={"Objects": [{"Key": "a"}]})
