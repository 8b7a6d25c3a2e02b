"""CompleteMultipartUpload: what the client says of the whole is checked against the parts before they are joined."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import quote

from gateway.core.capabilities.multipart import Multipart
from gateway.core.digest import Algorithm
from gateway.core.errors import BadDigest, InvalidPart, NoSuchUpload
from gateway.core.parts import checksum_of
from gateway.core.types import Meta
from gateway.core.uploads import Part, PartRef, Upload
from gateway.frontends.s3 import encryption
from gateway.frontends.s3.bodies import document
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import MEMBERS, PREFIX, TYPE, kind_made, kind_of, object_members
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.encryption import opening
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.expiration import expiration_of
from gateway.frontends.s3.multipart import uploads_of
from gateway.frontends.s3.objects import write_when
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlout import Output

_SIZE = "x-amz-mp-object-size"


async def complete_multipart_upload(call: Call) -> Output:
    """CompleteMultipartUpload."""
    asked = await document(call, about_object=True)
    refs: Sequence[PartRef] = () if asked is None else [_ref(row) for row in asked.records("Parts")]
    if not refs:
        raise S3Error(Code.MALFORMED_XML)
    multipart = uploads_of(call)
    opening(call)  # what is said of a key has to make sense, though the parts were encrypted before
    claims = _claims(call.headers)
    settled = False
    if claims:
        with suppress(NoSuchUpload):  # it may have been completed before, which the store knows
            refs = await _settle(call, multipart, refs, claims)
            settled = True
    meta = await multipart.complete_upload(
        call.key, call.query["uploadId"], refs, when=write_when(call), min_part=call.settings.min_part
    )
    if not settled:
        _hold_against(claims, meta)
    return Output(
        {
            "Location": _location(call),
            "Bucket": call.key.bucket,
            "Key": call.key.name,
            "ETag": meta.etag,
            "VersionId": meta.version,
            "Expiration": expiration_of(call, meta),
            **object_members(meta.checksums),
            **encryption.completed(meta.props.system),
        }
    )


def _ref(row: Record) -> PartRef:
    number = row.integer("PartNumber")
    if number is None:
        raise S3Error(Code.MALFORMED_XML)
    stated = {algorithm: row.text(name) for algorithm, name in MEMBERS.items()}
    return PartRef(number, row.text("ETag") or "", {name: value for name, value in stated.items() if value})


def _claims(headers: Mapping[str, str]) -> Mapping[str, str]:
    """What the request says of the object to be: its checksum, its size."""
    names = (TYPE, _SIZE, *(PREFIX + algorithm for algorithm in MEMBERS))
    return {name: headers[name] for name in names if name in headers}


async def _settle(
    call: Call, multipart: Multipart, refs: Sequence[PartRef], claims: Mapping[str, str]
) -> Sequence[PartRef]:
    """Hold the claims against the parts. The answer names exactly these parts, so no others can come in between.

    Raises `S3Error`, `BadDigest`, `InvalidPart`.
    """
    upload = await multipart.stat_upload(call.key, call.query["uploadId"])
    stored = await _stored(call, multipart)
    if any(ref.number not in stored for ref in refs):
        raise InvalidPart
    chosen = [stored[ref.number] for ref in refs]
    for name, value in claims.items():
        if name == _SIZE:
            _check_size(value, sum(part.size for part in chosen))
        elif name == TYPE:
            _check_kind(value, kind_made(whole=upload.whole) if upload.checksum else None)
        else:
            _check_sum(Algorithm(name.removeprefix(PREFIX)), value, chosen, upload)
    return [
        PartRef(ref.number, ref.etag or part.etag, {**part.checksums, **ref.checksums})
        for ref, part in zip(refs, chosen, strict=True)
    ]


def _hold_against(claims: Mapping[str, str], made: Meta) -> None:
    """Hold the claims against what was made before. Raises `S3Error`, `BadDigest`."""
    for name, value in claims.items():
        algorithm = name.removeprefix(PREFIX)
        if name == _SIZE:
            _check_size(value, made.size)
        elif name == TYPE:
            _check_kind(value, kind_of(made.checksums))
        elif made.checksums.get(algorithm, "").partition("-")[0] != value.partition("-")[0]:
            raise BadDigest(algorithm)


async def _stored(call: Call, multipart: Multipart) -> Mapping[int, Part]:
    stored: dict[int, Part] = {}
    marker: str | None = "0"
    while marker is not None:
        page = await multipart.parts(call.key, call.query["uploadId"], marker=int(marker))
        stored.update((part.number, part) for part in page.items)
        marker = page.next
    return stored


def _check_size(stated: str, size: int) -> None:
    if stated != str(size):
        raise S3Error(
            Code.INVALID_REQUEST,
            f"The provided 'x-amz-mp-object-size' header value {stated} does not match what was computed: {size}",
        )


def _check_kind(stated: str, kind: str | None) -> None:
    if stated.upper() != kind:
        raise S3Error(
            Code.INVALID_REQUEST,
            f"The upload was created using the {kind or 'null'} checksum mode. The complete request must use the same "
            "checksum mode.",
        )


def _check_sum(stated: Algorithm, value: str, parts: Sequence[Part], upload: Upload) -> None:
    if stated is not upload.checksum:
        raise S3Error(
            Code.INVALID_REQUEST,
            f"The upload was not created with a {stated} checksum; the checksum of the object can't be checked.",
        )
    computed = checksum_of(stated, parts, whole=upload.whole)
    if value not in {computed, computed.partition("-")[0]}:
        raise BadDigest(stated)


def _location(call: Call) -> str:
    host = call.headers.get("host", "")
    return f"{call.request.scheme}://{host}/{call.key.bucket}/{quote(call.key.name)}"
