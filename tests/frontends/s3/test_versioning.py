"""Versions of objects, as S3 documents them and as Ceph's suite expects them of every S3."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import MIB, S3Client, World

UNKNOWN = "0" * 32
BUCKET = {"Bucket": "bucket"}
KEY = {"Bucket": "bucket", "Key": "k"}


@pytest.fixture
async def s3(s3: S3Client) -> S3Client:
    """With versioning enabled in the bucket."""
    await switch(s3, "Enabled")
    return s3


async def switch(s3: S3Client, status: str) -> None:
    await s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": status})


async def put(s3: S3Client, body: str, key: str = "k") -> str:
    """The id of the version that is written."""
    answer = await s3.put_object(Bucket="bucket", Key=key, Body=body.encode())
    return str(answer["VersionId"])


async def read(s3: S3Client, **named: str) -> str:
    answer = await s3.get_object(**{**KEY, **named})
    return str((await answer["Body"].read()).decode())


async def ids(s3: S3Client, kind: str = "Versions") -> list[tuple[str, str, bool]]:
    answer = await s3.list_object_versions(**BUCKET)
    return [(row["Key"], row["VersionId"], row["IsLatest"]) for row in answer.get(kind, [])]


async def refusal(call: Any) -> dict[str, Any]:
    """Status, code and headers of an answer that refuses."""
    with pytest.raises(ClientError) as told:
        await call
    response: dict[str, Any] = dict(told.value.response)
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    return {
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "code": response["Error"]["Code"],
        "marker": headers.get("x-amz-delete-marker"),
        "version": headers.get("x-amz-version-id"),
        "headers": headers,
    }


class TestBucket:
    async def test_the_status_is_what_was_set_last(self, world: World, bucket: str) -> None:
        async with world.client() as s3:
            assert "Status" not in await s3.get_bucket_versioning(**BUCKET)
            for status in ("Suspended", "Enabled", "Enabled", "Suspended"):
                await switch(s3, status)
                assert (await s3.get_bucket_versioning(**BUCKET))["Status"] == status

    async def test_the_document_says_it_exactly(self, world: World, bucket: str) -> None:
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
    async def test_documents_that_are_refused(self, world: World, bucket: str, inner: str, code: str) -> None:
        body = f"<VersioningConfiguration>{inner}</VersioningConfiguration>".encode()
        answer = await world.do("PUT", "/bucket?versioning", body)
        assert answer.code == code
        assert b"<Status>" not in (await world.do("GET", "/bucket?versioning")).body

    async def test_of_a_bucket_that_is_not_there(self, s3: S3Client) -> None:
        for call in (
            s3.get_bucket_versioning(Bucket="missing"),
            s3.put_bucket_versioning(Bucket="missing", VersioningConfiguration={"Status": "Enabled"}),
            s3.list_object_versions(Bucket="missing"),
        ):
            assert (await refusal(call))["code"] == "NoSuchBucket"

    async def test_a_bucket_with_versions_cannot_be_deleted(self, s3: S3Client) -> None:
        version = await put(s3, "hello")
        marker = (await s3.delete_object(**KEY))["VersionId"]
        for named in (version, marker):
            assert (await refusal(s3.delete_bucket(**BUCKET)))["code"] == "BucketNotEmpty"
            await s3.delete_object(**KEY, VersionId=named)
        await s3.delete_bucket(**BUCKET)


class TestReading:
    async def test_each_version_is_read_by_its_id(self, s3: S3Client) -> None:
        written = {await put(s3, f"content-{number}"): f"content-{number}" for number in range(5)}
        for version, content in written.items():
            answer = await s3.get_object(**KEY, VersionId=version)
            assert (await answer["Body"].read()).decode() == content
            assert answer["VersionId"] == version
            head = await s3.head_object(**KEY, VersionId=version)
            assert (head["VersionId"], head["ETag"]) == (version, answer["ETag"])
        current = await s3.get_object(**KEY)
        assert current["VersionId"] == list(written)[-1]

    async def test_a_range_and_conditions_of_a_version(self, s3: S3Client) -> None:
        version = await put(s3, "0123456789")
        etag = (await s3.head_object(**KEY))["ETag"]
        await put(s3, "another")
        answer = await s3.get_object(**KEY, VersionId=version, Range="bytes=2-4")
        assert (await answer["Body"].read(), answer["VersionId"]) == (b"234", version)
        assert await read(s3, VersionId=version, IfMatch=etag) == "0123456789"
        told = await refusal(s3.get_object(**KEY, VersionId=version, IfNoneMatch=etag))
        assert (told["status"], told["version"]) == (304, version)

    async def test_an_unversioned_bucket_never_speaks_of_versions(self, world: World, bucket: str) -> None:
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

    async def test_what_was_there_before_has_the_id_null(self, world: World, bucket: str) -> None:
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

    async def test_a_null_version_can_be_removed_while_it_stands(self, world: World, bucket: str) -> None:
        async with world.client() as s3:
            await s3.put_object(**KEY, Body=b"old")
            await switch(s3, "Enabled")
            answer = await s3.delete_object(**KEY, VersionId="null")
            assert (answer["VersionId"], answer.get("DeleteMarker")) == ("null", None)
            assert (await refusal(s3.get_object(**KEY)))["code"] == "NoSuchKey"
            assert await ids(s3) == []

    async def test_of_versioned_objects_there_is_none_called_null(self, s3: S3Client) -> None:
        await put(s3, "x")
        assert (await refusal(s3.get_object(**KEY, VersionId="null")))["code"] == "NoSuchVersion"

    async def test_versions_that_are_not_there(self, s3: S3Client) -> None:
        version = await put(s3, "x")
        other = {"Bucket": "bucket", "Key": "other"}
        for named in ({**KEY, "VersionId": UNKNOWN}, {**other, "VersionId": version}):
            told = await refusal(s3.get_object(**named))
            assert (told["status"], told["code"]) == (404, "NoSuchVersion")
            assert (await refusal(s3.head_object(**named)))["status"] == 404

    @pytest.mark.parametrize("version", ("x", "0" * 31, "%20", "1%00"))
    async def test_ids_that_are_none(self, s3: S3Client, world: World, version: str) -> None:
        await put(s3, "x")
        for method in ("GET", "DELETE"):
            answer = await world.do(method, f"/bucket/k?versionId={version}")
            assert (answer.status, answer.code) == (400, "InvalidArgument")
        assert (await world.do("GET", "/bucket/k?versionId=")).code == "InvalidArgument"
        assert await read(s3) == "x"


class TestDeleting:
    async def test_a_delete_makes_a_marker(self, s3: S3Client) -> None:
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

    async def test_a_marker_cannot_be_read_by_its_id(self, s3: S3Client) -> None:
        marker = (await s3.delete_object(**KEY))["VersionId"]
        for call in (s3.get_object(**KEY, VersionId=marker), s3.head_object(**KEY, VersionId=marker)):
            told = await refusal(call)
            assert (told["status"], told["marker"], told["version"]) == (405, "true", marker)
            assert told["headers"]["allow"] == "DELETE"
            assert told["headers"]["last-modified"].endswith("GMT")
        assert (await refusal(s3.get_object(**KEY, VersionId=marker)))["code"] == "MethodNotAllowed"

    async def test_deleting_the_marker_brings_the_object_back(self, s3: S3Client) -> None:
        version = await put(s3, "x")
        marker = (await s3.delete_object(**KEY))["VersionId"]
        answer = await s3.delete_object(**KEY, VersionId=marker)
        assert (answer["DeleteMarker"], answer["VersionId"]) == (True, marker)
        assert (await s3.get_object(**KEY))["VersionId"] == version

    async def test_deleting_a_version_tells_its_id(self, s3: S3Client) -> None:
        first, second = await put(s3, "1"), await put(s3, "2")
        for _ in range(2):
            answer = await s3.delete_object(**KEY, VersionId=second)
            assert (answer["VersionId"], answer.get("DeleteMarker")) == (second, None)
            assert await read(s3) == "1"
        assert await ids(s3) == [("k", first, True)]

    async def test_deleting_what_never_was_makes_a_marker(self, s3: S3Client) -> None:
        answers = [await s3.delete_object(**KEY) for _ in range(2)]
        assert [answer["DeleteMarker"] for answer in answers] == [True, True]
        assert [version for _, version, _ in await ids(s3, "DeleteMarkers")] == [
            answer["VersionId"] for answer in reversed(answers)
        ]

    async def test_all_versions_are_removed_one_by_one(self, s3: S3Client) -> None:
        names = ("_testobj", "_", ":", " ", "a/b//c", "\u00e9")
        written = [(name, await put(s3, f"{name} {number}", name)) for name in names for number in range(3)]
        for name, version in written:
            await s3.delete_object(Bucket="bucket", Key=name, VersionId=version)
        assert await ids(s3) == []
        assert await ids(s3, "DeleteMarkers") == []

    async def test_conditions_of_deletes(self, s3: S3Client) -> None:
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


class TestSuspended:
    async def test_writes_replace_the_null_version_alone(self, s3: S3Client) -> None:
        kept = await put(s3, "kept")
        await switch(s3, "Suspended")
        for content in ("one", "two"):
            answer = await s3.put_object(**KEY, Body=content.encode())
            assert "VersionId" not in answer
            assert await ids(s3) == [("k", "null", True), ("k", kept, False)]
            assert await read(s3, VersionId="null") == content
        assert await read(s3, VersionId=kept) == "kept"

    async def test_a_delete_replaces_the_null_version_by_a_marker(self, s3: S3Client) -> None:
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

    async def test_back_and_forth(self, s3: S3Client) -> None:
        first = await put(s3, "1")
        await switch(s3, "Suspended")
        await s3.put_object(**KEY, Body=b"null")
        await switch(s3, "Enabled")
        last = await put(s3, "2")
        assert await ids(s3) == [("k", last, True), ("k", "null", False), ("k", first, False)]
        await s3.delete_object(**KEY, VersionId=last)
        assert (await s3.get_object(**KEY))["VersionId"] == "null"

    async def test_copies_onto_the_same_name(self, s3: S3Client) -> None:
        version = await put(s3, "x")
        await switch(s3, "Suspended")
        answer = await s3.copy_object(**KEY, CopySource={**KEY, "VersionId": version})
        assert answer.get("VersionId") is None
        assert answer["CopySourceVersionId"] == version
        await s3.delete_object(**KEY, VersionId=version)
        assert await read(s3) == "x"
        assert await ids(s3) == [("k", "null", True)]


class TestCopies:
    async def test_a_version_is_copied(self, s3: S3Client) -> None:
        written = {await put(s3, f"content-{number}"): f"content-{number}" for number in range(3)}
        for number, (version, content) in enumerate(written.items()):
            to = {"Bucket": "bucket", "Key": f"to-{number}"}
            answer = await s3.copy_object(**to, CopySource={**KEY, "VersionId": version})
            assert answer["CopySourceVersionId"] == version
            assert answer["VersionId"] not in written
            assert await read(s3, Key=f"to-{number}") == content
            assert (await s3.head_object(**to))["VersionId"] == answer["VersionId"]

    async def test_a_version_is_restored_by_a_copy_onto_its_own_name(self, s3: S3Client) -> None:
        first, second = await put(s3, "1"), await put(s3, "2")
        answer = await s3.copy_object(**KEY, CopySource={**KEY, "VersionId": first})
        assert await read(s3) == "1"
        assert [version for _, version, _ in await ids(s3)] == [answer["VersionId"], second, first]

    async def test_the_current_version_of_the_source_is_told(self, s3: S3Client) -> None:
        version = await put(s3, "x")
        answer = await s3.copy_object(Bucket="bucket", Key="to", CopySource="bucket/k")
        assert answer["CopySourceVersionId"] == version

    async def test_a_copy_of_a_marker_is_refused(self, s3: S3Client) -> None:
        await put(s3, "x")
        marker = (await s3.delete_object(**KEY))["VersionId"]
        for source, code in (
            ({**KEY, "VersionId": marker}, "InvalidRequest"),
            (KEY, "NoSuchKey"),
            ({**KEY, "VersionId": UNKNOWN}, "NoSuchVersion"),
            ({**KEY, "VersionId": "null"}, "NoSuchVersion"),
            ({**KEY, "VersionId": "nonsense"}, "InvalidArgument"),
        ):
            told = await refusal(s3.copy_object(Bucket="bucket", Key="to", CopySource=source))
            assert told["code"] == code

    async def test_parts_are_copied_from_versions(self, s3: S3Client) -> None:
        first, second = await put(s3, "0123456789"), await put(s3, "abcdefghij")
        to = {"Bucket": "bucket", "Key": "to"}
        for version, source_range, expected in ((first, None, "0123456789"), (second, "bytes=2-4", "cde")):
            upload = (await s3.create_multipart_upload(**to))["UploadId"]
            ranged = {} if source_range is None else {"CopySourceRange": source_range}
            part = await s3.upload_part_copy(
                **to, UploadId=upload, PartNumber=1, CopySource={**KEY, "VersionId": version}, **ranged
            )
            assert part["CopySourceVersionId"] == version
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
            done = await s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload=parts)
            assert await read(s3, Key="to") == expected
            assert (await s3.head_object(**to))["VersionId"] == done["VersionId"]


class TestMultipart:
    async def upload(self, s3: S3Client, size: int) -> Any:
        upload = (await s3.create_multipart_upload(**KEY))["UploadId"]
        part = await s3.upload_part(**KEY, UploadId=upload, PartNumber=1, Body=bytes(size))
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        return await s3.complete_multipart_upload(**KEY, UploadId=upload, MultipartUpload=parts)

    async def test_each_completion_makes_a_version(self, s3: S3Client) -> None:
        made = [(await self.upload(s3, size))["VersionId"] for size in (10, MIB, 20)]
        assert [version for _, version, _ in await ids(s3)] == made[::-1]
        for version, size in zip(made, (10, MIB, 20), strict=True):
            assert (await s3.head_object(**KEY, VersionId=version))["ContentLength"] == size

    async def test_where_no_version_is_made_none_is_told(self, world: World, bucket: str) -> None:
        async with world.client() as s3:
            assert "VersionId" not in await self.upload(s3, 10)
            await switch(s3, "Suspended")
            assert "VersionId" not in await self.upload(s3, 20)
            assert await ids(s3) == [("k", "null", True)]


class TestManyDeletes:
    async def delete(self, s3: S3Client, *rows: tuple[str, str | None]) -> Any:
        objects = [{"Key": key, **({"VersionId": version} if version else {})} for key, version in rows]
        return await s3.delete_objects(**BUCKET, Delete={"Objects": objects})

    async def test_versions_are_removed_again_and_again(self, s3: S3Client) -> None:
        first, second = await put(s3, "1"), await put(s3, "2")
        for _ in range(2):
            answer = await self.delete(s3, ("k", first), ("k", second))
            assert [row["VersionId"] for row in answer["Deleted"]] == [first, second]
            assert "Errors" not in answer
            assert await ids(s3) == []

    async def test_markers_are_removed_and_told(self, s3: S3Client) -> None:
        await put(s3, "1")
        marker = (await s3.delete_object(**KEY))["VersionId"]
        answer = await self.delete(s3, ("k", marker))
        (row,) = answer["Deleted"]
        assert (row["VersionId"], row["DeleteMarker"], row["DeleteMarkerVersionId"]) == (marker, True, marker)
        assert await read(s3) == "1"

    async def test_plain_rows_make_markers(self, s3: S3Client) -> None:
        answer = await self.delete(s3, ("k", None), ("other", None))
        rows = answer["Deleted"]
        assert [(row["Key"], row["DeleteMarker"], "VersionId" in row) for row in rows] == [
            ("k", True, False),
            ("other", True, False),
        ]
        assert [version for _, version, _ in await ids(s3, "DeleteMarkers")] == [
            row["DeleteMarkerVersionId"] for row in rows
        ]

    async def test_rows_of_all_kinds(self, s3: S3Client) -> None:
        version = await put(s3, "1")
        await put(s3, "1", "other")
        answer = await self.delete(s3, ("k", UNKNOWN), ("other", None), ("k", "nonsense"), ("k", version))
        assert [(row["Key"], row.get("VersionId")) for row in answer["Deleted"]] == [
            ("k", UNKNOWN),
            ("other", None),
            ("k", version),
        ]
        assert [(row["VersionId"], row["Code"]) for row in answer["Errors"]] == [("nonsense", "InvalidArgument")]

    async def test_a_thousand_versions(self, s3: S3Client) -> None:
        versions = [await put(s3, "") for _ in range(20)]
        rows = [("k", version) for version in versions] + [("k", f"{number:032x}") for number in range(980)]
        answer = await self.delete(s3, *rows)
        assert len(answer["Deleted"]) == 1000
        assert await ids(s3) == []


class TestListing:
    @pytest.fixture
    async def listed(self, s3: S3Client) -> Sequence[tuple[str, str]]:
        """Names and versions in the order of the listing."""
        rows = []
        for name in ("a b", "dir/1", "dir/2", "z"):
            versions = [await put(s3, f"{number}", name) for number in range(2)]
            if name == "dir/2":
                versions.append((await s3.delete_object(Bucket="bucket", Key=name))["VersionId"])
            rows += [(name, version) for version in reversed(versions)]
        return rows

    async def test_versions_and_markers_stand_in_one_order(
        self, world: World, listed: Sequence[tuple[str, str]]
    ) -> None:
        body = (await world.do("GET", "/bucket?versions")).body.decode()
        places = [body.index(f"<VersionId>{version}</VersionId>") for _, version in listed]
        assert places == sorted(places)
        assert body.count("<Version>") == 8
        assert body.count("<DeleteMarker>") == 1

    async def test_the_document_is_exactly_s3s(self, s3: S3Client, world: World) -> None:
        version = await put(s3, "hello", "a&b")
        marker = (await s3.delete_object(Bucket="bucket", Key="a&b"))["VersionId"]
        rows = await s3.list_object_versions(**BUCKET)
        made, deleted = [
            rows[kind][0]["LastModified"].strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{rows[kind][0]['LastModified']:%f}"[:3]
            + "Z"
            for kind in ("Versions", "DeleteMarkers")
        ]
        owner = "<Owner><DisplayName>test</DisplayName><ID>acc-test</ID></Owner>"
        checksum = "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
        expected = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            "<Name>bucket</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker>"
            "<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
            f"<DeleteMarker><Key>a&amp;b</Key><VersionId>{marker}</VersionId><IsLatest>true</IsLatest>"
            f"<LastModified>{deleted}</LastModified>{owner}</DeleteMarker>"
            f"<Version><Key>a&amp;b</Key><VersionId>{version}</VersionId><IsLatest>false</IsLatest>"
            f"<LastModified>{made}</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag>"
            f"<Size>5</Size><StorageClass>STANDARD</StorageClass>{owner}{checksum}</Version>"
            "</ListVersionsResult>"
        )
        assert (await world.do("GET", "/bucket?versions")).body.decode() == expected

    @pytest.mark.parametrize("size", (1, 2, 3, 5))
    async def test_pages(self, s3: S3Client, listed: Sequence[tuple[str, str]], size: int) -> None:
        found: list[tuple[str, str]] = []
        markers: dict[str, str] = {}
        while True:
            page = await s3.list_object_versions(**BUCKET, MaxKeys=size, **markers)
            rows = [(row["Key"], row["VersionId"]) for row in page.get("Versions", []) + page.get("DeleteMarkers", [])]
            assert len(rows) <= size
            found += sorted(rows, key=listed.index)
            if not page["IsTruncated"]:
                assert "NextKeyMarker" not in page
                break
            markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
            assert (markers["KeyMarker"], markers["VersionIdMarker"]) == found[-1]
        assert found == listed

    async def test_groups(self, s3: S3Client, listed: Sequence[tuple[str, str]]) -> None:
        page = await s3.list_object_versions(**BUCKET, Delimiter="/", MaxKeys=3)
        assert [row["Prefix"] for row in page["CommonPrefixes"]] == ["dir/"]
        assert {row["Key"] for row in page["Versions"]} == {"a b"}
        assert (page["NextKeyMarker"], page.get("NextVersionIdMarker")) == ("dir/", None)
        rest = await s3.list_object_versions(**BUCKET, Delimiter="/", KeyMarker="dir/")
        assert [row["Key"] for row in rest["Versions"]] == ["z", "z"]
        assert "CommonPrefixes" not in rest
        below = await s3.list_object_versions(**BUCKET, Prefix="dir/", Delimiter="/")
        assert (len(below["Versions"]), len(below["DeleteMarkers"])) == (4, 1)

    async def test_names_are_encoded_where_that_is_asked_for(self, world: World, s3: S3Client) -> None:
        await put(s3, "x", "a b+\u00e9")
        await put(s3, "x", "a b+\u00e9")
        answer = await world.do("GET", "/bucket?versions&encoding-type=url&max-keys=1&prefix=a%20b&delimiter=%20%20")
        assert answer.element("EncodingType") == "url"
        assert (answer.element("Prefix"), answer.element("Delimiter")) == ("a%20b", "%20%20")
        assert answer.element("NextKeyMarker") == "a%20b%2B%C3%A9"
        assert b"<Key>a%20b%2B%C3%A9</Key>" in answer.body

    @pytest.mark.parametrize(
        "query",
        (
            f"version-id-marker={UNKNOWN}",
            "key-marker=k&version-id-marker=nonsense",
            "max-keys=-1",
            "max-keys=x",
            "encoding-type=base64",
        ),
    )
    async def test_parameters_that_make_no_sense(self, world: World, bucket: str, query: str) -> None:
        answer = await world.do("GET", f"/bucket?versions&{query}")
        assert (answer.status, answer.code) == (400, "InvalidArgument")

    async def test_a_page_of_none(self, s3: S3Client) -> None:
        await put(s3, "x")
        page = await s3.list_object_versions(**BUCKET, MaxKeys=0)
        assert (page["IsTruncated"], page.get("Versions")) == (False, None)

    async def test_of_an_unversioned_bucket(self, world: World, bucket: str) -> None:
        async with world.client() as s3:
            for name in ("a", "b"):
                await s3.put_object(Bucket="bucket", Key=name, Body=b"x")
            assert await ids(s3) == [("a", "null", True), ("b", "null", True)]


class TestRaces:
    async def test_writers_and_deleters_at_once(self, s3: S3Client) -> None:
        answers = await asyncio.gather(
            *[s3.put_object(**KEY, Body=b"%d" % number) for number in range(10)],
            *[s3.delete_object(**KEY) for _ in range(10)],
        )
        made = {answer["VersionId"] for answer in answers}
        assert len(made) == 20
        found = await ids(s3) + await ids(s3, "DeleteMarkers")
        assert {version for _, version, _ in found} == made
        assert sum(latest for _, _, latest in found) == 1

    async def test_versions_are_removed_by_many_at_once(self, s3: S3Client) -> None:
        versions = [await put(s3, f"{number}") for number in range(8)]
        await asyncio.gather(*[s3.delete_object(**KEY, VersionId=version) for version in versions * 2])
        assert await ids(s3) == []


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


DOES = {
    "state": ("GET", "/bucket?versioning", b""),
    "list": ("GET", "/bucket?versions", b""),
    "read": ("GET", "/bucket/k?versionId=", b""),
    "head": ("HEAD", "/bucket/k?versionId=", b""),
    "remove": ("DELETE", "/bucket/k?versionId=", b""),
    "suspend": (
        "PUT",
        "/bucket?versioning",
        b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
    ),
}
READS = {"state", "list", "read", "head"}


@pytest.mark.parametrize(
    ("user", "allowed"),
    (
        ("opal", set(DOES)),
        ("alice", set(DOES)),
        ("walter", READS | {"remove"}),
        ("rita", READS),
        ("nina", set[str]()),
        ("olga", set[str]()),
    ),
)
async def test_what_each_role_may(s3: S3Client, world: World, user: str, allowed: set[str]) -> None:
    version = await put(s3, "x")
    may = set()
    for name, (method, target, body) in DOES.items():
        answer = await world.do(method, target + version if target.endswith("=") else target, body, user=user)
        if answer.status < 300:
            may.add(name)
        else:
            assert answer.status == 403
    assert may == allowed


@pytest.fixture
async def denying(world: World, s3: S3Client) -> AsyncIterator[S3Client]:
    """A policy that lets olga read and delete what stands, and no version by its id."""
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "acc-other"}, '
        '"Action": ["s3:GetObject", "s3:DeleteObject", "s3:ListBucket"], '
        '"Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]}]}'
    )
    await s3.put_bucket_policy(**BUCKET, Policy=policy)
    async with world.client("olga") as olga:
        yield olga


async def test_a_version_needs_a_right_of_its_own(s3: S3Client, denying: S3Client) -> None:
    version = await put(s3, "x")
    assert await read(denying) == "x"
    for call in (
        denying.get_object(**KEY, VersionId=version),
        denying.delete_object(**KEY, VersionId=version),
        denying.list_object_versions(**BUCKET),
        denying.copy_object(**KEY, CopySource={**KEY, "VersionId": version}),
    ):
        assert (await refusal(call))["code"] == "AccessDenied"
    rows = [{"Key": "k", "VersionId": version}, {"Key": "k"}]
    answer = await denying.delete_objects(**BUCKET, Delete={"Objects": rows})
    assert [row["Code"] for row in answer["Errors"]] == ["AccessDenied"]
    assert [row["DeleteMarker"] for row in answer["Deleted"]] == [True]
    assert await ids(s3) == [("k", version, False)]
