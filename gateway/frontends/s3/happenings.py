"""What operations do to objects, as events tell it."""

from gateway.core.events import Kind, Kinds
from gateway.frontends.s3.website.site import OPERATION as WEBSITE

KINDS: Kinds = {
    "GetObject": Kind.DOWNLOAD,
    WEBSITE: Kind.DOWNLOAD,
    "PutObject": Kind.UPLOAD,
    "PostObject": Kind.UPLOAD,
    "CompleteMultipartUpload": Kind.COMBINE,
    "DeleteObject": Kind.DELETE,
    "DeleteObjects": Kind.DELETE,
    "CopyObject": Kind.COPY,
    "RenameObject": Kind.RENAME,
}
