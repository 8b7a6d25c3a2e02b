from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from gateway.core.store import Store
from tests.frontends.s3.world import S3Client, World, serving


@pytest.fixture
async def source(s3: S3Client) -> str:
    put = await s3.put_object(
        Bucket="bucket",
        Key="from é+%",
        Body=b"0123456789",
        ContentType="text/plain",
        CacheControl="no-cache",
        Metadata={"a": "1"},
        ChecksumAlgorithm="SHA256",
    )
    etag: str = put["ETag"]
    return etag


FROM = {"Bucket": "bucket", "Key": "from é+%"}


async def test_copy_keeps_all(s3: S3Client, source: str) -> None:
    answer = await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM)
    head = await s3.head_object(Bucket="bucket", Key="to", ChecksumMode="ENABLED")
    assert answer["CopyObjectResult"]["ETag"] == head["ETag"] == source
    assert answer["CopyObjectResult"]["ChecksumSHA256"] == head["ChecksumSHA256"]
    assert answer["CopyObjectResult"]["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert (head["ContentType"], head["CacheControl"], head["Metadata"]) == ("text/plain", "no-cache", {"a": "1"})


async def test_copy_replaces_metadata(s3: S3Client, source: str) -> None:
    await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, MetadataDirective="REPLACE", Metadata={"b": "2"})
    head = await s3.head_object(Bucket="bucket", Key="to")
    assert (head["ContentType"], head["Metadata"]) == ("binary/octet-stream", {"b": "2"})
    assert "CacheControl" not in head


async def test_copy_onto_itself(s3: S3Client, source: str) -> None:
    with pytest.raises(ClientError, match="InvalidRequest"):
        await s3.copy_object(CopySource=FROM, **FROM)
    await s3.copy_object(CopySource=FROM, MetadataDirective="REPLACE", ContentType="text/new", **FROM)
    head = await s3.head_object(**FROM)
    assert (head["ContentType"], head["ETag"], head["Metadata"]) == ("text/new", source, {})


async def test_conditions_on_the_source(s3: S3Client, source: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    earlier = later - timedelta(hours=2)
    good: tuple[dict[str, object], ...] = (
        {"CopySourceIfMatch": source, "CopySourceIfUnmodifiedSince": earlier},
        {"CopySourceIfNoneMatch": '"x"'},
    )
    for options in good:
        await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, **options)
    await s3.delete_object(Bucket="bucket", Key="to")
    bad: tuple[dict[str, object], ...] = (
        {"CopySourceIfMatch": '"x"'},
        {"CopySourceIfNoneMatch": source},
        {"CopySourceIfModifiedSince": later},
        {"CopySourceIfUnmodifiedSince": earlier},
    )
    for options in bad:
        with pytest.raises(ClientError, match="PreconditionFailed"):
            await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, **options)
    with pytest.raises(ClientError, match="404"):
        await s3.head_object(Bucket="bucket", Key="to")


async def test_conditions_on_the_target(s3: S3Client, source: str) -> None:
    await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, IfMatch='"x"')


async def test_sources_that_are_not_there(world: World, s3: S3Client, source: str) -> None:
    with pytest.raises(ClientError, match="NoSuchKey") as error:
        await s3.copy_object(Bucket="bucket", Key="to", CopySource={"Bucket": "bucket", "Key": "nope"})
    assert error.value.response["Error"]["Key"] == "nope"
    with pytest.raises(ClientError, match="NoSuchBucket") as error:
        await s3.copy_object(Bucket="bucket", Key="to", CopySource={"Bucket": "nope", "Key": "k"})
    assert error.value.response["Error"]["BucketName"] == "nope"
    with pytest.raises(ClientError, match="NoSuchVersion"):
        await s3.copy_object(Bucket="bucket", Key="to", CopySource={**FROM, "VersionId": "0" * 32})
    await s3.copy_object(Bucket="bucket", Key="to", CopySource={**FROM, "VersionId": "null"})


@pytest.mark.parametrize("source", ("", "bucket", "bucket/", "/", "/bucket", "bucket/k?versionId="))
async def test_sources_that_name_nothing(world: World, s3: S3Client, source: str) -> None:
    answer = await world.do("PUT", "/bucket/to", headers={"x-amz-copy-source": source})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("source", ("bucket/../other/k", "bucket/%2E%2E/other/k", "/bucket/a/./k", "bucket/a%00b"))
async def test_n04_sources_that_lead_elsewhere(world: World, s3: S3Client, source: str) -> None:
    answer = await world.do("PUT", "/bucket/to", headers={"x-amz-copy-source": source})
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("written", ("bucket/from", "/bucket/from", "bucket%2Ffrom", "%2Fbucket%2Ff%72om"))
async def test_sources_in_every_writing(world: World, s3: S3Client, written: str) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"x")
    answer = await world.do("PUT", "/bucket/to", headers={"x-amz-copy-source": written})
    assert answer.status == 200


async def test_what_copies_do_not_do(world: World, s3: S3Client, source: str) -> None:
    refused = (
        ({"MetadataDirective": "MERGE"}, "InvalidArgument"),
        ({"ChecksumAlgorithm": "SHA1"}, "NotImplemented"),
        ({"CopySourceSSECustomerAlgorithm": "AES256"}, "NotImplemented"),
    )
    for options, code in refused:
        with pytest.raises(ClientError, match=code):
            await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, **options)
    await s3.copy_object(Bucket="bucket", Key="to", CopySource=FROM, ChecksumAlgorithm="SHA256")


async def test_source_that_is_too_large(store: Store) -> None:
    async with serving(store, max_copy=9) as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        await s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789")
        with pytest.raises(ClientError, match="InvalidRequest"):
            await s3.copy_object(Bucket="bucket", Key="to", CopySource={"Bucket": "bucket", "Key": "k"})
        assert await world.contents() == {"bucket", "bucket/k"}
