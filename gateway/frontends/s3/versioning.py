"""Versions of objects: what is said of them, and the operations on a bucket's versioning.

Source: "Retaining multiple versions of objects with S3 Versioning" in the Amazon S3 User Guide.
"""

from gateway.core import ops
from gateway.core.types import Deleted
from gateway.core.versions import NULL, Versioning
from gateway.frontends.s3.bodies import required_document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output

HEADER = "x-amz-version-id"

_STATUS = {Versioning.ENABLED: "Enabled", Versioning.SUSPENDED: "Suspended"}


def is_versioned(call: Call) -> bool:
    """Whether versioning was ever enabled in the bucket: only then are versions spoken of."""
    return bucket_of(call).versioning is not Versioning.OFF


def shown_version(call: Call, version: str | None) -> str | None:
    """The id of a version that is read; None where none is told."""
    return version or (NULL if is_versioned(call) else None)


def deleted_members(call: Call, done: Deleted) -> Members:
    """What the answer to a delete says of versions, by the model's member names."""
    return {"DeleteMarker": True if done.marker else None, "VersionId": shown_version(call, done.version)}


async def get_bucket_versioning(call: Call) -> Output:
    """GetBucketVersioning: that versioning was never set is what an empty configuration says."""
    return Output({"Status": _STATUS.get(bucket_of(call).versioning)})


async def put_bucket_versioning(call: Call) -> Output:
    """PutBucketVersioning."""
    asked = await required_document(call)
    status = asked.text("Status")
    if asked.text("MFADelete") == "Enabled":
        raise S3Error(Code.NOT_IMPLEMENTED, "MFA delete is not implemented.")
    if status is None:
        raise S3Error(Code.ILLEGAL_VERSIONING_CONFIGURATION)
    await ops.set_versioning(call.store, call.key.bucket, enabled=status == "Enabled")
    return Output({})
