"""The access check of S3 requests, made once for each from the table of operations."""

from collections.abc import Sequence

from gateway.auth import access, guard, rules
from gateway.auth.access import Action, Resource, on_version
from gateway.core.buckets import BucketMeta
from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.core.types import Key
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.copysource import CopySource
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.operations import Operation
from gateway.frontends.s3.rights import inspect

_OWNER = "x-amz-expected-bucket-owner"
_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"


async def permit(call: Call, operation: Operation) -> None:
    """Check that the caller may do `operation`, and set the bucket, and the source of a copy, that were checked.

    Raises `Denied`, and `S3Error` where the bucket can't be. That a bucket is not there is told to everybody, as S3
    does: its name is free for the taking.
    """
    if operation.on_account:
        access.check(call.principal, operation.action, Resource(call.principal.account.id, call.key.bucket))
        return
    bucket = call.bucket = await _bucket(call, call.key, _OWNER)
    version = call.query.get("versionId")
    action = on_version(operation.action, version)
    if operation.each:
        _permit_some(call, action, bucket)
    elif not guard.is_settled(call.principal, action, bucket):
        await inspect(call, action, bucket, call.key.name, version)
    if operation.source:
        source = call.source = operation.origin(call)
        await _permit_source(call, operation.source, source)


async def _bucket(call: Call, key: Key, owner_header: str) -> BucketMeta:
    try:
        bucket = await call.store.stat_bucket(key.bucket)
    except NoSuchBucket:
        raise S3Error(Code.NO_SUCH_BUCKET, BucketName=key.bucket) from None
    except InvalidName:
        raise S3Error(Code.INVALID_BUCKET_NAME, BucketName=key.bucket) from None
    expected = call.headers.get(owner_header)
    if expected is not None and expected != bucket.owner:
        raise S3Error(Code.ACCESS_DENIED)
    return bucket


def _permit_some(call: Call, action: Action, bucket: BucketMeta) -> None:
    """Raise `Denied` where none of the objects can be allowed, whatever their names."""
    if not rules.is_ruled(bucket):
        access.check(call.principal, action, Resource(bucket.owner, bucket.name))


async def _permit_source(call: Call, actions: Sequence[Action], source: CopySource) -> None:
    bucket = await _bucket(call, source.key, _SOURCE_OWNER)
    for action in actions:
        needed = on_version(action, source.version)
        if not guard.is_settled(call.principal, needed, bucket):
            await inspect(call, needed, bucket, source.key.name, source.version)
