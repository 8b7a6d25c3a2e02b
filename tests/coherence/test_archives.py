"""Former versions go to the container that Swift's clients name, whichever door replaces or deletes."""

import asyncio
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.coherence.versioned import BUCKET, World, opened

PAST = "past"
NAMED = {"Bucket": BUCKET, "Key": "file"}


async def archiving(world: World, *, history: bool = False) -> None:
    await world.s3.create_bucket(Bucket=PAST)
    setting = (
        world.do("POST", "", X_History_Location=PAST) if history else world.do("POST", "", X_Versions_Location=PAST)
    )
    assert await setting == 204


async def past(world: World) -> list[bytes]:
    """What lies in the archive, by name, from the oldest on."""
    rows = (await world.s3.list_objects_v2(Bucket=PAST)).get("Contents", [])
    found = [await world.s3.get_object(Bucket=PAST, Key=row["Key"]) for row in rows]
    return [await answer["Body"].read() for answer in found]


@pytest.mark.parametrize("kind", ("memory", "catalog"))
async def test_writes_of_all_doors_are_kept(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path, versioned=False) as world:
        await archiving(world)
        await world.store("file", b"ftp")
        await world.s3.put_object(**NAMED, Body=b"s3")
        assert await world.do("PUT", "file", b"swift") == 201
        upload = (await world.s3.create_multipart_upload(**NAMED))["UploadId"]
        part = await world.s3.upload_part(**NAMED, UploadId=upload, PartNumber=1, Body=b"parts")
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        await world.s3.complete_multipart_upload(**NAMED, UploadId=upload, MultipartUpload=parts)
        await world.store("file", b", appended", "APPE")
        await world.store("other", b"renamed")
        await world.at_ftp(world.ftp.rename, f"/{BUCKET}/other", f"/{BUCKET}/file")
        assert await past(world) == [b"ftp", b"s3", b"swift", b"parts", b"parts, appended"]


@pytest.mark.parametrize("kind", ("memory", "catalog"))
async def test_deletes_of_all_doors_restore_from_a_stack(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path, versioned=False) as world:
        await archiving(world)
        for body in (b"1", b"2", b"3", b"4", b"5"):
            await world.s3.put_object(**NAMED, Body=body)
        await world.s3.delete_object(**NAMED)
        await world.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "file"}]})
        await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
        assert await world.do("DELETE", "file") == 204
        assert await (await world.s3.get_object(**NAMED))["Body"].read() == b"1"
        assert await past(world) == []


async def test_a_history_keeps_folders_that_are_renamed(tmp_path: Path) -> None:
    async with opened("memory", tmp_path, versioned=False) as world:
        await archiving(world, history=True)
        await world.at_ftp(world.ftp.mkd, f"/{BUCKET}/folder")
        await world.store("folder/file", b"inside")
        await world.at_ftp(world.ftp.rename, f"/{BUCKET}/folder", f"/{BUCKET}/moved")
        assert await (await world.s3.get_object(Bucket=BUCKET, Key="moved/file"))["Body"].read() == b"inside"
        assert sorted(await past(world)) == [b"", b"", b"", b"inside"]


async def test_versioning_of_s3_is_refused_there(tmp_path: Path) -> None:
    async with opened("memory", tmp_path, versioned=False) as world:
        await archiving(world)
        for status in ("Enabled", "Suspended"):
            with pytest.raises(ClientError, match="InvalidBucketState"):
                await world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})
        assert await world.do("POST", "", X_Remove_Versions_Location="x") == 204
        await world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


async def test_without_the_archive_no_door_overwrites(tmp_path: Path) -> None:
    async with opened("memory", tmp_path, versioned=False) as world:
        assert await world.do("POST", "", X_Versions_Location="missing") == 204
        await world.store("file", b"first")
        with pytest.raises(ClientError, match="InvalidBucketState"):
            await world.s3.put_object(**NAMED, Body=b"second")
        with pytest.raises(Exception, match="550"):
            await world.store("file", b"second")
        assert await world.do("PUT", "file", b"second") == 412
        assert await (await world.s3.get_object(**NAMED))["Body"].read() == b"first"


@pytest.mark.parametrize("kind", ("memory", "catalog"))
async def test_of_writes_at_once_none_is_lost(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path, versioned=False) as world:
        await archiving(world)
        bodies = [str(number).encode() * 1000 for number in range(20)]
        statuses = await asyncio.gather(*(world.do("PUT", "file", body) for body in bodies))
        assert set(statuses) == {201}
        stands = await (await world.s3.get_object(**NAMED))["Body"].read()
        assert sorted([*await past(world), stands]) == sorted(bodies)
