"""A bucket in which versions are locked: nothing that is done through FTP or Swift destroys one."""

import asyncio
import ftplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.coherence.versioned import BUCKET, World, opened

FILE = {"Bucket": BUCKET, "Key": "dir/file"}
LOCKED = b"what has to stay"


@pytest.fixture(params=("memory", "catalog"))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with opened(request.param, tmp_path, locked=True) as world:
        yield world


@pytest.fixture(params=("GOVERNANCE", "COMPLIANCE", "hold"))
async def version(request: pytest.FixtureRequest, world: World) -> str:
    """The id of a version that is locked."""
    until = datetime.now(UTC) + timedelta(days=1)
    lock: dict[str, Any] = {"ObjectLockMode": request.param, "ObjectLockRetainUntilDate": until}
    if request.param == "hold":
        lock = {"ObjectLockLegalHoldStatus": "ON"}
    return str((await world.s3.put_object(**FILE, Body=LOCKED, **lock))["VersionId"])


async def stays(world: World, version: str, bucket: str = BUCKET) -> None:
    """See that the version is whole, and that S3 does not let go of it either."""
    named = {"Bucket": bucket, "Key": "dir/file", "VersionId": version}
    answer = await world.s3.get_object(**named)
    assert await answer["Body"].read() == LOCKED
    with pytest.raises(ClientError, match="AccessDenied"):
        await world.s3.delete_object(**named)


async def test_ftp_destroys_no_locked_version(world: World, version: str) -> None:
    ftp, path = world.ftp, f"/{BUCKET}/dir/file"
    await world.store("dir/file", b" and more", "APPE")
    await stays(world, version)
    await world.store("dir/file", b"other")
    await world.at_ftp(ftp.rename, f"/{BUCKET}/dir", f"/{BUCKET}/moved")
    await world.store("dir/file", b"again")
    await world.at_ftp(ftp.rename, f"/{BUCKET}/moved/file", path)
    await stays(world, version)
    await world.at_ftp(ftp.delete, path)
    assert await world.at_ftp(ftp.nlst, f"/{BUCKET}") == []
    with pytest.raises(ftplib.error_perm, match="550"):
        await world.at_ftp(ftp.rmd, f"/{BUCKET}")
    await stays(world, version)


async def test_a_bucket_that_is_renamed_over_ftp_keeps_its_locks(world: World, version: str) -> None:
    await world.at_ftp(world.ftp.rename, f"/{BUCKET}", "/renamed")
    await stays(world, version, "renamed")


async def test_swift_destroys_no_locked_version(world: World, version: str) -> None:
    assert await world.do("POST", "dir/file", X_Object_Meta_Color="blue") == 202
    assert await world.do("PUT", "dir/file", X_Copy_From=f"{BUCKET}/dir/file", Content_Length="0") == 201
    assert await world.do("PUT", "dir/file", b"other") == 201
    await stays(world, version)
    assert await world.do("DELETE", "dir/file") == 204
    assert await world.do("GET", "dir/file") == 404
    async with world.http.delete(world.swift, headers=world.token) as answer:
        assert answer.status == 409
    await stays(world, version)


async def test_a_copy_over_swift_is_not_locked(world: World, version: str) -> None:
    assert await world.do("PUT", "copy", X_Copy_From=f"{BUCKET}/dir/file", Content_Length="0") == 201
    copy = {"Bucket": BUCKET, "Key": "copy"}
    found = await world.s3.head_object(**copy)
    assert not [name for name in found if name.startswith("ObjectLock")]
    await world.s3.delete_object(**copy, VersionId=found["VersionId"])
    await stays(world, version)


async def test_what_comes_by_ftp_and_swift_is_retained_as_the_bucket_says(world: World) -> None:
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    await world.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=configuration)
    await world.store("by-ftp", b"x")
    assert await world.do("PUT", "by-swift", b"x") == 201
    for name in ("by-ftp", "by-swift"):
        found = await world.s3.head_object(Bucket=BUCKET, Key=name)
        assert found["ObjectLockMode"] == "COMPLIANCE"
        with pytest.raises(ClientError, match="AccessDenied"):
            await world.s3.delete_object(Bucket=BUCKET, Key=name, VersionId=found["VersionId"])


async def test_of_a_hold_and_writes_at_all_doors_the_hold_stands(world: World) -> None:
    """Whatever order they come in: the version that was there when the hold was put is there afterwards."""
    version = (await world.s3.put_object(**FILE, Body=LOCKED))["VersionId"]
    hold = world.s3.put_object_legal_hold(**FILE, VersionId=version, LegalHold={"Status": "ON"})
    await asyncio.gather(
        hold,
        world.at_ftp(world.ftp.storbinary, f"STOR /{BUCKET}/dir/file", BytesIO(b"other")),
        world.do("DELETE", "dir/file"),
        world.do("PUT", "dir/file", b"another"),
    )
    await stays(world, version)
