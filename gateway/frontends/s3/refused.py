"""Why operations of the model are refused: what clients are told, and `docs/s3.md`."""

from collections.abc import Mapping

_REASONS: Mapping[str, tuple[str, ...]] = {
    "there is one class of storage, and requests go by one way": (
        "GetBucketAccelerateConfiguration",
        "PutBucketAccelerateConfiguration",
        "GetBucketIntelligentTieringConfiguration",
        "PutBucketIntelligentTieringConfiguration",
        "DeleteBucketIntelligentTieringConfiguration",
        "ListBucketIntelligentTieringConfigurations",
        "RestoreObject",
    ),
    "nobody is charged for requests": ("GetBucketRequestPayment", "PutBucketRequestPayment"),
    "what happens in buckets is told by the access log and the metrics of the server": (
        "GetBucketLogging",
        "PutBucketLogging",
        "GetBucketMetricsConfiguration",
        "PutBucketMetricsConfiguration",
        "DeleteBucketMetricsConfiguration",
        "ListBucketMetricsConfigurations",
        "GetBucketAnalyticsConfiguration",
        "PutBucketAnalyticsConfiguration",
        "DeleteBucketAnalyticsConfiguration",
        "ListBucketAnalyticsConfigurations",
    ),
    "listings are at hand at once, so no inventory or table of them is made": (
        "GetBucketInventoryConfiguration",
        "PutBucketInventoryConfiguration",
        "DeleteBucketInventoryConfiguration",
        "ListBucketInventoryConfigurations",
        "CreateBucketMetadataConfiguration",
        "GetBucketMetadataConfiguration",
        "DeleteBucketMetadataConfiguration",
        "CreateBucketMetadataTableConfiguration",
        "GetBucketMetadataTableConfiguration",
        "DeleteBucketMetadataTableConfiguration",
        "UpdateBucketMetadataAnnotationTableConfiguration",
        "UpdateBucketMetadataInventoryTableConfiguration",
        "UpdateBucketMetadataJournalTableConfiguration",
    ),
    "nobody is notified of events": ("GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration"),
    "copies are made by the store, not by rules of a bucket": (
        "GetBucketReplication",
        "PutBucketReplication",
        "DeleteBucketReplication",
    ),
    "objects have tags and metadata, and no annotations": (
        "GetObjectAnnotation",
        "PutObjectAnnotation",
        "DeleteObjectAnnotation",
        "ListObjectAnnotations",
    ),
    "access is ruled by roles, lists and policies, not by tags of buckets": ("GetBucketAbac", "PutBucketAbac"),
    "there are no directory buckets; requests are signed by the user's own key": ("CreateSession",),
    "objects are served as they are, and not run through queries or functions": (
        "SelectObjectContent",
        "WriteGetObjectResponse",
    ),
    "there are no torrents": ("GetObjectTorrent",),
}

REASONS: Mapping[str, str] = {name: why for why, names in _REASONS.items() for name in names}
"""By the operation's name. One that is neither here nor served is not built."""
