"""What is served: each operation with its handler and the access that it needs.

The access check is made by dispatch from this table, so no handler can forget it. Operations of the model that do not
stand here are refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.auth.access import Action
from gateway.frontends.s3 import (
    acl,
    buckets,
    completion,
    copying,
    delete,
    encryption,
    expiration,
    listing,
    locking,
    locks,
    multipart,
    objects,
    origins,
    ownership,
    policies,
    post,
    renaming,
    service,
    tagging,
    version_listing,
    versioning,
)
from gateway.frontends.s3.call import Call, Handler
from gateway.frontends.s3.copysource import CopySource
from gateway.frontends.s3.parameters import IF_MODIFIED, IF_SIZE
from gateway.frontends.s3.website import operations as website


@dataclass(frozen=True, slots=True)
class Operation:
    """`action` is what the caller must be allowed on what the request names, `source` on what it copies or takes from,
    which `origin` reads from the request.

    `on_account`: the action is done to the caller's own account; the bucket, if one is named, need not exist.
    `each`: the check depends on what the document names, objects, tags or locks, and the handler makes it. `form`: the
    sender and the key stand in a form. `document`: the request has an XML document, or may have one.
    `lasting`: it may take long, and answers with a document.
    `heeds`: headers that mean something to this operation, and to others what is not done.
    """

    action: Action
    handler: Handler
    source: tuple[Action, ...] = ()
    origin: Callable[[Call], CopySource] = copying.origin
    on_account: bool = False
    each: bool = False
    form: bool = False
    document: bool = False
    lasting: bool = False
    heeds: frozenset[str] = frozenset()


OPERATIONS: Mapping[str, Operation] = {
    "AbortMultipartUpload": Operation(Action.ABORT_UPLOAD, multipart.abort_multipart_upload),
    "CompleteMultipartUpload": Operation(
        Action.WRITE, completion.complete_multipart_upload, document=True, lasting=True, heeds=encryption.OF_OBJECTS
    ),
    "CopyObject": Operation(
        Action.WRITE,
        copying.copy_object,
        source=(Action.READ,),
        lasting=True,
        heeds=encryption.OF_COPIES | locking.HEADERS,
    ),
    "CreateBucket": Operation(
        Action.CREATE_BUCKET,
        buckets.create_bucket,
        on_account=True,
        document=True,
        heeds=frozenset({locking.BUCKET_HEADER}),
    ),
    "CreateMultipartUpload": Operation(
        Action.WRITE, multipart.create_multipart_upload, heeds=encryption.OF_OBJECTS | locking.HEADERS
    ),
    "DeleteBucket": Operation(Action.DELETE_BUCKET, buckets.delete_bucket),
    "DeleteBucketCors": Operation(Action.PUT_CORS, origins.delete_bucket_cors),
    "DeleteBucketLifecycle": Operation(Action.PUT_LIFECYCLE, expiration.delete_bucket_lifecycle),
    "DeleteBucketEncryption": Operation(Action.PUT_ENCRYPTION, encryption.delete_bucket_encryption),
    "DeleteBucketOwnershipControls": Operation(Action.PUT_OWNERSHIP, ownership.delete_bucket_ownership_controls),
    "DeleteBucketPolicy": Operation(Action.DELETE_POLICY, policies.delete_bucket_policy),
    "DeleteBucketTagging": Operation(Action.PUT_BUCKET_TAGGING, tagging.delete_bucket_tagging),
    "DeleteBucketWebsite": Operation(Action.DELETE_WEBSITE, website.delete_bucket_website),
    "DeleteObject": Operation(Action.DELETE, objects.delete_object, heeds=frozenset({IF_SIZE, IF_MODIFIED})),
    "DeleteObjects": Operation(Action.DELETE, delete.delete_objects, each=True, document=True),
    "DeleteObjectTagging": Operation(Action.DELETE_OBJECT_TAGGING, tagging.delete_object_tagging),
    "DeletePublicAccessBlock": Operation(Action.PUT_PUBLIC_ACCESS_BLOCK, ownership.delete_public_access_block),
    "GetBucketAcl": Operation(Action.GET_BUCKET_ACL, acl.get_bucket_acl),
    "GetBucketCors": Operation(Action.GET_CORS, origins.get_bucket_cors),
    "GetBucketLifecycleConfiguration": Operation(Action.GET_LIFECYCLE, expiration.get_bucket_lifecycle_configuration),
    "GetBucketEncryption": Operation(Action.GET_ENCRYPTION, encryption.get_bucket_encryption),
    "GetBucketLocation": Operation(Action.STAT_BUCKET, buckets.get_bucket_location),
    "GetBucketOwnershipControls": Operation(Action.GET_OWNERSHIP, ownership.get_bucket_ownership_controls),
    "GetBucketPolicy": Operation(Action.GET_POLICY, policies.get_bucket_policy),
    "GetBucketPolicyStatus": Operation(Action.GET_POLICY_STATUS, policies.get_bucket_policy_status),
    "GetBucketTagging": Operation(Action.GET_BUCKET_TAGGING, tagging.get_bucket_tagging),
    "GetBucketVersioning": Operation(Action.GET_VERSIONING, versioning.get_bucket_versioning),
    "GetBucketWebsite": Operation(Action.GET_WEBSITE, website.get_bucket_website),
    "GetObject": Operation(Action.READ, objects.get_object, heeds=encryption.OF_OBJECTS),
    "GetObjectAcl": Operation(Action.GET_OBJECT_ACL, acl.get_object_acl),
    "GetObjectAttributes": Operation(Action.READ, objects.get_object_attributes, heeds=encryption.OF_OBJECTS),
    "GetObjectLegalHold": Operation(Action.GET_LEGAL_HOLD, locks.get_object_legal_hold),
    "GetObjectLockConfiguration": Operation(Action.GET_OBJECT_LOCK, locks.get_object_lock_configuration),
    "GetObjectRetention": Operation(Action.GET_RETENTION, locks.get_object_retention),
    "GetObjectTagging": Operation(Action.GET_OBJECT_TAGGING, tagging.get_object_tagging),
    "GetPublicAccessBlock": Operation(Action.GET_PUBLIC_ACCESS_BLOCK, ownership.get_public_access_block),
    "HeadBucket": Operation(Action.LIST, buckets.head_bucket),
    "HeadObject": Operation(Action.READ, objects.head_object_, heeds=encryption.OF_OBJECTS),
    "ListBuckets": Operation(Action.LIST_BUCKETS, service.list_buckets, on_account=True),
    "ListMultipartUploads": Operation(Action.LIST_UPLOADS, multipart.list_multipart_uploads),
    "ListObjectVersions": Operation(Action.LIST_VERSIONS, version_listing.list_object_versions),
    "ListObjects": Operation(Action.LIST, listing.list_objects),
    "ListObjectsV2": Operation(Action.LIST, listing.list_objects_v2),
    "ListParts": Operation(Action.LIST_PARTS, multipart.list_parts),
    "PostObject": Operation(Action.WRITE, post.post_object, form=True, heeds=encryption.OF_OBJECTS | locking.HEADERS),
    "PutBucketAcl": Operation(Action.PUT_BUCKET_ACL, acl.put_bucket_acl, document=True),
    "PutBucketCors": Operation(Action.PUT_CORS, origins.put_bucket_cors, document=True),
    "PutBucketLifecycleConfiguration": Operation(
        Action.PUT_LIFECYCLE, expiration.put_bucket_lifecycle_configuration, document=True
    ),
    "PutBucketEncryption": Operation(Action.PUT_ENCRYPTION, encryption.put_bucket_encryption, document=True),
    "PutBucketOwnershipControls": Operation(
        Action.PUT_OWNERSHIP, ownership.put_bucket_ownership_controls, document=True
    ),
    "PutBucketPolicy": Operation(Action.PUT_POLICY, policies.put_bucket_policy),
    "PutBucketTagging": Operation(Action.PUT_BUCKET_TAGGING, tagging.put_bucket_tagging, document=True),
    "PutBucketVersioning": Operation(Action.PUT_VERSIONING, versioning.put_bucket_versioning, document=True),
    "PutBucketWebsite": Operation(Action.PUT_WEBSITE, website.put_bucket_website, document=True),
    "PutObject": Operation(Action.WRITE, objects.put_object, heeds=encryption.OF_OBJECTS | locking.HEADERS),
    "PutObjectAcl": Operation(Action.PUT_OBJECT_ACL, acl.put_object_acl, document=True),
    "PutObjectLegalHold": Operation(Action.PUT_LEGAL_HOLD, locks.put_object_legal_hold, each=True, document=True),
    "PutObjectLockConfiguration": Operation(Action.PUT_OBJECT_LOCK, locks.put_object_lock_configuration, document=True),
    "PutObjectRetention": Operation(Action.PUT_RETENTION, locks.put_object_retention, each=True, document=True),
    "PutObjectTagging": Operation(Action.PUT_OBJECT_TAGGING, tagging.put_object_tagging, each=True, document=True),
    "PutPublicAccessBlock": Operation(Action.PUT_PUBLIC_ACCESS_BLOCK, ownership.put_public_access_block, document=True),
    "RenameObject": Operation(
        Action.WRITE, renaming.rename_object, source=(Action.READ, Action.DELETE), origin=renaming.origin
    ),
    "UploadPart": Operation(Action.WRITE, multipart.upload_part, heeds=encryption.OF_OBJECTS),
    "UploadPartCopy": Operation(
        Action.WRITE, copying.upload_part_copy, source=(Action.READ,), lasting=True, heeds=encryption.OF_COPIES
    ),
}
