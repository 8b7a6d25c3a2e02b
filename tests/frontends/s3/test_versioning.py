"""Versions of objects, as S3 documents them and as Ceph's suite expects them of every S3."""

import pytest

from tests.frontends.s3.history import BUCKET, KEY, UNKNOWN, ids, put, read, refusal, switch
from tests.frontends.s3.world import S3Client, World


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


async def test_the_status_is_what_was_set_last(world: World, bucket: str) -> None:
    async with world.client() as s3:
        assert "Status" not in await s3.get_bucket_versioning(**BUCKET)
        for status in ("Suspended", "Enabled", "Enabled", "Suspended"):
            await switch(s3, status)
            assert (await s3.get_bucket_versioning(**BUCKET))["Status"] == status


async def test_the_document_says_it_exactly(world: World, bucket: str) -> None:
    empty = await world.do("GET", "/bucket?versioning")
    assert empty.body.endswith(
        b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></VersioningConfiguration>'
    )
    body = b"<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>"
    assert (await world.do("PUT", "/bucket?versioning", body + b"</VersioningConfiguration>")).status == 200
    assert b"<Status>Enabled</Status></Versioning" in (await world.do("GET", "/bucket?versioning")).body


@pytest.mark.parametrize(
    ("inner", "code"),
    (
        ("<Status>Off</Status>", "MalformedXML"),
        ("<Status>enabled</Status>", "MalformedXML"),
        ("", "IllegalVersioningConfigurationException"),
        ("<MfaDelete>Disabled</MfaDelete>", "IllegalVersioningConfigurationException"),
        ("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>", "NotImplemented"),
        ("<Status>Enabled</Status><Status>Suspended</Status>", "MalformedXML"),
    ),
)
async def test_documents_that_are_refused(world: World, bucket: str, inner: str, code: str) -> None:
    body = f"<VersioningConfiguration>{inner}</VersioningConfiguration>".encode()
    answer = await world.do("PUT", "/bucket?versioning", body)
    assert answer.code == code
    assert b"<Status>" not in (await world.do("GET", "/bucket?versioning")).body


async def test_of_a_bucket_that_is_not_there(s3: S3Client) -> None:
    for call in (
        s3.get_bucket_versioning(Bucket="missing"),
        s3.put_bucket_versioning(Bucket="missing", VersioningConfiguration={"Status": "Enabled"}),
        s3.list_object_versions(Bucket="missing"),
    ):
        assert (await refusal(call))["code"] == "NoSuchBucket"


async def test_a_bucket_with_versions_cannot_be_deleted(s3: S3Client) -> None:
    version = await put(s3, "hello")
    marker = (await s3.delete_object(**KEY))["VersionId"]
    for named in (version, marker):
        told = await refusal(s3.delete_bucket(**BUCKET))
        assert told["code"] == "BucketNotEmpty"
        assert "remove them one by one, by their version ids" in told["message"]
        await s3.delete_object(**KEY, VersionId=named)
    await s3.delete_bucket(**BUCKET)


async def test_each_version_is_read_by_its_id(s3: S3Client) -> None:
    written = {await put(s3, f"content-{number}"): f"content-{number}" for number in range(5)}
    for version, content in written.items():
        answer = await s3.get_object(**KEY, VersionId=version)
        assert (await answer["Body"].read()).decode() == content
        assert answer["VersionId"] == version
        head = await s3.head_object(**KEY, VersionId=version)
        assert (head["VersionId"], head["ETag"]) == (version, answer["ETag"])
    current = await s3.get_object(**KEY)
    assert current["VersionId"] == list(written)[-1]


async def test_a_range_and_conditions_of_a_version(s3: S3Client) -> None:
    version = await put(s3, "0123456789")
    etag = (await s3.head_object(**KEY))["ETag"]
    await put(s3, "another")
    answer = await s3.get_object(**KEY, VersionId=version, Range="bytes=2-4")
    assert (await answer["Body"].read(), answer["VersionId"]) == (b"234", version)
    assert await read(s3, VersionId=version, IfMatch=etag) == "0123456789"
    told = await refusal(s3.get_object(**KEY, VersionId=version, IfNoneMatch=etag))
    assert (told["status"], told["version"]) == (304, version)


async def test_an_unversioned_bucket_never_speaks_of_versions(world: World, bucket: str) -> None:
    async with world.client() as s3:
        answers = [
            await s3.put_object(**KEY, Body=b"x"),
            await s3.get_object(**KEY),
            await s3.head_object(**KEY),
            await s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/k"),
            await s3.delete_object(**KEY),
        ]
        for answer in answers:
            assert "VersionId" not in answer
            assert "DeleteMarker" not in answer
        told = await refusal(s3.head_object(**KEY))
        assert (told["status"], told["marker"], told["version"]) == (404, None, None)


async def test_what_was_there_before_has_the_id_null(world: World, bucket: str) -> None:
    async with world.client() as s3:
        await s3.put_object(**KEY, Body=b"old")
        await switch(s3, "Enabled")
        assert (await s3.get_object(**KEY))["VersionId"] == "null"
        version = await put(s3, "new")
        assert await read(s3, VersionId="null") == "old"
        await s3.delete_object(**KEY, VersionId="null")
        told = await refusal(s3.get_object(**KEY, VersionId="null"))
        assert (told["status"], told["code"]) == (404, "NoSuchVersion")
        assert await ids(s3) == [("k", version, True)]


