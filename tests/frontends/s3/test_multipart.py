import hashlib
from base64 import b64encode
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.core.store import Store
from gateway.stores.memory import Memory
from tests.frontends.s3.world import MIB, S3Client, World, serving
from tests.support.stores import Plain

K = {"Bucket": "bucket", "Key": "k é"}
PART = 5 * MIB


async def begin(s3: S3Client, **options: object) -> dict[str, Any]:
    upload = await s3.create_multipart_upload(**K, **options)
    return {**K, "UploadId": upload["UploadId"]}


async def send(s3: S3Client, upload: dict[str, Any], number: int, body: bytes, **options: object) -> dict[str, Any]:
    part = await s3.upload_part(**upload, PartNumber=number, Body=body, **options)
    sums = {name: value for name, value in part.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": part["ETag"], **sums}


async def finish(s3: S3Client, upload: dict[str, Any], *parts: dict[str, Any], **options: object) -> dict[str, Any]:
    done: dict[str, Any] = await s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": list(parts)}, **options
    )
    return done


async def test_an_object_out_of_parts(s3: S3Client, world: World) -> None:
    upload = await begin(s3, ContentType="text/plain", Metadata={"a": "b"})
    second = await send(s3, upload, 2, b"tail")
    first = await send(s3, upload, 1, b"x" * PART)
    done = await finish(s3, upload, first, second)
    digests = hashlib.md5(b"x" * PART).digest() + hashlib.md5(b"tail").digest()
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    assert (done["Bucket"], done["Key"]) == ("bucket", "k é")
    assert done["Location"] == f"http://127.0.0.1:{world.port}/bucket/k%20%C3%A9"
    got = await s3.get_object(**K)
    async with got["Body"] as body:
        assert await body.read() == b"x" * PART + b"tail"
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/plain", {"a": "b"}, done["ETag"])
    assert await world.contents() == {"bucket", "bucket/k é"}


async def test_parts_are_listed_in_pages(s3: S3Client) -> None:
    upload = await begin(s3, ChecksumAlgorithm="SHA256")
    for number in (3, 1, 7):
        await send(s3, upload, number, b"x" * number, ChecksumAlgorithm="SHA256")
    page = await s3.list_parts(**upload, MaxParts=2)
    assert [(row["PartNumber"], row["Size"]) for row in page["Parts"]] == [(1, 1), (3, 3)]
    assert (page["IsTruncated"], page["NextPartNumberMarker"], page["MaxParts"]) == (True, 3, 2)
    assert (page["ChecksumAlgorithm"], page["ChecksumType"]) == ("SHA256", "COMPOSITE")
    assert page["Parts"][0]["ChecksumSHA256"] == b64encode(hashlib.sha256(b"x").digest()).decode()
    assert page["Initiator"]["ID"] == page["Owner"]["ID"] == "acc-test"
    rest = await s3.list_parts(**upload, PartNumberMarker=3)
    assert [row["PartNumber"] for row in rest["Parts"]] == [7]
    assert not rest["IsTruncated"]


async def test_uploads_are_listed(s3: S3Client) -> None:
    ids = {}
    for key in ("a", "b/1", "b/2", "c d"):
        ids[key] = (await s3.create_multipart_upload(Bucket="bucket", Key=key))["UploadId"]
    page = await s3.list_multipart_uploads(Bucket="bucket", MaxUploads=2)
    assert [(row["Key"], row["UploadId"]) for row in page["Uploads"]] == [("a", ids["a"]), ("b/1", ids["b/1"])]
    assert (page["IsTruncated"], page["NextKeyMarker"], page["NextUploadIdMarker"]) == (True, "b/1", ids["b/1"])
    rest = await s3.list_multipart_uploads(
        Bucket="bucket", KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
    )
    assert [row["Key"] for row in rest["Uploads"]] == ["b/2", "c d"]
    grouped = await s3.list_multipart_uploads(Bucket="bucket", Delimiter="/", EncodingType="url")
    assert [row["Prefix"] for row in grouped["CommonPrefixes"]] == ["b/"]
    assert [row["Key"] for row in grouped["Uploads"]] == ["a", "c%20d"]
    assert [row["Key"] for row in (await s3.list_multipart_uploads(Bucket="bucket", Prefix="b/"))["Uploads"]] == [
        "b/1",
        "b/2",
    ]


