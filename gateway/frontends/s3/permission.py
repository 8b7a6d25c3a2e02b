"""The access check of S3 requests, made once for each from the table of operations."""

from collections.abc import Mapping

from gateway.auth import access
from gateway.auth.access import Action, Resource
from gateway.auth.principals import Principal
from gateway.core.errors import InvalidName, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import BucketMeta, Key
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.copysource import CopySource, copy_source
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.operations import Operation

_OWNER = "x-amz-expected-bucket-owner"
_SOURCE_OWNER = "x-amz-source-expected-bucket-owner"


async def permit(
    store: Store, principal: Principal, operation: Operation, key: Key, headers: Mapping[str, str]
) -> tuple[BucketMeta | None, CopySource | None]:
    """Check that `principal` may do `operation` to `key`; the bucket, and the source of a copy, are what was checked.

    Raises `Denied`, and `S3Error` where the bucket can't be.
    """
    if operation.on_account:
        access.check(principal, operation.action, Resource(principal.account.id, key.bucket, key.name))
        return None, None
    bucket = await _permit(store, principal, operation.action, key, headers.get(_OWNER))
    if operation.source is None:
        return bucket, None
    source = copy_source(headers)
    await _permit(store, principal, operation.source, source.key, headers.get(_SOURCE_OWNER))
    return bucket, source


async def _permit(
    store: Store, principal: Principal, action: Action, key: Key, expected_owner: str | None
) -> BucketMeta:
    try:
        bucket = await access.check_bucket(store, principal, action, key.bucket, key.name)
    except NoSuchBucket:
        raise S3Error(Code.NO_SUCH_BUCKET, BucketName=key.bucket) from None
    except InvalidName:
        raise S3Error(Code.INVALID_BUCKET_NAME, BucketName=key.bucket) from None
    if expected_owner is not None and expected_owner != bucket.owner:
        raise S3Error(Code.ACCESS_DENIED)
    return bucket
