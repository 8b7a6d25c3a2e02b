"""Locks through the whole gateway: an S3 client, Portico with its metadata cache, and an S3 that holds them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.stores.catalog import Catalog, CatalogSettings
from tests.conformance.tools import BUCKET
from tests.stores.s3.test_gateway_versions import AT, NAME, gateway
from tests.support.remotes import serving_s3
from tests.support.servers import Remote

DEFAULT = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2}},
}


def days(number: int) -> datetime:
    """So many days from now, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=number)


async def refused(attempt: Any) -> str:
    with pytest.raises(ClientError) as told:
        await attempt
    code: str = told.value.response["Error"]["Code"]
    return code


async def retention(client: Any, version: str) -> tuple[str, datetime]:
    told = (await client.get_object_retention(**AT, VersionId=version))["Retention"]
    return told["Mode"], told["RetainUntilDate"]


async def test_locks_of_moto_through_the_gateway(tmp_path: Path, moto: Remote) -> None:
    async with gateway(tmp_path, moto.endpoint) as client:
        await check(client)


async def test_locks_of_another_gateway_through_the_gateway(tmp_path: Path) -> None:
    catalog = Catalog(CatalogSettings(path=tmp_path / "data"))
    await catalog.start()
    try:
        async with serving_s3(catalog) as endpoint, gateway(tmp_path, endpoint) as client:
            await check(client)
            await check_default(client)
    finally:
        await catalog.aclose()


async def check(client: Any) -> None:
    """What stands is asked for after each step, so that the cache would show what it kept too long."""
    await client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    configured = await client.get_object_lock_configuration(Bucket=BUCKET)
    assert configured["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert (await client.get_bucket_versioning(Bucket=BUCKET))["Status"] == "Enabled"
    suspended = {"Status": "Suspended"}
    attempt = client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=suspended)
    assert await refused(attempt) == "InvalidBucketState"

    stated = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": days(1), "ObjectLockLegalHoldStatus": "ON"}
    version = (await client.put_object(**AT, Body=b"1", **stated))["VersionId"]
    head = await client.head_object(**AT)
    assert {name: head[name] for name in stated} == stated
    assert await refused(client.delete_object(**AT, VersionId=version)) == "AccessDenied"
    await client.put_object_legal_hold(**AT, VersionId=version, LegalHold={"Status": "OFF"})
    assert (await client.get_object_legal_hold(**AT, VersionId=version))["LegalHold"] == {"Status": "OFF"}
    assert (await client.head_object(**AT))["ObjectLockLegalHoldStatus"] == "OFF"
    assert await refused(client.delete_object(**AT, VersionId=version)) == "AccessDenied"

    longer = {"Mode": "GOVERNANCE", "RetainUntilDate": days(3)}
    await client.put_object_retention(**AT, VersionId=version, Retention=longer)
    assert await retention(client, version) == ("GOVERNANCE", longer["RetainUntilDate"])
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": days(2)}
    attempt = client.put_object_retention(**AT, VersionId=version, Retention=shorter)
    assert await refused(attempt) == "AccessDenied"
    await client.put_object_retention(**AT, VersionId=version, Retention=shorter, BypassGovernanceRetention=True)
    assert await retention(client, version) == ("GOVERNANCE", shorter["RetainUntilDate"])
    await client.delete_object(**AT, VersionId=version, BypassGovernanceRetention=True)
    assert await refused(client.head_object(**AT, VersionId=version)) == "404"


async def check_default(client: Any) -> None:
    await client.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration=DEFAULT)
    configured = await client.get_object_lock_configuration(Bucket=BUCKET)
    assert configured["ObjectLockConfiguration"] == DEFAULT
    version = (await client.put_object(**AT, Body=b"2"))["VersionId"]
    mode, until = await retention(client, version)
    assert (mode, abs(until - days(2)) < timedelta(minutes=1)) == ("GOVERNANCE", True)
    upload = {**AT, "UploadId": (await client.create_multipart_upload(**AT))["UploadId"]}
    part = await client.upload_part(**upload, PartNumber=1, Body=b"3", ChecksumAlgorithm="CRC32")
    named = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
    made = (await client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [named]}))["VersionId"]
    assert (await retention(client, made))[0] == "GOVERNANCE"
    rows = [{"Key": NAME, "VersionId": each} for each in (version, made)]
    done = await client.delete_objects(Bucket=BUCKET, Delete={"Objects": rows})
    assert [row["Code"] for row in done["Errors"]] == ["AccessDenied", "AccessDenied"]
    marker = (await client.delete_object(**AT))["VersionId"]
    assert await refused(client.delete_bucket(Bucket=BUCKET)) == "BucketNotEmpty"
    await client.delete_object(**AT, VersionId=marker)
    assert (await client.head_object(**AT))["VersionId"] == made