async def test_uploads_of_others_are_theirs(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    await s3.create_multipart_upload(Bucket="bucket", Key="mine")
    async with world.client("olga") as olga:
        theirs = (await olga.create_multipart_upload(Bucket="bucket", Key="theirs"))["UploadId"]
        listed = [await client.list_multipart_uploads(Bucket="bucket") for client in (s3, olga)]
        parts = await olga.list_parts(Bucket="bucket", Key="theirs", UploadId=theirs)
    for page in listed:
        rows = [(row["Key"], row["Initiator"]["ID"], row["Owner"]["ID"]) for row in page["Uploads"]]
        assert rows == [("mine", "acc-test", "acc-test"), ("theirs", "acc-other", "acc-other")]
    assert parts["Owner"] == {"ID": "acc-other", "DisplayName": "other"}


async def test_abort(s3: S3Client, world: World) -> None:
    upload = await begin(s3)
    await send(s3, upload, 1, b"x")
    await s3.abort_multipart_upload(**upload)
    assert await world.contents() == {"bucket"}
    with pytest.raises(s3.exceptions.NoSuchUpload):
        await s3.abort_multipart_upload(**upload)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        await send(s3, upload, 1, b"x")
    with pytest.raises(s3.exceptions.NoSuchUpload):
        await s3.list_parts(**upload)


async def test_completions_that_are_refused(s3: S3Client, world: World) -> None:
    upload = await begin(s3)
    small, last = await send(s3, upload, 1, b"small"), await send(s3, upload, 2, b"tail")
    refused: tuple[tuple[tuple[dict[str, Any], ...], str], ...] = (
        ((small, last), "EntityTooSmall"),
        ((last, small), "InvalidPartOrder"),
        ((small, small), "InvalidPartOrder"),
        ((small, {"PartNumber": 3, "ETag": small["ETag"]}), "InvalidPart"),
        (({"PartNumber": 1, "ETag": last["ETag"]},), "InvalidPart"),
        ((), "MalformedXML"),
    )
    for parts, code in refused:
        with pytest.raises(ClientError, match=code):
            await finish(s3, upload, *parts)
        assert await world.contents() == {"bucket", "bucket/k é (upload)"}
    answer = await world.do("POST", f"/bucket/k%20%C3%A9?uploadId={upload['UploadId']}")
    assert (answer.status, answer.code) == (400, "MalformedXML")
    await finish(s3, upload, last)
    with pytest.raises(s3.exceptions.NoSuchUpload):
        await finish(s3, {**upload, "UploadId": "other"}, last)


@pytest.mark.parametrize("number", ("0", "10001", "-1", "x", "1e3", "99999999999", ""))
async def test_part_numbers_that_cannot_be(s3: S3Client, world: World, number: str) -> None:
    upload = await begin(s3)
    answer = await world.do("PUT", f"/bucket/k%20%C3%A9?partNumber={number}&uploadId={upload['UploadId']}", b"x")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert "Parts" not in await s3.list_parts(**upload)


async def test_the_last_part_number(s3: S3Client) -> None:
    upload = await begin(s3)
    part = await send(s3, upload, 10_000, b"x")
    assert (await finish(s3, upload, part))["ETag"].endswith('-1"')


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    (("CRC32", "COMPOSITE"), ("SHA1", "COMPOSITE"), ("CRC64NVME", "FULL_OBJECT")),
)
async def test_checksums_of_parts_make_that_of_the_object(s3: S3Client, algorithm: str, kind: str) -> None:
    upload = await begin(s3, ChecksumAlgorithm=algorithm)
    parts = [await send(s3, upload, n, b"x" * PART, ChecksumAlgorithm=algorithm) for n in (1, 2)]
    done = await finish(s3, upload, *parts)
    head = await s3.head_object(**K, ChecksumMode="ENABLED")
    assert head["ChecksumType"] == done["ChecksumType"] == kind
    assert head[f"Checksum{algorithm}"] == done[f"Checksum{algorithm}"]
    assert head[f"Checksum{algorithm}"].endswith("-2") is (kind == "COMPOSITE")