async def test_a_null_version_can_be_removed_while_it_stands(world: World, bucket: str) -> None:
    async with world.client() as s3:
        await s3.put_object(**KEY, Body=b"old")
        await switch(s3, "Enabled")
        answer = await s3.delete_object(**KEY, VersionId="null")
        assert (answer["VersionId"], answer.get("DeleteMarker")) == ("null", None)
        assert (await refusal(s3.get_object(**KEY)))["code"] == "NoSuchKey"
        assert await ids(s3) == []


async def test_of_versioned_objects_there_is_none_called_null(s3: S3Client) -> None:
    await put(s3, "x")
    assert (await refusal(s3.get_object(**KEY, VersionId="null")))["code"] == "NoSuchVersion"


async def test_versions_that_are_not_there(s3: S3Client) -> None:
    version = await put(s3, "x")
    other = {"Bucket": "bucket", "Key": "other"}
    for named in ({**KEY, "VersionId": UNKNOWN}, {**other, "VersionId": version}):
        told = await refusal(s3.get_object(**named))
        assert (told["status"], told["code"]) == (404, "NoSuchVersion")
        assert (await refusal(s3.head_object(**named)))["status"] == 404


@pytest.mark.parametrize("version", ("x", "0" * 31, "%20", "1%00"))
async def test_ids_that_are_none(s3: S3Client, world: World, version: str) -> None:
    await put(s3, "x")
    for method in ("GET", "DELETE"):
        answer = await world.do(method, f"/bucket/k?versionId={version}")
        assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert (await world.do("GET", "/bucket/k?versionId=")).code == "InvalidArgument"
    assert await read(s3) == "x"


async def test_writes_replace_the_null_version_alone(s3: S3Client) -> None:
    kept = await put(s3, "kept")
    await switch(s3, "Suspended")
    for content in ("one", "two"):
        answer = await s3.put_object(**KEY, Body=content.encode())
        assert "VersionId" not in answer
        assert await ids(s3) == [("k", "null", True), ("k", kept, False)]
        assert await read(s3, VersionId="null") == content
    assert await read(s3, VersionId=kept) == "kept"


async def test_a_delete_replaces_the_null_version_by_a_marker(s3: S3Client) -> None:
    kept = await put(s3, "kept")
    await switch(s3, "Suspended")
    await s3.put_object(**KEY, Body=b"null")
    answer = await s3.delete_object(**KEY)
    assert (answer["DeleteMarker"], answer["VersionId"]) == (True, "null")
    told = await refusal(s3.head_object(**KEY))
    assert (told["status"], told["marker"], told["version"]) == (404, "true", "null")
    assert await ids(s3) == [("k", kept, False)]
    assert await ids(s3, "DeleteMarkers") == [("k", "null", True)]
    await s3.delete_object(**KEY, VersionId="null")
    assert await read(s3) == "kept"


async def test_back_and_forth(s3: S3Client) -> None:
    first = await put(s3, "1")
    await switch(s3, "Suspended")
    await s3.put_object(**KEY, Body=b"null")
    await switch(s3, "Enabled")
    last = await put(s3, "2")
    assert await ids(s3) == [("k", last, True), ("k", "null", False), ("k", first, False)]
    await s3.delete_object(**KEY, VersionId=last)
    assert (await s3.get_object(**KEY))["VersionId"] == "null"


async def test_copies_onto_the_same_name(s3: S3Client) -> None:
    version = await put(s3, "x")
    await switch(s3, "Suspended")
    answer = await s3.copy_object(**KEY, CopySource={**KEY, "VersionId": version})
    assert answer.get("VersionId") is None
    assert answer["CopySourceVersionId"] == version
    await s3.delete_object(**KEY, VersionId=version)
    assert await read(s3) == "x"
    assert await ids(s3) == [("k", "null", True)]


async def test_attributes_of_a_version(s3: S3Client) -> None:
    first = await put(s3, "1")
    second = await put(s3, "22")
    for version, size in ((first, 1), (second, 2)):
        answer = await s3.get_object_attributes(**KEY, VersionId=version, ObjectAttributes=["ObjectSize"])
        assert (answer["ObjectSize"], answer["VersionId"]) == (size, version)
    marker = (await s3.delete_object(**KEY))["VersionId"]
    told = await refusal(s3.get_object_attributes(**KEY, VersionId=marker, ObjectAttributes=["ETag"]))
    assert (told["status"], told["marker"]) == (405, "true")


async def test_writes_on_condition_speak_of_what_stands(s3: S3Client) -> None:
    await put(s3, "1")
    etag = (await s3.head_object(**KEY))["ETag"]
    assert (await refusal(s3.put_object(**KEY, Body=b"x", IfNoneMatch="*")))["code"] == "PreconditionFailed"
    await s3.delete_object(**KEY)
    assert (await refusal(s3.put_object(**KEY, Body=b"x", IfMatch=etag)))["code"] == "NoSuchKey"
    await s3.put_object(**KEY, Body=b"back", IfNoneMatch="*")
    assert await read(s3) == "back"
