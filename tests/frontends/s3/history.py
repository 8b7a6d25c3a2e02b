"""What the tests of versions over S3 share."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.frontends.s3.world import S3Client

UNKNOWN = "0" * 32
BUCKET = {"Bucket": "bucket"}
KEY = {"Bucket": "bucket", "Key": "k"}


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
    """Status, code, message and headers of an answer that refuses."""
    with pytest.raises(ClientError) as told:
        await call
    response: dict[str, Any] = dict(told.value.response)
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    return {
        "status": response["ResponseMetadata"]["HTTPStatusCode"],
        "code": response["Error"]["Code"],
        "message": response["Error"]["Message"],
        "marker": headers.get("x-amz-delete-marker"),
        "version": headers.get("x-amz-version-id"),
        "headers": headers,
    }
