"""Copies of objects and of ranges of them into parts. Source: CopyObject and UploadPartCopy in the API Reference."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from gateway.auth.access import Action, on_version
from gateway.auth.rules import OF_OBJECTS, TAGGING
from gateway.core.body import StreamBody
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import When
from gateway.core.encryption import CustomerKey
from gateway.core.errors import DeleteMarker, NoSuchKey, NotModified
from gateway.core.ranges import Span
from gateway.core.types import Copy, Meta, Props
from gateway.core.uploads import Part
from gateway.frontends.http.headers import when_of
from gateway.frontends.s3 import encryption, tagging
from gateway.frontends.s3.belonging import belonging, copied
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import algorithm_of, members, object_members
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.copysource import HEADER, CopySource, copy_source
from gateway.frontends.s3.encryption import asked, going_on, of_writer, opening_source
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.expiration import expiration_of
from gateway.frontends.s3.metadata import props_of
from gateway.frontends.s3.multipart import uploads_of
from gateway.frontends.s3.objects import write_when
from gateway.frontends.s3.parameters import part_number_of
from gateway.frontends.s3.rights import inspect
from gateway.frontends.s3.tags import DIRECTIVE, REPLACE
from gateway.frontends.s3.website import location
from gateway.frontends.s3.xmlout import Output

_METADATA_DIRECTIVE = "x-amz-metadata-directive"
_RANGE = "x-amz-copy-source-range"
_EXACT_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})", re.ASCII)


async def copy_object(call: Call) -> Output:
    """CopyObject."""
    source = _source(call)
    props = _props(call, source)
    when = _source_when(call)
    with _reading(source):
        found = await call.store.stat(source.key, source.version, when)
        _check_size(found.size, call.settings.max_copy)
        _check_algorithm(call, found)
        props = await _described(call, props, source, found.props)
        options = Copy(
            props=props,
            when=write_when(call),
            source_when=when,
            source_version=source.version,
            encryption=asked(call),
        )
        meta = await call.store.copy(source.key, call.key, options)
    result = {"LastModified": meta.modified, "ETag": meta.etag, **object_members(meta.checksums)}
    return Output(
        {
            "CopySourceVersionId": found.version or source.version,
            "VersionId": meta.version,
            "Expiration": expiration_of(call, meta),
            "CopyObjectResult": result,
            **encryption.members(meta.props.system, of_writer(options.encryption)),
        }
    )


async def upload_part_copy(call: Call) -> Output:
    """UploadPartCopy."""
    source, number = _source(call), part_number_of(call.query)
    upload = call.query["uploadId"]
    multipart = uploads_of(call)
    pending = await multipart.stat_upload(call.key, upload)
    when, secret = _source_when(call), going_on(call, pending.props.system)
    with _reading(source):
        found = await call.store.stat(source.key, source.version, when)
        span = _span(call, found)
        _check_size(len(span.resolve(found.size)) if span else found.size, call.settings.max_put)
        if span:
            when = When(if_match=(found.etag,), secret=when.secret)
        part = await _taken(call, multipart, number, span, when, secret)
    return Output(
        {
            "CopySourceVersionId": found.version or source.version,
            "CopyPartResult": {"LastModified": part.modified, "ETag": part.etag, **members(part.checksums)},
            **encryption.members(pending.props.system, secret),
        }
    )


async def _taken(
    call: Call, multipart: Multipart, number: int, span: Span | None, when: When, secret: CustomerKey | None
) -> Part:
    """The part that (a range of) the source becomes. What a customer's key is to encrypt passes through here."""
    source, upload = _source(call), call.query["uploadId"]
    if secret is None:
        return await multipart.copy_part(
            call.key, upload, number, source.key, span=span, version=source.version, when=when
        )
    async with call.store.open(source.key, span=span, version=source.version, when=when) as reader:
        body = StreamBody(reader.chunks(), len(reader.extent))
        return await multipart.put_part(call.key, upload, number, body, secret=secret)


def origin(call: Call) -> CopySource:
    """What a request copies from. Raises `S3Error`."""
    return copy_source(call.headers)


def _source(call: Call) -> CopySource:
    if call.source is None:
        raise RuntimeError("the operation has no source")
    return call.source