async def test_checksums_in_a_completion_are_compared(s3: S3Client, world: World) -> None:
    upload = await begin(s3, ChecksumAlgorithm="CRC64NVME")
    part = await send(s3, upload, 1, b"hello", ChecksumAlgorithm="CRC64NVME")
    with pytest.raises(ClientError, match="InvalidPart"):
        await finish(s3, upload, {**part, "ChecksumCRC64NVME": "AAAAAAAAAAA="})
    with pytest.raises(ClientError, match="BadDigest"):
        await finish(s3, upload, part, ChecksumCRC64NVME="AAAAAAAAAAA=")
    with pytest.raises(ClientError, match="InvalidRequest"):
        await finish(s3, upload, part, ChecksumSHA1="A" * 27 + "=")
    with pytest.raises(ClientError, match="InvalidRequest"):
        await finish(s3, upload, part, MpuObjectSize=4)
    with pytest.raises(ClientError, match="InvalidPart"):
        await finish(s3, upload, {**part, "PartNumber": 2}, MpuObjectSize=5)
    assert await world.contents() == {"bucket", "bucket/k é (upload)"}
    done = await finish(s3, upload, part, ChecksumCRC64NVME=part["ChecksumCRC64NVME"], MpuObjectSize=5)
    assert done["ChecksumCRC64NVME"] == part["ChecksumCRC64NVME"]


