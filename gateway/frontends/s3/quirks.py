"""What S3 does on the wire and the model does not say."""

from collections.abc import Mapping

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

UNREACHABLE = frozenset({"ListDirectoryBuckets"})
"""Operations that differ from another one only by the host they are sent to."""

PREFLIGHT = "PreflightRequest"

UNMODELLED = (("PostObject", "POST", "bucket"), (PREFLIGHT, "OPTIONS", "object"))
"""Operations of browsers, as name, method and level: forms, and the preflight of CORS (which any path may have)."""

ROOTS: Mapping[str, str] = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
"""Root elements of answers whose output has no payload member; without an entry the output's own name is the root."""

BARE = frozenset({"GetBucketLocation"})
"""Operations whose answer is the root element with the text of its only member."""

TYPED = frozenset({"HeadBucket"})
"""Operations whose answer has no body, and states the type of one."""

UNQUOTED_ETAGS = frozenset({"GetObjectAttributes"})
"""Operations that answer with entity tags without quotes."""

ETAG = "ETag"
"""The shape of entity tags."""

OPEN_ENUMS = frozenset(
    {
        "BucketLocationConstraint",
        "Event",
        "ObjectStorageClass",
        "ReplicaModificationsStatus",
        "StorageClass",
        "TransitionStorageClass",
    }
)
"""Enumerations in whose place S3 reads any text, and answers a wrong one by another error than `MalformedXML`."""

MIB = 1024 * 1024

BODY_LIMIT = MIB
BODY_LIMITS: Mapping[str, int] = {
    "CompleteMultipartUpload": 4 * MIB,
    "DeleteObjects": 4 * MIB,
    "PutBucketCors": 64 * 1024,
    "PutBucketWebsite": 128 * 1024,
}
"""Bytes that a request's document may have, for operations that are allowed other than `BODY_LIMIT`."""

ITEM_LIMITS: Mapping[str, int] = {"ObjectIdentifierList": 1000, "CompletedPartList": 10_000, "LifecycleRules": 1000}
"""Items that a list in a request's document may have, by its shape."""