def _source_when(call: Call) -> When:
    return opening_source(call, when_of(call.request.headers, "x-amz-copy-source-if-"))


@contextmanager
def _reading(source: CopySource) -> Iterator[None]:
    """What a copy makes of its source's errors: that it has not changed since is one, and the key is the source's."""
    try:
        yield
    except NotModified:
        raise S3Error(Code.PRECONDITION_FAILED) from None
    except DeleteMarker as marker:
        if not marker.named:
            raise S3Error(Code.NO_SUCH_KEY, Key=source.key.name) from None
        raise S3Error(
            Code.INVALID_REQUEST,
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        ) from None
    except NoSuchKey:
        raise S3Error(Code.NO_SUCH_KEY, Key=source.key.name) from None


def _props(call: Call, source: CopySource) -> Props | None:
    """What the copy is to have; None: what its source has."""
    directive = call.headers.get(_METADATA_DIRECTIVE, "COPY").upper()
    if directive == "REPLACE":
        return props_of(call.headers, call.settings.max_metadata)
    if directive != "COPY":
        raise S3Error(
            Code.INVALID_ARGUMENT,
            "Unknown metadata directive.",
            ArgumentName=_METADATA_DIRECTIVE,
            ArgumentValue=directive,
        )
    changes = location.HEADER in call.headers or asked(call) is not None
    if source.key == call.key and source.version is None and not changes:
        raise S3Error(
            Code.INVALID_REQUEST,
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes.",
        )
    return None


async def _described(call: Call, stated: Props | None, source: CopySource, found: Props) -> Props | None:
    """All that the copy is to have, of what is stated and what its source has; None: just what its source has."""
    replaces = _replaces_tags(call)
    tags = tagging.stated(call) if replaces else await _tags(call, source, found)
    if stated is None and not replaces:
        return await copied(call, found)
    base = found if stated is None else stated
    system = {name: value for name, value in base.system.items() if name not in OF_OBJECTS and name != TAGGING}
    return await belonging(call, replace(base, system={**system, **tags}))


async def _tags(call: Call, source: CopySource, found: Props) -> Mapping[str, str]:
    """The property that holds the source's tags. Raises `Denied` where the caller may not see or not give them."""
    if TAGGING not in found.system:
        return {}
    tagging.permit(call)
    bucket = await call.store.stat_bucket(source.key.bucket)
    action = on_version(Action.GET_OBJECT_TAGGING, source.version)
    await inspect(call, action, bucket, source.key.name, source.version)
    return {TAGGING: found.system[TAGGING]}


def _replaces_tags(call: Call) -> bool:
    directive = call.headers.get(DIRECTIVE, "COPY").upper()
    if directive not in {"COPY", REPLACE}:
        raise S3Error(
            Code.INVALID_ARGUMENT, "Unknown tagging directive.", ArgumentName=DIRECTIVE, ArgumentValue=directive
        )
    return directive == REPLACE


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise S3Error(
            Code.INVALID_REQUEST,
            f"The specified copy source is larger than the maximum allowable size for a copy source: {limit}",
        )


def _check_algorithm(call: Call, found: Meta) -> None:
    """A copy keeps its source's checksums; that another one be computed is not done."""
    algorithm = algorithm_of(call.headers)
    if algorithm is not None and algorithm not in found.checksums:
        raise S3Error(Code.NOT_IMPLEMENTED, "CopyObject with a checksum that its source lacks is not implemented.")


def _span(call: Call, found: Meta) -> Span | None:
    """The range of the source that is to be copied; S3 wants it exact and within the source."""
    stated = call.headers.get(_RANGE)
    if stated is None:
        return None
    match = _EXACT_RANGE.fullmatch(stated)
    first, last = (int(digits) for digits in match.groups()) if match else (1, 0)
    if last < first:
        raise S3Error(
            Code.INVALID_ARGUMENT,
            f"The {_RANGE} value must be of the form bytes=first-last where first and last are the zero-based "
            "offsets of the first and last bytes to copy",
            ArgumentName=_RANGE,
            ArgumentValue=stated,
        )
    if last >= found.size:
        raise S3Error(
            Code.INVALID_RANGE, f"Range specified is not valid for source object of size: {found.size}", Header=HEADER
        )
    return Span(first, last)
