"""Deleting many objects at once. Source: DeleteObjects in the Amazon S3 API Reference."""

import asyncio
from collections.abc import Sequence

from gateway.auth.access import Action, on_version
from gateway.auth.guard import is_settled
from gateway.core import ops
from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, SECOND, When
from gateway.core.errors import Denied, StoreError
from gateway.core.names import check_key
from gateway.core.types import Deleted, Key
from gateway.core.versions import NULL, VersionRef
from gateway.frontends.s3 import locking
from gateway.frontends.s3.address import check_length
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import content_md5, stated
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.conditional import settled
from gateway.frontends.s3.errors import S3Error, of_store
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.rights import bucket_of, inspect
from gateway.frontends.s3.xmlout import Members, Output

Outcome = Deleted | StoreError | S3Error


async def delete_objects(call: Call) -> Output:
    """DeleteObjects: each key has a result of its own."""
    if content_md5(call.headers) is None and stated(call.headers).algorithm is None:
        raise S3Error(Code.INVALID_REQUEST, "Missing required header for this request: Content-MD5")
    asked = await required_document(call)
    rows = asked.records("Objects")
    outcomes = await _delete(call, rows)
    quiet = asked.flag("Quiet")
    deleted: list[Members] = []
    errors: list[Members] = []
    for row, outcome in zip(rows, outcomes, strict=True):
        shown: Members = {"Key": row.text("Key"), "VersionId": row.text("VersionId")}
        if isinstance(outcome, Deleted):
            if not quiet:
                deleted.append({**shown, **_marker(outcome)})
        else:
            error = of_store(outcome) if isinstance(outcome, StoreError) else outcome
            errors.append({**shown, "Code": error.code.value, "Message": error.message})
    return Output({"Deleted": deleted, "Errors": errors})


def _marker(done: Deleted) -> Members:
    """What is said of a delete marker that was made or removed."""
    return {"DeleteMarker": True, "DeleteMarkerVersionId": done.version or NULL} if done.marker else {}


async def _delete(call: Call, rows: Sequence[Record]) -> Sequence[Outcome]:
    """What became of each row. Plain deletes go to the store as one, and so do those of versions."""
    bucket = bucket_of(call)
    if all(is_settled(call.principal, action, bucket) for action in (Action.DELETE, Action.DELETE_VERSION)):
        outcomes = [_misnamed(row) or await _special(call, row) for row in rows]
    else:
        outcomes = [_misnamed(row) or await _denied(call, bucket, row) or await _special(call, row) for row in rows]
    refs = [
        VersionRef(row.text("Key") or "", row.text("VersionId") or None)
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome is None
    ]
    named = [ref for ref in refs if ref.version is not None]
    plain = [ref.name for ref in refs if ref.version is None]
    versions = iter(await ops.delete_versions(call.store, call.key.bucket, named) if named else ())
    objects = iter(await ops.delete_many(call.store, call.key.bucket, plain) if plain else ())
    done = iter([next(objects) if ref.version is None else next(versions) for ref in refs])
    return [next(done) if outcome is None else outcome for outcome in outcomes]


def _misnamed(row: Record) -> Outcome | None:
    """What is wrong with the key of a row; None where an object may have it."""
    name = row.text("Key") or ""
    try:
        check_length(name)
        check_key(name)
    except (S3Error, StoreError) as error:
        return error
    return None


async def _denied(call: Call, bucket: BucketMeta, row: Record) -> StoreError | None:
    """What tells a caller that he may not delete an object; None where he may."""
    version = row.text("VersionId") or None
    await asyncio.sleep(0)  # policies may be long, and objects many
    try:
        await inspect(call, on_version(Action.DELETE, version), bucket, row.text("Key") or "", version)
    except Denied as denied:
        return denied
    return None


async def _special(call: Call, row: Record) -> Outcome | None:
    """What becomes of a row that asks for more than a plain delete; None for one that doesn't."""
    when, version = _when(row), row.text("VersionId") or None
    bypass = version is not None and locking.wants_bypass(call)
    if when == ANY and not bypass:
        return None
    key = Key(call.key.bucket, row.text("Key") or "")
    try:
        return await settled(locking.delete(call, key, version, when), call.store, key, version, when)
    except StoreError as error:
        return error


def _when(row: Record) -> When:
    """What must hold of the object of a row."""
    etag, modified = row.text("ETag"), row.time("LastModifiedTime")
    return When(
        if_match=(etag,) if etag else (),
        size=row.integer("Size"),
        modified=None if modified is None else modified // SECOND,
    )
