"""The names that S3's policies are written with: its actions, and the condition keys that requests have values for.

Source: "Actions, resources, and condition keys for Amazon S3" in the Service Authorization Reference.
"""

_CONFIGURED = (
    "AccelerateConfiguration", "AnalyticsConfiguration", "BucketAcl", "BucketCORS", "BucketLogging",
    "BucketNotification", "BucketObjectLockConfiguration", "BucketOwnershipControls", "BucketPolicy",
    "BucketPublicAccessBlock", "BucketRequestPayment", "BucketTagging", "BucketVersioning", "BucketWebsite",
    "EncryptionConfiguration", "IntelligentTieringConfiguration", "InventoryConfiguration", "LifecycleConfiguration",
    "MetricsConfiguration", "ObjectAcl", "ObjectLegalHold", "ObjectRetention", "ObjectTagging", "ObjectVersionAcl",
    "ObjectVersionTagging", "ReplicationConfiguration",
)  # fmt: skip
"""What is both got and put."""

_OTHERS = (
    "AbortMultipartUpload", "BypassGovernanceRetention", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy",
    "DeleteBucketWebsite", "DeleteObject", "DeleteObjectTagging", "DeleteObjectVersion", "DeleteObjectVersionTagging",
    "GetBucketLocation", "GetBucketPolicyStatus", "GetObject", "GetObjectAttributes", "GetObjectTorrent",
    "GetObjectVersion", "GetObjectVersionAttributes", "GetObjectVersionForReplication", "GetObjectVersionTorrent",
    "InitiateReplication", "ListAllMyBuckets", "ListBucket", "ListBucketMultipartUploads", "ListBucketVersions",
    "ListMultipartUploadParts", "ObjectOwnerOverrideToBucketOwner", "PutObject", "RenameObject", "ReplicateDelete",
    "ReplicateObject", "ReplicateTags", "RestoreObject", "UpdateBucketMetadataJournalTableConfiguration",
)  # fmt: skip

ACTIONS = frozenset(
    f"s3:{name}".lower() for name in (*_OTHERS, *(verb + thing for thing in _CONFIGURED for verb in ("Get", "Put")))
)
"""All actions, in lower case: their names are the same whatever their letters' case."""

KEYS = frozenset(
    {
        "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:principaltype",
        "aws:referer", "aws:securetransport", "aws:sourceip", "aws:userid", "aws:useragent", "aws:username",
        "s3:authtype", "s3:delimiter", "s3:if-match", "s3:if-none-match", "s3:max-keys",
        "s3:object-lock-legal-hold", "s3:object-lock-mode", "s3:object-lock-remaining-retention-days",
        "s3:object-lock-retain-until-date", "s3:prefix",
        "s3:requestobjecttagkeys", "s3:resourceaccount", "s3:signatureage", "s3:signatureversion",
        "s3:versionid", "s3:x-amz-acl", "s3:x-amz-content-sha256", "s3:x-amz-copy-source",
        "s3:x-amz-expected-bucket-owner", "s3:x-amz-grant-full-control", "s3:x-amz-grant-read",
        "s3:x-amz-grant-read-acp", "s3:x-amz-grant-write", "s3:x-amz-grant-write-acp", "s3:x-amz-metadata-directive",
        "s3:x-amz-object-ownership", "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-server-side-encryption-customer-algorithm",
        "s3:x-amz-storage-class", "s3:x-amz-website-redirect-location",
    }
)  # fmt: skip
"""Condition keys, in lower case. A policy with another one is refused: a denial by it would never come about."""

EXISTING_TAG = "s3:existingobjecttag/"
REQUEST_TAG = "s3:requestobjecttag/"
"""Beginnings of the keys that name a tag, in lower case; the tag's own letters count as they are."""


def folded(key: str) -> str:
    """A condition key in the one form that it is looked up by."""
    head, slash, tag = key.partition("/")
    return head.lower() + slash + tag


def is_key(key: str) -> bool:
    """Whether there is such a condition key; `key` is folded."""
    return key in KEYS or any(key.startswith(start) and key != start for start in (EXISTING_TAG, REQUEST_TAG))
