"""Versions through the whole gateway: an S3 client, Portico with its metadata cache, and an S3 that keeps them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError

from gateway.app import running
from gateway.config.settings import CacheSettings
from gateway.stores.memory import Memory
from tests.conformance.tools import BUCKET
from tests.stores.s3.test_gateway import configured
from tests.support.remotes import serving_s3
from tests.support.servers import Remote

NAME = "dir/object"
AT = {"Bucket": BUCKET, "Key": NAME}


@asynccontextmanager
async def gateway(folder: Path, endpoint: str) -> AsyncIterator[Any]:
    """A client of the gateway over a remote. moto takes the credentials of our own remote, as any others."""
    config = configured(folder, endpoint).model_copy(update={"cache": CacheSettings()})
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app:
        keys = {"aws_access_key_id": users[0].access_key, "aws_secret_access_key": users[0].secret}
        options = AioConfig(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        url = app.endpoints["s3"]
        async with AioSession().create_client(
            "s3", region_name="us-east-1", endpoint_url=url, config=options, **keys
        ) as client:
            yield client


async def test_versions_of_moto_through_the_gateway(tmp_path: Path, moto: Remote) -> None:
    async with gateway(tmp_path, moto.endpoint) as client:
        await check(client)


async def test_versions_of_another_gateway_through_the_gateway(tmp_path: Path) -> None:
    memory = Memory()
    await memory.start()
    try:
        async with serving_s3(memory) as endpoint, gateway(tmp_path, endpoint) as client:
            await check(client)
    finally:
        await memory.aclose()


async def body(client: Any, **named: str) -> bytes:
    answer = await client.get_object(**AT, **named)
    async with answer["Body"] as stream:
        data: bytes = await stream.read()
        return data


async def refused(attempt: Any) -> tuple[int, str | None]:
    """The status and the header about delete markers of what is refused."""
    with pytest.raises(ClientError) as told:
        await attempt
    metadata = told.value.response["ResponseMetadata"]
    return metadata["HTTPStatusCode"], metadata["HTTPHeaders"].get("x-amz-delete-marker")


async def check(client: Any) -> None:
    """What stands is asked for after each step, so that the cache would show what it kept too long."""
    await client.create_bucket(Bucket=BUCKET)
    assert "Status" not in await client.get_bucket_versioning(Bucket=BUCKET)
    await client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    assert (await client.get_bucket_versioning(Bucket=BUCKET))["Status"] == "Enabled"
    ids = []
    for data in (b"1", b"22", b"333"):
        ids.append((await client.put_object(**AT, Body=data))["VersionId"])
        head = await client.head_object(**AT)
        assert (head["VersionId"], head["ContentLength"]) == (ids[-1], len(data))
    assert [await body(client, VersionId=version) for version in ids] == [b"1", b"22", b"333"]
    listed = await client.list_object_versions(Bucket=BUCKET, Prefix="dir/")
    assert [(row["VersionId"], row["IsLatest"]) for row in listed["Versions"]] == [
        (ids[2], True),
        (ids[1], False),
        (ids[0], False),
    ]
    marker = (await client.delete_object(**AT))["VersionId"]
    assert await refused(client.head_object(**AT)) == (404, "true")
    assert await refused(client.head_object(**AT, VersionId=marker)) == (405, "true")
    assert "Contents" not in await client.list_objects_v2(Bucket=BUCKET)
    first = await client.list_object_versions(Bucket=BUCKET, MaxKeys=2)
    assert first["IsTruncated"]
    rest = await client.list_object_versions(
        Bucket=BUCKET, KeyMarker=first["NextKeyMarker"], VersionIdMarker=first["NextVersionIdMarker"]
    )
    rows = [row["VersionId"] for page in (first, rest) for row in page.get("Versions", [])]
    assert rows == ids[::-1]
    await client.delete_object(**AT, VersionId=marker)
    assert (await client.head_object(**AT))["VersionId"] == ids[2]
    await client.delete_object(**AT, VersionId=ids[2])
    assert (await client.head_object(**AT))["VersionId"] == ids[1]
    copied = await client.copy_object(**AT, CopySource={**AT, "VersionId": ids[0]})
    assert (await body(client), (await client.head_object(**AT))["VersionId"]) == (b"1", copied["VersionId"])
    assert await refused(client.head_object(**AT, VersionId=ids[2])) == (404, None)
    rows = [{"Key": NAME, "VersionId": version} for version in (*ids[:2], copied["VersionId"])]
    done = await client.delete_objects(Bucket=BUCKET, Delete={"Objects": rows})
    assert ([row["VersionId"] for row in done["Deleted"]], done.get("Errors")) == (
        [row["VersionId"] for row in rows],
        None,
    )
    assert await refused(client.head_object(**AT)) == (404, None)
    await client.delete_bucket(Bucket=BUCKET)
