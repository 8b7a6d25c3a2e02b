"""Actions, and what each role may do without any further grant.

Every frontend's operation table names the action that each operation needs; `guard` asks whether it is allowed.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.auth.principals import Principal, Role
from gateway.core.errors import Denied


class Action(StrEnum):
    """What an operation does to what it names; the values are S3's action names where S3 has one."""

    LIST_BUCKETS = "s3:ListAllMyBuckets"
    STAT_ACCOUNT = "swift:StatAccount"
    UPDATE_ACCOUNT = "swift:UpdateAccount"
    LIST_ACCOUNTS = "swift:ListAccounts"
    CREATE_ACCOUNT = "swift:CreateAccount"
    DELETE_ACCOUNT = "swift:DeleteAccount"
    REFRESH_COUNTERS = "swift:RefreshCounters"
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
    GET_BUCKET_ACL = "s3:GetBucketAcl"
    PUT_BUCKET_ACL = "s3:PutBucketAcl"
    GET_OBJECT_ACL = "s3:GetObjectAcl"
    PUT_OBJECT_ACL = "s3:PutObjectAcl"
    GET_POLICY = "s3:GetBucketPolicy"
    PUT_POLICY = "s3:PutBucketPolicy"
    DELETE_POLICY = "s3:DeleteBucketPolicy"
    GET_POLICY_STATUS = "s3:GetBucketPolicyStatus"
    GET_OWNERSHIP = "s3:GetBucketOwnershipControls"
    PUT_OWNERSHIP = "s3:PutBucketOwnershipControls"
    GET_PUBLIC_ACCESS_BLOCK = "s3:GetBucketPublicAccessBlock"
    PUT_PUBLIC_ACCESS_BLOCK = "s3:PutBucketPublicAccessBlock"
    GET_VERSIONING = "s3:GetBucketVersioning"
    PUT_VERSIONING = "s3:PutBucketVersioning"
    LIST_VERSIONS = "s3:ListBucketVersions"
    READ_VERSION = "s3:GetObjectVersion"
    DELETE_VERSION = "s3:DeleteObjectVersion"
    GET_VERSION_ACL = "s3:GetObjectVersionAcl"
    PUT_VERSION_ACL = "s3:PutObjectVersionAcl"
    GET_OBJECT_TAGGING = "s3:GetObjectTagging"
    PUT_OBJECT_TAGGING = "s3:PutObjectTagging"
    DELETE_OBJECT_TAGGING = "s3:DeleteObjectTagging"
    GET_VERSION_TAGGING = "s3:GetObjectVersionTagging"
    PUT_VERSION_TAGGING = "s3:PutObjectVersionTagging"
    DELETE_VERSION_TAGGING = "s3:DeleteObjectVersionTagging"
    GET_BUCKET_TAGGING = "s3:GetBucketTagging"
    PUT_BUCKET_TAGGING = "s3:PutBucketTagging"
    GET_ENCRYPTION = "s3:GetEncryptionConfiguration"
    PUT_ENCRYPTION = "s3:PutEncryptionConfiguration"
    GET_OBJECT_LOCK = "s3:GetBucketObjectLockConfiguration"
    PUT_OBJECT_LOCK = "s3:PutBucketObjectLockConfiguration"
    GET_RETENTION = "s3:GetObjectRetention"
    PUT_RETENTION = "s3:PutObjectRetention"
    GET_LEGAL_HOLD = "s3:GetObjectLegalHold"
    PUT_LEGAL_HOLD = "s3:PutObjectLegalHold"
    BYPASS_RETENTION = "s3:BypassGovernanceRetention"
    GET_CORS = "s3:GetBucketCORS"
    PUT_CORS = "s3:PutBucketCORS"
    GET_WEBSITE = "s3:GetBucketWebsite"
    PUT_WEBSITE = "s3:PutBucketWebsite"
    DELETE_WEBSITE = "s3:DeleteBucketWebsite"
    GET_LIFECYCLE = "s3:GetLifecycleConfiguration"
    PUT_LIFECYCLE = "s3:PutLifecycleConfiguration"


OF_VERSION: Mapping[Action, Action] = {
    Action.READ: Action.READ_VERSION,
    Action.DELETE: Action.DELETE_VERSION,
    Action.GET_OBJECT_ACL: Action.GET_VERSION_ACL,
    Action.PUT_OBJECT_ACL: Action.PUT_VERSION_ACL,
    Action.GET_OBJECT_TAGGING: Action.GET_VERSION_TAGGING,
    Action.PUT_OBJECT_TAGGING: Action.PUT_VERSION_TAGGING,
    Action.DELETE_OBJECT_TAGGING: Action.DELETE_VERSION_TAGGING,
}
"""What has to be allowed instead where a request names a version."""


def on_version(action: Action, version: str | None) -> Action:
    """What has to be allowed for `action` to be done to a version; None: to the object that stands."""
    return action if version is None else OF_VERSION.get(action, action)


class Resource(NamedTuple):
    """What an operation is about: an account, and in it a bucket, and in it an object, as far as it is that deep."""

    account: str
    bucket: str = ""
    name: str = ""


_READS = frozenset(
    {
        Action.LIST_BUCKETS,
        Action.STAT_ACCOUNT,
        Action.STAT_BUCKET,
        Action.LIST,
        Action.LIST_UPLOADS,
        Action.READ,
        Action.GET_OBJECT_ACL,
        Action.GET_VERSIONING,
        Action.LIST_VERSIONS,
        Action.READ_VERSION,
        Action.GET_VERSION_ACL,
        Action.GET_OBJECT_TAGGING,
        Action.GET_VERSION_TAGGING,
        Action.GET_OBJECT_LOCK,
        Action.GET_RETENTION,
        Action.GET_LEGAL_HOLD,
    }
)
_WRITES = frozenset(
    {
        Action.WRITE,
        Action.DELETE,
        Action.DELETE_VERSION,
        Action.LIST_PARTS,
        Action.ABORT_UPLOAD,
        Action.PUT_OBJECT_TAGGING,
        Action.PUT_VERSION_TAGGING,
        Action.DELETE_OBJECT_TAGGING,
        Action.DELETE_VERSION_TAGGING,
        Action.PUT_RETENTION,
    }
)

_INSTALLATION = frozenset({Action.LIST_ACCOUNTS, Action.CREATE_ACCOUNT, Action.DELETE_ACCOUNT, Action.REFRESH_COUNTERS})
"""What concerns more than the account that it is about."""

ALLOWED: Mapping[Role, frozenset[Action]] = {
    Role.OPERATOR: frozenset(Action),
    Role.ADMIN: frozenset(Action) - _INSTALLATION,
    Role.WRITER: _READS | _WRITES,
    Role.READER: _READS,
    Role.NONE: frozenset[Action](),
}
"""What each role allows."""


def may(principal: Principal, action: Action, resource: Resource) -> bool:
    """Whether the role of `principal` allows `action` on `resource`."""
    account = resource.account
    if action in ALLOWED[principal.role] and (
        principal.account.id == account or principal.role is Role.OPERATOR or principal.is_of(account)
    ):
        return True
    return principal.standing.reads_all and action in _READS


def check(principal: Principal, action: Action, resource: Resource) -> None:
    """Raise `Denied` unless the role of `principal` allows `action` on `resource`."""
    if not may(principal, action, resource):
        raise Denied
