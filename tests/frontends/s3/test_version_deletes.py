"""Deletes in buckets that keep versions, and deletes of versions."""

import asyncio
from typing import Any

import pytest

from tests.frontends.s3.history import BUCKET, KEY, UNKNOWN, ids, put, read, refusal, switch
from tests.frontends.s3.world import S3Client


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


async def test_a_delete_makes_a_marker(s3: S3Client) -> None:
    version = await put(s3, "x")
    deleted = await s3.delete_object(**KEY)
    assert deleted["DeleteMarker"] is True
    assert deleted["VersionId"] != version
    for call in (s3.get_object(**KEY), s3.head_object(**KEY)):
        told = await refusal(call)
        assert (told["status"], told["marker"], told["version"]) == (404, "true", deleted["VersionId"])
    assert await ids(s3) == [("k", version, False)]
    assert await ids(s3, "DeleteMarkers") == [("k", deleted["VersionId"], True)]
    assert "Contents" not in await s3.list_objects_v2(**BUCKET)


async def test_a_marker_cannot_be_read_by_its_id(s3: S3Client) -> None:
    marker = (await s3.delete_object(**KEY))["VersionId"]
    for call in (s3.get_object(**KEY, VersionId=marker), s3.head_object(**KEY, VersionId=marker)):
        told = await refusal(call)
        assert (told["status"], told["marker"], told["version"]) == (405, "true", marker)
        assert told["headers"]["allow"] == "DELETE"
        assert told["headers"]["last-modified"].endswith("GMT")
    assert (await refusal(s3.get_object(**KEY, VersionId=marker)))["code"] == "MethodNotAllowed"


async def test_deleting_the_marker_brings_the_object_back(s3: S3Client) -> None:
    version = await put(s3, "x")
    marker = (await s3.delete_object(**KEY))["VersionId"]
    answer = await s3.delete_object(**KEY, VersionId=marker)
    assert (answer["DeleteMarker"], answer["VersionId"]) == (True, marker)
    assert (await s3.get_object(**KEY))["VersionId"] == version


async def test_deleting_a_version_tells_its_id(s3: S3Client) -> None:
    first, second = await put(s3, "1"), await put(s3, "2")
    for _ in range(2):
        answer = await s3.delete_object(**KEY, VersionId=second)
        assert (answer["VersionId"], answer.get("DeleteMarker")) == (second, None)
        assert await read(s3) == "1"
    assert await ids(s3) == [("k", first, True)]


async def test_deleting_what_never_was_makes_a_marker(s3: S3Client) -> None:
    answers = [await s3.delete_object(**KEY) for _ in range(2)]
    assert [answer["DeleteMarker"] for answer in answers] == [True, True]
    assert [version for _, version, _ in await ids(s3, "DeleteMarkers")] == [
        answer["VersionId"] for answer in reversed(answers)
    ]


async def test_all_versions_are_removed_one_by_one(s3: S3Client) -> None:
    names = ("_testobj", "_", ":", " ", "a/b//c", "\u00e9")
    written = [(name, await put(s3, f"{name} {number}", name)) for name in names for number in range(3)]
    for name, version in written:
        await s3.delete_object(Bucket="bucket", Key=name, VersionId=version)
    assert await ids(s3) == []
    assert await ids(s3, "DeleteMarkers") == []


async def test_conditions_of_deletes(s3: S3Client) -> None:
    first = await put(s3, "1")
    old = (await s3.head_object(**KEY))["ETag"]
    await put(s3, "2")
    assert (await refusal(s3.delete_object(**KEY, IfMatch=old)))["code"] == "PreconditionFailed"
    assert await ids(s3, "DeleteMarkers") == []
    told = await refusal(s3.delete_object(**KEY, VersionId=first, IfMatch='"other"'))
    assert told["code"] == "PreconditionFailed"
    await s3.delete_object(**KEY, VersionId=first, IfMatch=old)
    assert len(await ids(s3)) == 1
    told = await refusal(s3.delete_object(**KEY, VersionId=first, IfMatch=old))
    assert told["code"] == "NoSuchKey"


async def delete(s3: S3Client, *rows: tuple[str, str | None]) -> Any:
    objects = [{"Key": key, **({"VersionId": version} if version else {})} for key, version in rows]
    return await s3.delete_objects(**BUCKET, Delete={"Objects": objects})


async def test_versions_are_removed_again_and_again(s3: S3Client) -> None:
    first, second = await put(s3, "1"), await put(s3, "2")
    for _ in range(2):
        answer = await delete(s3, ("k", first), ("k", second))
        assert [row["VersionId"] for row in answer["Deleted"]] == [first, second]
        assert "Errors" not in answer
        assert await ids(s3) == []


async def test_markers_are_removed_and_told(s3: S3Client) -> None:
    await put(s3, "1")
    marker = (await s3.delete_object(**KEY))["VersionId"]
    answer = await delete(s3, ("k", marker))
    (row,) = answer["Deleted"]
    assert (row["VersionId"], row["DeleteMarker"], row["DeleteMarkerVersionId"]) == (marker, True, marker)
    assert await read(s3) == "1"


async def test_plain_rows_make_markers(s3: S3Client) -> None:
    answer = await delete(s3, ("k", None), ("other", None))
    rows = answer["Deleted"]
    assert [(row["Key"], row["DeleteMarker"], "VersionId" in row) for row in rows] == [
        ("k", True, False),
        ("other", True, False),
    ]
    assert [version for _, version, _ in await ids(s3, "DeleteMarkers")] == [
        row["DeleteMarkerVersionId"] for row in rows
    ]


async def test_rows_of_all_kinds(s3: S3Client) -> None:
    version = await put(s3, "1")
    await put(s3, "1", "other")
    answer = await delete(s3, ("k", UNKNOWN), ("other", None), ("k", "nonsense"), ("k", version))
    assert [(row["Key"], row.get("VersionId")) for row in answer["Deleted"]] == [
        ("k", UNKNOWN),
        ("other", None),
        ("k", version),
    ]
    assert [(row["VersionId"], row["Code"]) for row in answer["Errors"]] == [("nonsense", "InvalidArgument")]


async def test_a_thousand_versions(s3: S3Client) -> None:
    versions = [await put(s3, "") for _ in range(20)]
    rows = [("k", version) for version in versions] + [("k", f"{number:032x}") for number in range(980)]
    answer = await delete(s3, *rows)
    assert len(answer["Deleted"]) == 1000
    assert await ids(s3) == []


async def test_writers_and_deleters_at_once(s3: S3Client) -> None:
    answers = await asyncio.gather(
        *[s3.put_object(**KEY, Body=b"%d" % number) for number in range(10)],
        *[s3.delete_object(**KEY) for _ in range(10)],
    )
    made = {answer["VersionId"] for answer in answers}
    assert len(made) == 20
    found = await ids(s3) + await ids(s3, "DeleteMarkers")
    assert {version for _, version, _ in found} == made
    assert sum(latest for _, _, latest in found) == 1


async def test_versions_are_removed_by_many_at_once(s3: S3Client) -> None:
    versions = [await put(s3, f"{number}") for number in range(8)]
    await asyncio.gather(*[s3.delete_object(**KEY, VersionId=version) for version in versions * 2])
    assert await ids(s3) == []
