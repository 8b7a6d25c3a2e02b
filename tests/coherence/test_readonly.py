"""An account that an operator has made read-only is so at all doors."""

import ftplib
from io import BytesIO
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.coherence.versioned import BUCKET, World, opened

NAMED = {"Bucket": BUCKET, "Key": "file"}


async def mark(world: World, value: str) -> None:
    account = world.swift.rpartition("/")[0]
    headers = {**world.token, "X-Account-Sysmeta-Read-Only": value}
    async with world.http.post(account, headers=headers) as answer:
        assert answer.status == 204


def upload_to(ftp: ftplib.FTP, command: str) -> None:
    """Upload, and get the reply also where the data connection is reset before all was sent."""
    try:
        ftp.storbinary(command, BytesIO(b"x"))
    except ConnectionResetError:
        ftp.voidresp()


@pytest.mark.parametrize("kind", ("memory", "catalog"))
async def test_no_door_writes_to_it(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path, role="operator") as world:
        await world.store("file", b"stands")
        upload = (await world.s3.create_multipart_upload(**NAMED))["UploadId"]
        await mark(world, "true")
        for refused in (
            world.s3.put_object(**NAMED, Body=b""),
            world.s3.delete_object(**NAMED),
            world.s3.upload_part(**NAMED, UploadId=upload, PartNumber=1, Body=b"x"),
            world.s3.abort_multipart_upload(**NAMED, UploadId=upload),
            world.s3.create_bucket(Bucket="another"),
            world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                await refused
        many = await world.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "file"}]})
        assert [row["Code"] for row in many["Errors"]] == ["AccessDenied"]
        assert (await world.do("PUT", "file", b"x"), await world.do("DELETE", "file")) == (405, 405)
        path = f"/{BUCKET}/file"
        for verb in ("STOR", "APPE"):
            with pytest.raises(ftplib.error_perm, match="550"):
                await world.at_ftp(upload_to, world.ftp, f"{verb} {path}")
        for work, arguments in (
            (world.ftp.delete, (path,)),
            (world.ftp.rename, (path, f"{path}2")),
            (world.ftp.mkd, (f"/{BUCKET}/folder",)),
        ):
            with pytest.raises(ftplib.error_perm, match="550"):
                await world.at_ftp(work, *arguments)
        assert await (await world.s3.get_object(**NAMED))["Body"].read() == b"stands"
        await mark(world, "")
        await world.store("file", b"changed")
        assert await (await world.s3.get_object(**NAMED))["Body"].read() == b"changed"
