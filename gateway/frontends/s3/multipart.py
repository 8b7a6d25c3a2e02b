"""Multipart uploads. Source: "Uploading and copying objects using multipart upload" in the Amazon S3 User Guide."""

from collections.abc import Callable

from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.locks import OBJECT_LOCK
from gateway.core.types import Prefix, Put
from gateway.core.uploads import Part, Upload, UploadQuery
from gateway.frontends.s3 import encryption, locking
from gateway.frontends.s3.belonging import described
from gateway.frontends.s3.bodies import incoming
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import FULL_OBJECT, algorithm_of, kind_made, kind_wanted, members, stated
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.encryption import asked, going_on, of_writer
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.expiration import abortion_of
from gateway.frontends.s3.metadata import props_of
from gateway.frontends.s3.owners import owner, owner_of
from gateway.frontends.s3.parameters import count_of, encoder_of, integer_of, part_number_of
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output


def uploads_of(call: Call) -> Multipart:
    """The store's multipart uploads. Raises `S3Error` `NotImplemented` where it has none."""
    multipart = find(call.store, Multipart)
    if multipart is None:
        raise S3Error(Code.NOT_IMPLEMENTED, "The store behind this bucket has no multipart uploads.")
    return multipart


async def create_multipart_upload(call: Call) -> Output:
    """CreateMultipartUpload."""
    algorithm = algorithm_of(call.headers)
    kind, how = kind_wanted(call.headers, algorithm), asked(call)
    upload = await uploads_of(call).create_upload(
        call.key,
        Put(props=await described(call, props_of(call.headers, call.settings.max_metadata)), encryption=how),
        owner=call.principal.account.id,
        checksum=algorithm,
        whole=kind == FULL_OBJECT,
    )
    named = {"Bucket": call.key.bucket, "Key": call.key.name, "UploadId": upload.id, **abortion_of(call, upload)}
    return Output({**named, **_summed(upload), **encryption.members(upload.props.system, of_writer(how))})


async def upload_part(call: Call) -> Output:
    """UploadPart."""
    number, upload = part_number_of(call.query), call.query["uploadId"]
    multipart = uploads_of(call)
    claimed = stated(call.headers)
    pending = await multipart.stat_upload(call.key, upload)
    secret = going_on(call, pending.props.system)
    promised = pending.checksum
    if claimed.algorithm and promised and claimed.algorithm is not promised:
        raise S3Error(
            Code.INVALID_REQUEST,
            f"Checksum Type mismatch occurred, expected checksum Type: {promised}, "
            f"actual checksum Type: {claimed.algorithm}",
        )
    if OBJECT_LOCK in bucket_of(call).system:
        locking.check_verified(call, claimed, pending.props.system)
    body = incoming(call, claimed, call.settings.max_put)
    part = await multipart.put_part(call.key, upload, number, body, claimed.kept, secret)
    told = encryption.members(pending.props.system, secret)
    return Output({"ETag": part.etag, **members(part.checksums), **told})


async def list_parts(call: Call) -> Output:
    """ListParts."""
    id_, limit = call.query["uploadId"], count_of(call.query, "max-parts")
    marker = integer_of(call.query, "part-number-marker", 0)
    multipart = uploads_of(call)
    upload = await multipart.stat_upload(call.key, id_)
    page = await multipart.parts(call.key, id_, marker=marker, limit=limit)
    return Output(
        {
            "Bucket": call.key.bucket,
            "Key": call.key.name,
            "UploadId": id_,
            **abortion_of(call, upload),
            "Initiator": owner(upload.owner, call.principal),
            "Owner": _owner(call, upload),
            "StorageClass": "STANDARD",
            "PartNumberMarker": marker,
            "NextPartNumberMarker": page.items[-1].number if page.items else 0,
            "MaxParts": limit,
            "IsTruncated": page.next is not None,
            **_summed(upload),
            "Parts": [_part_row(part) for part in page.items],
        }
    )


def _part_row(part: Part) -> Members:
    return {
        "PartNumber": part.number,
        "LastModified": part.modified,
        "ETag": part.etag,
        "Size": part.size,
        **members(part.checksums),
    }


def _summed(upload: Upload) -> Members:
    if upload.checksum is None:
        return {}
    return {"ChecksumAlgorithm": upload.checksum.upper(), "ChecksumType": kind_made(whole=upload.whole)}


async def list_multipart_uploads(call: Call) -> Output:
    """ListMultipartUploads."""
    query, encode = call.query, encoder_of(call.query)
    limit = count_of(query, "max-uploads")
    asked = UploadQuery(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        key_marker=query.get("key-marker", ""),
        id_marker=query.get("upload-id-marker", "") if query.get("key-marker") else "",
        limit=limit,
    )
    page = await uploads_of(call).uploads(call.key.bucket, asked)
    last = page.items[-1] if page.next is not None else None
    return Output(
        {
            "Bucket": call.key.bucket,
            "KeyMarker": encode(asked.key_marker),
            "UploadIdMarker": asked.id_marker,
            "NextKeyMarker": encode(last.name) if last else None,
            "NextUploadIdMarker": last.id if isinstance(last, Upload) else None,
            "Delimiter": encode(asked.delimiter) if asked.delimiter else None,
            "Prefix": encode(asked.prefix),
            "MaxUploads": limit,
            "EncodingType": query.get("encoding-type") or None,
            "IsTruncated": page.next is not None,
            "Uploads": [_upload_row(call, item, encode) for item in page.items if isinstance(item, Upload)],
            "CommonPrefixes": [{"Prefix": encode(item.name)} for item in page.items if isinstance(item, Prefix)],
        }
    )


def _upload_row(call: Call, upload: Upload, encode: Callable[[str], str]) -> Members:
    return {
        "Key": encode(upload.name),
        "UploadId": upload.id,
        "Initiator": owner(upload.owner, call.principal),
        "Owner": _owner(call, upload),
        "StorageClass": "STANDARD",
        "Initiated": upload.created,
        **_summed(upload),
    }


def _owner(call: Call, upload: Upload) -> Members:
    """To whom the object will belong."""
    return owner_of(upload.props.system, call.principal, owner(bucket_of(call).owner, call.principal))


async def abort_multipart_upload(call: Call) -> Output:
    """AbortMultipartUpload."""
    await uploads_of(call).abort_upload(call.key, call.query["uploadId"])
    return Output({})
