"""RenameObject."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from gateway.core.types import Key
from tests.conformance.tools import read
from tests.frontends.s3.world import S3Client, World

SOURCE = "bucket/dir/old é"
OLD, NEW = {"Bucket": "bucket", "Key": "dir/old é"}, {"Bucket": "bucket", "Key": "dir/new"}
PAST = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
async def etag(s3: S3Client) -> str:
    """That of the object that is to be renamed."""
    put = await s3.put_object(**OLD, Body=b"content", ContentType="text/plain", Metadata={"a": "b"})
    found: str = put["ETag"]
    return found


async def content(world: World, name: str) -> bytes:
    return await read(world.store, Key("bucket", name))


async def test_an_object_is_renamed(s3: S3Client, world: World, etag: str) -> None:
    await s3.rename_object(**NEW, RenameSource=SOURCE)
    assert await world.contents() == {"bucket", "bucket/dir/new"}
    head = await s3.head_object(**NEW)
    assert (head["ETag"], head["ContentType"], head["Metadata"]) == (etag, "text/plain", {"a": "b"})


async def test_it_replaces_what_stands_unless_told_otherwise(s3: S3Client, world: World, etag: str) -> None:
    await s3.put_object(**NEW, Body=b"standing")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.rename_object(**NEW, RenameSource=SOURCE, DestinationIfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.rename_object(**NEW, RenameSource=SOURCE, DestinationIfMatch=etag)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await s3.rename_object(**NEW, RenameSource=SOURCE, DestinationIfUnmodifiedSince=PAST)
    assert await content(world, "dir/new") == b"standing"
    await s3.rename_object(**NEW, RenameSource="/" + SOURCE)
    assert await content(world, "dir/new") == b"content"


async def test_conditions_of_the_source(s3: S3Client, world: World, etag: str) -> None:
    for refused in (
        {"SourceIfMatch": '"other"'},
        {"SourceIfNoneMatch": etag},
        {"SourceIfUnmodifiedSince": PAST},
        {"SourceIfModifiedSince": datetime.now(UTC) + timedelta(days=1)},
    ):
        with pytest.raises(ClientError, match=r"PreconditionFailed"):
            await s3.rename_object(**NEW, RenameSource=SOURCE, **refused)
    assert await world.contents() == {"bucket", "bucket/dir/old é"}
    await s3.rename_object(**NEW, RenameSource=SOURCE, SourceIfMatch=etag, SourceIfModifiedSince=PAST)
    assert await world.contents() == {"bucket", "bucket/dir/new"}


async def test_renames_that_are_refused(s3: S3Client, world: World, etag: str) -> None:
    await s3.create_bucket(Bucket="other")
    for source, code in (
        ("bucket/missing", "NoSuchKey"),
        ("other/dir/old", "InvalidArgument"),
        ("nowhere/key", "InvalidArgument"),
        ("bucket/dir/", "InvalidRequest"),
        (f"{SOURCE}?versionId=null", "InvalidArgument"),
    ):
        with pytest.raises(ClientError, match=code):
            await s3.rename_object(**NEW, RenameSource=source)
    with pytest.raises(ClientError, match="InvalidRequest"):
        await s3.rename_object(Bucket="bucket", Key="dir/", RenameSource=SOURCE)
    with pytest.raises(ClientError, match="NotImplemented"):
        await s3.rename_object(**NEW, RenameSource=SOURCE, DestinationIfModifiedSince=PAST)
    answer = await world.do("PUT", "/bucket/new?renameObject")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert await world.contents() == {"bucket", "bucket/dir/old é", "other"}


async def test_a_rename_under_a_token_is_done_once(s3: S3Client, world: World, etag: str) -> None:
    await s3.rename_object(**NEW, RenameSource=SOURCE, ClientToken="token")
    await s3.put_object(**OLD, Body=b"another")
    await s3.rename_object(**NEW, RenameSource=SOURCE, ClientToken="token")
    assert await content(world, "dir/new") == b"content"
    with pytest.raises(ClientError, match="IdempotencyParameterMismatch"):
        await s3.rename_object(Bucket="bucket", Key="elsewhere", RenameSource=SOURCE, ClientToken="token")
    await s3.rename_object(**NEW, RenameSource=SOURCE, ClientToken="another token")
    assert await content(world, "dir/new") == b"another"


async def test_a_rename_that_failed_can_be_tried_again_under_its_token(s3: S3Client, world: World, etag: str) -> None:
    missing = {**NEW, "RenameSource": "bucket/missing", "ClientToken": "token"}
    with pytest.raises(ClientError, match="NoSuchKey"):
        await s3.rename_object(**missing)
    await s3.put_object(Bucket="bucket", Key="missing", Body=b"here now")
    await s3.rename_object(**missing)
    assert await content(world, "dir/new") == b"here now"


@pytest.mark.parametrize(("user", "status"), (("walter", 200), ("rita", 403), ("olga", 403), ("anybody", 403)))
async def test_who_may_rename(world: World, s3: S3Client, etag: str, user: str, status: int) -> None:
    answer = await world.ask(user, "PUT", "/bucket/dir/new?renameObject", x_amz_rename_source="bucket/dir/old%20%C3%A9")
    assert answer.status == status
    assert ("bucket/dir/new" in await world.contents()) is (status == 200)


async def test_a_policy_that_denies_the_delete_denies_the_rename(world: World, s3: S3Client, etag: str) -> None:
    await s3.put_bucket_policy(
        Bucket="bucket",
        Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        '"Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::bucket/dir/*"}]}',
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.rename_object(**NEW, RenameSource=SOURCE)
    assert await content(world, "dir/old é") == b"content"
