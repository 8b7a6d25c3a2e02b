"""Reading objects by their parts: GET and HEAD by `partNumber`, GetObjectAttributes."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.core.digest import Algorithm, digest
from gateway.core.store import Store
from gateway.layers.segmented import Segmented, SegmentSettings
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from tests.frontends.s3.world import S3Client, World, serving
from tests.support.remotes import pointing_at, serving_s3
from tests.support.stores import Plain

K = {"Bucket": "bucket", "Key": "key"}
PARTS = (b"first part", b"second, and longer part", b"third")
WHOLE = b"".join(PARTS)


@pytest.fixture
async def small(store: Store) -> AsyncIterator[S3Client]:
    """A client of a frontend that takes small parts."""
    async with serving(store, min_part=0) as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        yield s3


def told(data: bytes, algorithm: Algorithm) -> str:
    return b64encode(digest(algorithm, data)).decode()


async def assemble(s3: S3Client, parts: tuple[bytes, ...] = PARTS, **options: object) -> dict[str, Any]:
    upload = {**K, "UploadId": (await s3.create_multipart_upload(**K, **options))["UploadId"]}
    stated = {name: value for name, value in options.items() if name == "ChecksumAlgorithm"}
    rows = []
    for number, data in enumerate(parts, 1):
        part = await s3.upload_part(**upload, PartNumber=number, Body=data, **stated)
        sums = {name: value for name, value in part.items() if name.startswith("Checksum")}
        rows.append({"PartNumber": number, "ETag": part["ETag"], **sums})
    done: dict[str, Any] = await s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": rows})
    return done


async def test_each_part_is_read_by_its_number(small: S3Client) -> None:
    done = await assemble(small)
    place = 0
    for number, data in enumerate(PARTS, 1):
        for answer in (await small.get_object(**K, PartNumber=number), await small.head_object(**K, PartNumber=number)):
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
            assert answer["ContentRange"] == f"bytes {place}-{place + len(data) - 1}/{len(WHOLE)}"
            assert (answer["ContentLength"], answer["PartsCount"]) == (len(data), 3)
            assert answer["ETag"] == done["ETag"]
            if "Body" in answer:
                async with answer["Body"] as body:
                    assert await body.read() == data
        place += len(data)


async def test_a_part_that_the_object_does_not_have(small: S3Client) -> None:
    await assemble(small)
    with pytest.raises(ClientError) as refused:
        await small.get_object(**K, PartNumber=4)
    assert (refused.value.response["Error"]["Code"], refused.value.response["Error"]["PartNumber"]) == (
        "InvalidPart",
        "4",
    )
    with pytest.raises(ClientError) as missing:
        await small.head_object(**K, PartNumber=4)
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


async def test_an_object_that_came_in_as_one_is_its_first_part(s3: S3Client) -> None:
    await s3.put_object(**K, Body=WHOLE)
    got = await s3.get_object(**K, PartNumber=1)
    async with got["Body"] as body:
        assert await body.read() == WHOLE
    assert (got["ResponseMetadata"]["HTTPStatusCode"], "PartsCount" in got) == (206, False)
    with pytest.raises(ClientError, match="InvalidPart"):
        await s3.get_object(**K, PartNumber=2)


async def test_empty_objects_and_empty_parts(small: S3Client) -> None:
    await small.put_object(**K, Body=b"")
    assert (await small.get_object(**K, PartNumber=1))["ContentLength"] == 0
    await assemble(small, (b"all", b""))
    last = await small.get_object(**K, PartNumber=2)
    assert (last["ContentLength"], last["PartsCount"], "ContentRange" in last) == (0, 2, False)


@pytest.mark.parametrize("number", ("0", "10001", "-1", "x", ""))
async def test_numbers_that_no_part_has(s3: S3Client, world: World, number: str) -> None:
    await s3.put_object(**K, Body=WHOLE)
    answer = await world.do("GET", f"/bucket/key?partNumber={number}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")


async def test_a_part_and_a_range_contradict_each_other(s3: S3Client) -> None:
    await s3.put_object(**K, Body=WHOLE)
    with pytest.raises(ClientError, match="InvalidRequest"):
        await s3.get_object(**K, PartNumber=1, Range="bytes=0-1")


async def test_conditions_hold_for_parts_too(small: S3Client) -> None:
    etag = (await assemble(small))["ETag"]
    assert (await small.get_object(**K, PartNumber=2, IfMatch=etag))["ContentLength"] == len(PARTS[1])
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await small.get_object(**K, PartNumber=2, IfMatch='"x"')
    with pytest.raises(ClientError, match="304"):
        await small.head_object(**K, PartNumber=2, IfNoneMatch=etag)


async def test_a_part_of_a_version(small: S3Client) -> None:
    await small.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    first = await assemble(small)
    await small.put_object(**K, Body=b"other")
    got = await small.get_object(**K, PartNumber=2, VersionId=first["VersionId"])
    async with got["Body"] as body:
        assert await body.read() == PARTS[1]
    assert (await small.get_object(**K, PartNumber=1))["ContentLength"] == 5


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    (
        (Algorithm.CRC32, "COMPOSITE"),
        (Algorithm.CRC32C, "FULL_OBJECT"),
        (Algorithm.CRC64NVME, "FULL_OBJECT"),
        (Algorithm.SHA256, "COMPOSITE"),
    ),
)
async def test_checksums_of_parts_are_told(small: S3Client, algorithm: Algorithm, kind: str) -> None:
    name = f"Checksum{algorithm.upper()}"
    done = await assemble(small, ChecksumAlgorithm=algorithm.upper(), ChecksumType=kind)
    whole = told(WHOLE, algorithm)
    digests = b"".join(digest(algorithm, data) for data in PARTS)
    assert done[name] == (whole if kind == "FULL_OBJECT" else f"{told(digests, algorithm)}-3")
    for number, data in enumerate(PARTS, 1):
        got = await small.get_object(**K, PartNumber=number, ChecksumMode="ENABLED")
        assert (got[name], got["ChecksumType"]) == (told(data, algorithm), kind)
        async with got["Body"] as body:
            assert await body.read() == data
    found = await small.get_object_attributes(**K, ObjectAttributes=["ObjectParts", "Checksum"])
    assert found["Checksum"] == {name: done[name], "ChecksumType": kind}
    assert found["ObjectParts"]["Parts"] == [
        {"PartNumber": number, "Size": len(data), name: told(data, algorithm)} for number, data in enumerate(PARTS, 1)
    ]


async def test_attributes_tell_parts_by_the_page(small: S3Client) -> None:
    await assemble(small)
    found = await small.get_object_attributes(**K, ObjectAttributes=["ObjectParts"], MaxParts=2)
    page = found["ObjectParts"]
    assert [row["PartNumber"] for row in page.pop("Parts")] == [1, 2]
    assert page == {
        "TotalPartsCount": 3,
        "PartNumberMarker": 0,
        "NextPartNumberMarker": 2,
        "MaxParts": 2,
        "IsTruncated": True,
    }
    rest = await small.get_object_attributes(**K, ObjectAttributes=["ObjectParts"], PartNumberMarker=2)
    assert [row["Size"] for row in rest["ObjectParts"]["Parts"]] == [len(PARTS[2])]
    assert not rest["ObjectParts"]["IsTruncated"]
    await small.put_object(**K, Body=b"one")
    assert "ObjectParts" not in await small.get_object_attributes(**K, ObjectAttributes=["ObjectParts", "ETag"])


async def test_a_store_that_knows_no_parts_has_whole_objects() -> None:
    async with serving(Plain(Memory())) as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        await s3.put_object(**K, Body=WHOLE)
        assert (await s3.get_object(**K, PartNumber=1))["ContentLength"] == len(WHOLE)
        with pytest.raises(ClientError, match="InvalidPart"):
            await s3.get_object(**K, PartNumber=2)
        assert "ObjectParts" not in await s3.get_object_attributes(**K, ObjectAttributes=["ObjectParts", "ETag"])


async def test_parts_of_objects_on_a_remote_s3() -> None:
    """Through a gateway in front of another one."""
    memory = Memory()
    async with serving_s3(memory) as endpoint:
        remote = Segmented(S3Store(pointing_at(endpoint), "acc-test"), SegmentSettings())
        await remote.start()
        try:
            async with serving(remote, min_part=0) as world, world.client() as s3:
                await s3.create_bucket(Bucket="bucket")
                done = await assemble(s3, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
                assert done["ChecksumCRC32"] == told(WHOLE, Algorithm.CRC32)
                got = await s3.get_object(**K, PartNumber=2, ChecksumMode="ENABLED")
                assert (got["PartsCount"], got["ChecksumCRC32"]) == (3, told(PARTS[1], Algorithm.CRC32))
                found = await s3.get_object_attributes(**K, ObjectAttributes=["ObjectParts"])
                assert [row["Size"] for row in found["ObjectParts"]["Parts"]] == [*map(len, PARTS)]
        finally:
            await remote.aclose()
