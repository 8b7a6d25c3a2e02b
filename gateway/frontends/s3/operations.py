"""What is served: each operation with its handler and the access that it needs.

The access check is made by dispatch from this table, so no handler can forget it. Operations of the model that do not
stand here are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.auth.access import Action
from gateway.frontends.s3 import buckets, completion, copying, delete, listing, multipart, objects, service
from gateway.frontends.s3.call import Handler


@dataclass(frozen=True, slots=True)
class Operation:
    """`action` is what the caller must be allowed on what the request names, `source` on what it copies from.

    `on_account`: the action is done to the caller's own account; the bucket, if one is named, need not exist.
    `each`: the document names the objects, and the handler makes the check of each of them. `document`: the request has
    an XML document, or may have one.
    """

    action: Action
    handler: Handler
    source: Action | None = None
    on_account: bool = False
    each: bool = False
    document: bool = False


OPERATIONS: Mapping[str, Operation] = {
    "AbortMultipartUpload": Operation(Action.ABORT_UPLOAD, multipart.abort_multipart_upload),
    "CompleteMultipartUpload": Operation(Action.WRITE, completion.complete_multipart_upload, document=True),
    "CopyObject": Operation(Action.WRITE, copying.copy_object, source=Action.READ),
    "CreateBucket": Operation(Action.CREATE_BUCKET, buckets.create_bucket, on_account=True, document=True),
    "CreateMultipartUpload": Operation(Action.WRITE, multipart.create_multipart_upload),
    "DeleteBucket": Operation(Action.DELETE_BUCKET, buckets.delete_bucket),
    "DeleteObject": Operation(Action.DELETE, objects.delete_object),
    "DeleteObjects": Operation(Action.DELETE, delete.delete_objects, each=True, document=True),
    "GetBucketLocation": Operation(Action.STAT_BUCKET, buckets.get_bucket_location),
    "GetBucketVersioning": Operation(Action.STAT_BUCKET, buckets.get_bucket_versioning),
    "GetObject": Operation(Action.READ, objects.get_object),
    "GetObjectAttributes": Operation(Action.READ, objects.get_object_attributes),
    "HeadBucket": Operation(Action.LIST, buckets.head_bucket),
    "HeadObject": Operation(Action.READ, objects.head_object_),
    "ListBuckets": Operation(Action.LIST_BUCKETS, service.list_buckets, on_account=True),
    "ListMultipartUploads": Operation(Action.LIST_UPLOADS, multipart.list_multipart_uploads),
    "ListObjects": Operation(Action.LIST, listing.list_objects),
    "ListObjectsV2": Operation(Action.LIST, listing.list_objects_v2),
    "ListParts": Operation(Action.LIST_PARTS, multipart.list_parts),
    "PutObject": Operation(Action.WRITE, objects.put_object),
    "UploadPart": Operation(Action.WRITE, multipart.upload_part),
    "UploadPartCopy": Operation(Action.WRITE, copying.upload_part_copy, source=Action.READ),
}
