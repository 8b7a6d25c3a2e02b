"""Deletes of one object on conditions of its ETag, size and time."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from tests.frontends.s3.history import BUCKET, KEY, UNKNOWN, ids, put, refusal, switch
from tests.frontends.s3.world import S3Client, World


@pytest.fixture
async def time(s3: S3Client) -> datetime:
    """When the object was written."""
    await s3.put_object(**KEY, Body=b"xy")
    found: datetime = (await s3.head_object(**KEY))["LastModified"]
    return found


async def test_all_that_is_stated_must_hold(s3: S3Client, world: World, time: datetime) -> None:
    etag = (await s3.head_object(**KEY))["ETag"]
    late = time + timedelta(seconds=1)
    for options in (
        {"IfMatchSize": 1},
        {"IfMatchSize": 0},
        {"IfMatchLastModifiedTime": late},
        {"IfMatchLastModifiedTime": time - timedelta(seconds=1)},
        {"IfMatchSize": 2, "IfMatchLastModifiedTime": late},
        {"IfMatchSize": 3, "IfMatch": etag},
        {"IfMatchSize": 2, "IfMatch": '"other"'},
    ):
        told = await refusal(s3.delete_object(**KEY, **options))
        assert (told["status"], told["code"]) == (412, "PreconditionFailed")
    assert await world.contents() == {"bucket", "bucket/k"}
    await s3.delete_object(**KEY, IfMatchSize=2, IfMatchLastModifiedTime=time, IfMatch=etag)
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("name", ("IfMatchSize", "IfMatchLastModifiedTime"))
async def test_each_of_them_alone(s3: S3Client, world: World, time: datetime, name: str) -> None:
    options = {"IfMatchSize": 2, "IfMatchLastModifiedTime": time}
    await s3.delete_object(**KEY, **{name: options[name]})
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize("versioned", (False, True))
async def test_where_there_is_nothing_to_compare_with(s3: S3Client, time: datetime, versioned: bool) -> None:
    gone = {"VersionId": UNKNOWN} if versioned else {}
    if versioned:
        await switch(s3, "Enabled")
    missing = {"Bucket": "bucket", "Key": "missing", **gone}
    for options in ({"IfMatchSize": 2}, {"IfMatchLastModifiedTime": time}):
        assert (await s3.delete_object(**missing, **options))["ResponseMetadata"]["HTTPStatusCode"] == 204
        rows = [{"Key": "missing", **gone, **_in_document(options)}]
        assert "Errors" not in await s3.delete_objects(**BUCKET, Delete={"Objects": rows})
    for etag in ("*", "other"):
        assert (await refusal(s3.delete_object(**missing, IfMatch=etag)))["code"] == "NoSuchKey"


async def test_a_delete_marker_is_like_nothing_that_could_be_asked_for(s3: S3Client, time: datetime) -> None:
    await switch(s3, "Enabled")
    await s3.delete_object(**KEY)
    for options in ({"IfMatchSize": 2}, {"IfMatchLastModifiedTime": time}, {"IfMatch": "other"}):
        assert (await refusal(s3.delete_object(**KEY, **options)))["code"] == "PreconditionFailed"
        told = await s3.delete_objects(**BUCKET, Delete={"Objects": [{"Key": "k", **_in_document(options)}]})
        assert told["Errors"][0]["Code"] == "PreconditionFailed"
    assert len(await ids(s3, "DeleteMarkers")) == 1


def _in_document(options: Mapping[str, object]) -> Mapping[str, object]:
    """Conditions as DeleteObjects has them."""
    names = {"IfMatchSize": "Size", "IfMatchLastModifiedTime": "LastModifiedTime", "IfMatch": "ETag"}
    return {names[name]: value for name, value in options.items()}


@pytest.mark.parametrize(
    ("header", "value"),
    (
        ("x-amz-if-match-size", "-1"),
        ("x-amz-if-match-size", "two"),
        ("x-amz-if-match-size", "9" * 19),
        ("x-amz-if-match-last-modified-time", "yesterday"),
        ("x-amz-if-match-last-modified-time", ""),
    ),
)
async def test_values_that_make_no_sense(world: World, time: datetime, header: str, value: str) -> None:
    answer = await world.do("DELETE", "/bucket/k", headers={header: value})
    assert (answer.status, answer.code, answer.element("ArgumentName")) == (400, "InvalidArgument", header)
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_versions(s3: S3Client) -> None:
    await switch(s3, "Enabled")
    first, second = await put(s3, "x"), await put(s3, "xyz")
    assert (await refusal(s3.delete_object(**KEY, VersionId=first, IfMatchSize=3)))["code"] == "PreconditionFailed"
    assert (await refusal(s3.delete_object(**KEY, IfMatchSize=1)))["code"] == "PreconditionFailed"
    assert await ids(s3, "DeleteMarkers") == []
    await s3.delete_object(**KEY, VersionId=first, IfMatchSize=1)
    assert await ids(s3) == [("k", second, True)]
    assert (await s3.delete_object(**KEY, IfMatchSize=3))["DeleteMarker"] is True
    rows = {"Objects": [{"Key": "k", "VersionId": second, "Size": 4}]}
    assert (await s3.delete_objects(**BUCKET, Delete=rows))["Errors"][0]["Code"] == "PreconditionFailed"
    rows["Objects"][0]["Size"] = 3
    assert (await s3.delete_objects(**BUCKET, Delete=rows))["Deleted"][0]["VersionId"] == second
