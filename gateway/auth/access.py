"""The one access check. Every frontend's operation table names the action that each operation needs."""

from enum import StrEnum
from typing import NamedTuple

from gateway.auth.principals import Principal, Role
from gateway.core.errors import Denied, NoSuchBucket
from gateway.core.store import Store
from gateway.core.types import BucketMeta


class Action(StrEnum):
    """What an operation does to what it names; the values are S3's action names where S3 has one."""

    LIST_BUCKETS = "s3:ListAllMyBuckets"
    STAT_ACCOUNT = "swift:StatAccount"
    UPDATE_ACCOUNT = "swift:UpdateAccount"
    CREATE_BUCKET = "s3:CreateBucket"
    DELETE_BUCKET = "s3:DeleteBucket"
    UPDATE_BUCKET = "swift:UpdateContainer"
    STAT_BUCKET = "s3:GetBucketLocation"
    LIST = "s3:ListBucket"
    LIST_UPLOADS = "s3:ListBucketMultipartUploads"
    READ = "s3:GetObject"
    WRITE = "s3:PutObject"
    DELETE = "s3:DeleteObject"
    LIST_PARTS = "s3:ListMultipartUploadParts"
    ABORT_UPLOAD = "s3:AbortMultipartUpload"


class Resource(NamedTuple):
    """What an operation is about: an account, and in it a bucket, and in it an object, as far as it is that deep."""

    account: str
    bucket: str = ""
    name: str = ""


_READS = frozenset(
    {Action.LIST_BUCKETS, Action.STAT_ACCOUNT, Action.STAT_BUCKET, Action.LIST, Action.LIST_UPLOADS, Action.READ}
)
_WRITES = frozenset({Action.WRITE, Action.DELETE, Action.LIST_PARTS, Action.ABORT_UPLOAD})

_ALLOWED = {
    Role.OPERATOR: frozenset(Action),
    Role.ADMIN: frozenset(Action),
    Role.WRITER: _READS | _WRITES,
    Role.READER: _READS,
    Role.NONE: frozenset[Action](),
}


def may(principal: Principal, action: Action, resource: Resource) -> bool:
    """Whether `principal` may do `action` to `resource`."""
    if action not in _ALLOWED[principal.role]:
        return False
    return principal.role is Role.OPERATOR or principal.account.id == resource.account


def check(principal: Principal, action: Action, resource: Resource) -> None:
    """Raise `Denied` unless `principal` may do `action` to `resource`."""
    if not may(principal, action, resource):
        raise Denied


async def check_bucket(store: Store, principal: Principal, action: Action, bucket: str, name: str = "") -> BucketMeta:
    """Check an action on a bucket that stands, or on an object in it, and return the bucket.

    Raises `NoSuchBucket` and `Denied`. Whoever is anonymous is denied the same whether it exists or not.
    """
    try:
        found = await store.stat_bucket(bucket)
    except NoSuchBucket:
        check(principal, action, Resource(principal.account.id, bucket, name))
        raise
    check(principal, action, Resource(found.owner, bucket, name))
    return found