async def test_checksums_that_contradict_the_upload(s3: S3Client) -> None:
    upload = await begin(s3, ChecksumAlgorithm="SHA256")
    with pytest.raises(ClientError, match="InvalidRequest"):
        await send(s3, upload, 1, b"x", ChecksumAlgorithm="SHA1")
    with pytest.raises(ClientError, match="InvalidRequest"):
        await begin(s3, ChecksumAlgorithm="MD5")


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    (("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE"), ("CRC32", "OTHER")),
)
async def test_types_of_checksums_that_an_algorithm_does_not_have(s3: S3Client, algorithm: str, kind: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidRequest.*{kind}"):
        await begin(s3, ChecksumAlgorithm=algorithm, ChecksumType=kind)


async def test_a_type_of_checksum_without_an_algorithm(world: World, bucket: str) -> None:
    answer = await world.do("POST", f"/{bucket}/k?uploads", headers={"x-amz-checksum-type": "FULL_OBJECT"})
    assert (answer.status, answer.code) == (400, "InvalidRequest")


async def test_the_type_in_a_completion_is_compared(s3: S3Client) -> None:
    upload = await begin(s3, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT")
    assert (await s3.list_parts(**upload))["ChecksumType"] == "FULL_OBJECT"
    part = await send(s3, upload, 1, b"hello", ChecksumAlgorithm="CRC32C")
    with pytest.raises(ClientError, match=r"InvalidRequest.*FULL_OBJECT"):
        await finish(s3, upload, part, ChecksumType="COMPOSITE")
    done = await finish(s3, upload, part, ChecksumType="FULL_OBJECT", ChecksumCRC32C=part["ChecksumCRC32C"])
    assert done["ChecksumCRC32C"] == part["ChecksumCRC32C"]
    with pytest.raises(ClientError, match="InvalidRequest"):  # the same completion again
        await finish(s3, upload, part, ChecksumType="COMPOSITE")


async def test_conditions_on_a_completion(s3: S3Client) -> None:
    await s3.put_object(**K, Body=b"old")
    upload = await begin(s3)
    part = await send(s3, upload, 1, b"new")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        await finish(s3, upload, part, IfNoneMatch="*")
    await finish(s3, upload, part, IfMatch=hashlib.md5(b"old").hexdigest())


async def test_attributes_of_an_object_out_of_parts(s3: S3Client) -> None:
    upload = await begin(s3)
    parts = [await send(s3, upload, 1, b"x" * PART), await send(s3, upload, 2, b"y")]
    await finish(s3, upload, *parts)
    found = await s3.get_object_attributes(**K, ObjectAttributes=["ObjectParts", "Checksum", "ETag"])
    assert found["ObjectParts"]["TotalPartsCount"] == 2
    assert [row["Size"] for row in found["ObjectParts"]["Parts"]] == [PART, 1]


async def test_parts_are_copied(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"0123456789")
    upload = await begin(s3)
    source = {"CopySource": {"Bucket": "bucket", "Key": "from"}}
    part = await s3.upload_part_copy(**upload, PartNumber=1, **source, CopySourceRange="bytes=2-5")
    etag = part["CopyPartResult"]["ETag"]
    assert etag == f'"{hashlib.md5(b"2345").hexdigest()}"'
    await finish(s3, upload, {"PartNumber": 1, "ETag": etag})
    got = await s3.get_object(**K)
    async with got["Body"] as body:
        assert await body.read() == b"2345"


async def test_whole_objects_are_copied_into_parts(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="from", Body=b"0123456789")
    upload = await begin(s3)
    part = await s3.upload_part_copy(**upload, PartNumber=1, CopySource={"Bucket": "bucket", "Key": "from"})
    assert part["CopyPartResult"]["ETag"] == f'"{hashlib.md5(b"0123456789").hexdigest()}"'
    assert (await s3.list_parts(**upload))["Parts"][0]["Size"] == 10


async def test_part_copies_that_are_refused(s3: S3Client, world: World) -> None:
    etag = (await s3.put_object(Bucket="bucket", Key="from", Body=b"0123456789"))["ETag"]
    upload = await begin(s3)
    source = {"CopySource": {"Bucket": "bucket", "Key": "from"}}
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"CopySourceRange": "bytes=2-10"}, "InvalidRange"),
        ({"CopySourceRange": "bytes=5-2"}, "InvalidArgument"),
        ({"CopySourceRange": "bytes=-2"}, "InvalidArgument"),
        ({"CopySourceRange": "2-5"}, "InvalidArgument"),
        ({"CopySourceIfNoneMatch": etag}, "PreconditionFailed"),
        ({"CopySourceIfMatch": '"x"'}, "PreconditionFailed"),
        ({"CopySource": {"Bucket": "bucket", "Key": "nope"}}, "NoSuchKey"),
        ({"CopySource": {"Bucket": "bucket", "Key": "from", "VersionId": "0" * 32}}, "NoSuchVersion"),
        ({"UploadId": "other"}, "NoSuchUpload"),
        ({"PartNumber": 0}, "InvalidArgument"),
    )
    for options, code in refused:
        with pytest.raises(ClientError, match=code):
            await s3.upload_part_copy(**{**upload, "PartNumber": 1, **source, **options})
    assert "Parts" not in await s3.list_parts(**upload)


async def test_a_store_without_multipart_says_so() -> None:
    async with serving(Plain(Memory())) as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        with pytest.raises(ClientError, match="NotImplemented"):
            await begin(s3)


async def test_part_over_the_limit(store: Store) -> None:
    async with serving(store, max_put=4) as world, world.client() as s3:
        await s3.create_bucket(Bucket="bucket")
        upload = await begin(s3)
        with pytest.raises(ClientError, match="EntityTooLarge"):
            await send(s3, upload, 1, b"12345")
        await s3.put_object(Bucket="bucket", Key="from", Body=b"1234")
        assert "Parts" not in await s3.list_parts(**upload)
