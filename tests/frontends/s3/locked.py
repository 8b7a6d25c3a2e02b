"""What tests of object locks share: a bucket with locks, and times to keep versions until."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

from tests.frontends.s3.history import refusal
from tests.frontends.s3.world import Answer, S3Client, World

BUCKET = {"Bucket": "locked"}
KEY = {**BUCKET, "Key": "k"}
GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
NOW = datetime.now(UTC).replace(microsecond=0)


def after(days: float) -> datetime:
    return NOW + timedelta(days=days)


def retention(mode: str = GOVERNANCE, days: float = 30) -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": after(days)}


def configuration(mode: str = GOVERNANCE, **period: int) -> dict[str, Any]:
    """A document that sets the retention of new versions; without a period, none."""
    rule = {"Rule": {"DefaultRetention": {"Mode": mode, **period}}} if period else {}
    return {"ObjectLockEnabled": "Enabled", **rule}


def stated(mode: str = GOVERNANCE, days: float = 30, hold: str = "") -> dict[str, Any]:
    """The same of a new object, as its writer states it."""
    held = {"ObjectLockLegalHoldStatus": hold} if hold else {}
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": after(days), **held}


async def put(s3: S3Client, body: str = "x", **more: Any) -> str:
    """Write a version, and give its id."""
    return str((await s3.put_object(**{**KEY, "Body": body, **more}))["VersionId"])


async def is_there(s3: S3Client, version: str, **key: str) -> bool:
    page = await s3.list_object_versions(**BUCKET)
    rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return (key.get("Key", "k"), version) in {(row["Key"], row["VersionId"]) for row in rows}


async def denied(call: Any) -> None:
    """See that a lock forbids it, or a right is missing."""
    told = await refusal(call)
    assert (told["status"], told["code"]) == (403, "AccessDenied")


async def verified(world: World, target: str, body: bytes, user: str = "alice") -> Answer:
    """Put a document with the digest that it has to come with."""
    digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()
    return await world.do("PUT", target, body, {"Content-MD5": digest}, user)
