"""Deleting many objects at once. Source: DeleteObjects in the Amazon S3 API Reference."""

from collections.abc import Sequence

from gateway.auth.access import Action
from gateway.auth.guard import is_settled
from gateway.core import ops
from gateway.core.conditions import When
from gateway.core.errors import Denied, StoreError
from gateway.core.types import BucketMeta, Deleted, Key
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import content_md5, stated
from gateway.frontends.s3.codes import Code
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
                deleted.append(shown)
        else:
            error = of_store(outcome) if isinstance(outcome, StoreError) else outcome
            errors.append({**shown, "Code": error.code.value, "Message": error.message})
    return Output({"Deleted": deleted, "Errors": errors})


async def _delete(call: Call, rows: Sequence[Record]) -> Sequence[Outcome]:
    """What became of each row. Plain deletes go to the store as one."""
    bucket = bucket_of(call)
    if is_settled(call.principal, Action.DELETE, bucket):
        outcomes = [await _special(call, row) for row in rows]
    else:
        outcomes = [await _denied(call, bucket, row) or await _special(call, row) for row in rows]
    plain = [row.text("Key") or "" for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
    done = iter(await ops.delete_many(call.store, call.key.bucket, plain) if plain else ())
    return [next(done) if outcome is None else outcome for outcome in outcomes]


async def _denied(call: Call, bucket: BucketMeta, row: Record) -> StoreError | None:
    """What tells a caller that he may not delete an object; None where he may."""
    try:
        await inspect(call, Action.DELETE, bucket, row.text("Key") or "")
    except Denied as denied:
        return denied
    return None


async def _special(call: Call, row: Record) -> Outcome | None:
    """What becomes of a row that asks for more than a plain delete; None for one that doesn't."""
    if "Size" in row or "LastModifiedTime" in row:
        return S3Error(Code.NOT_IMPLEMENTED, "Deleting on condition of size or time is not implemented.")
    etag, version = row.text("ETag"), row.text("VersionId")
    if version == "null":
        version = None
    if etag is None and version is None:
        return None
    when = When(if_match=(etag,)) if etag else When()
    try:
        return await call.store.delete(Key(call.key.bucket, row.text("Key") or ""), version, when)
    except StoreError as error:
        return error
