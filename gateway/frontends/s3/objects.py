"""Operations on objects, apart from copies."""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web
from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.auth.principals import ANONYMOUS
from gateway.auth.rules import TAGGING
from gateway.core.conditions import ANY, When, parse_etags
from gateway.core.encryption import SEAL, CustomerKey
from gateway.core.errors import NotModified
from gateway.core.locks import OBJECT_LOCK, OF_VERSIONS
from gateway.core.types import Meta, Put
from gateway.core.versions import NULL
from gateway.frontends.http.sending import Head, Source, head_object, send_object
from gateway.frontends.s3 import encryption, locking
from gateway.frontends.s3.belonging import described, is_plain
from gateway.frontends.s3.bodies import incoming
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import header_pairs, object_members, stated
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.conditional import settled
from gateway.frontends.s3.encryption import asked, of_writer, opening
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.expiration import HEADER as EXPIRATION
from gateway.frontends.s3.expiration import expiration, expiration_of, rules_of
from gateway.frontends.s3.metadata import head_of, overrides_of, props_of
from gateway.frontends.s3.parameters import PART_NUMBER, modified_of, size_of, version_of
from gateway.frontends.s3.parts import attributes_of, read_part
from gateway.frontends.s3.rights import bucket_of, seems_allowed
from gateway.frontends.s3.tags import count
from gateway.frontends.s3.versioning import HEADER as VERSION_ID
from gateway.frontends.s3.versioning import deleted_members, is_versioned, shown_version
from gateway.frontends.s3.xmlout import Output

_UNMODIFIED = ("ETag", "Last-Modified", "Cache-Control", "Expires", VERSION_ID)


async def get_object(call: Call) -> web.StreamResponse:
    """GetObject."""
    source = _source(call)
    try:
        if call.query and PART_NUMBER in call.query:
            return await read_part(call, source, summed=_sums_wanted(call))
        return await send_object(call.request, source)
    except NotModified:
        return await _not_modified(call, source)


async def head_object_(call: Call) -> web.StreamResponse:
    """HeadObject."""
    source = _source(call)
    try:
        if call.query and PART_NUMBER in call.query:
            return await read_part(call, source, summed=_sums_wanted(call))
        return await head_object(call.request, source)
    except NotModified:
        return await _not_modified(call, source)


def _source(call: Call) -> Source:
    if not call.query:
        secret = opening(call)
        return Source(call.store, call.key, _head(call, secret), None, call.settings.stall_timeout, secret)
    version, secret = version_of(call.query), opening(call)
    return Source(call.store, call.key, _head(call, secret), version, call.settings.stall_timeout, secret)


def _head(call: Call, secret: CustomerKey | None) -> Head:
    overrides = overrides_of(call.query)
    if overrides and call.principal is ANONYMOUS:
        raise S3Error(
            Code.INVALID_REQUEST, "Request specific response headers cannot be used for anonymous GET requests."
        )
    # Of a part of an object, a checksum of the whole would be taken for the part's own.
    summed = "range" not in call.headers and PART_NUMBER not in call.query and _sums_wanted(call)
    versioned = is_versioned(call)
    rules = () if "versionId" in call.query else rules_of(bucket_of(call))

    def head(meta: Meta) -> CIMultiDict[str]:
        headers = CIMultiDict([*call.common, *head_of(meta)])
        if versioned:
            headers[VERSION_ID] = meta.version or NULL
        if summed:
            headers.extend(header_pairs(meta.checksums))
        if secret is not None or SEAL in meta.props.system:
            headers.extend(encryption.header_pairs(meta.props.system, secret))
        if meta.props.system:
            _tell_of(call, meta.props.system, headers)
        if rules and (expires := expiration(rules, meta)):
            headers[EXPIRATION] = expires
        if overrides:
            headers.update(overrides)
        return headers

    return head


def _sums_wanted(call: Call) -> bool:
    return call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"


def _tell_of(call: Call, system: Mapping[str, str], headers: CIMultiDict[str]) -> None:
    """Say how many tags there are, and how the object is locked, to who may see that."""
    if not OF_VERSIONS.isdisjoint(system):
        locking.tell(call, system, headers)
    tagging = system.get(TAGGING)
    if tagging and seems_allowed(call, Action.GET_OBJECT_TAGGING, bucket_of(call), call.key.name):
        headers["x-amz-tagging-count"] = str(count(tagging))


async def _not_modified(call: Call, source: Source) -> web.Response:
    """A 304 with the headers that RFC 9110, 15.4.5 wants in it."""
    described = source.head(await source.stat(ANY))
    headers = [*call.common, *((name, described[name]) for name in _UNMODIFIED if name in described)]
    return web.Response(status=304, headers=headers)


def write_when(call: Call) -> When:
    """The preconditions of a write: of those that HTTP has, S3 knows If-Match and If-None-Match."""
    match, none_match = call.headers.get("if-match"), call.headers.get("if-none-match")
    if match is none_match is None:
        return ANY
    return When(
        if_match=parse_etags(match) if match else (),
        if_none_match=parse_etags(none_match) if none_match else (),
    )


async def put_object(call: Call) -> Output:
    """PutObject."""
    claimed = stated(call.headers)
    props = props_of(call.headers, call.settings.max_metadata)
    if OBJECT_LOCK in bucket_of(call).system:
        locking.check_verified(call, claimed)
    options = Put(
        props=props if is_plain(call) else await described(call, props),
        when=write_when(call),
        checksums=claimed.kept,
        owner=call.bucket.owner if call.bucket else None,
        encryption=asked(call),
    )
    meta = await call.store.put(call.key, incoming(call, claimed, call.settings.max_put), options)
    return Output(
        {
            "ETag": meta.etag,
            "VersionId": meta.version,
            "Expiration": expiration_of(call, meta),
            **object_members(meta.checksums),
            **encryption.members(meta.props.system, of_writer(options.encryption)),
        }
    )


def _delete_when(call: Call) -> When:
    when = write_when(call)
    size, modified = size_of(call.headers), modified_of(call.headers)
    return when if size is modified is None else replace(when, size=size, modified=modified)


async def delete_object(call: Call) -> Output:
    """DeleteObject: that nothing was there is no error."""
    version, when = version_of(call.query), _delete_when(call)
    done = await settled(locking.delete(call, call.key, version, when), call.store, call.key, version, when)
    return Output(deleted_members(call, done))


_ATTRIBUTES = frozenset({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"})


async def get_object_attributes(call: Call) -> Output:
    """GetObjectAttributes."""
    wanted = {name.strip() for name in call.headers.get("x-amz-object-attributes", "").split(",")}
    if not wanted <= _ATTRIBUTES:
        raise S3Error(
            Code.INVALID_ARGUMENT, "Invalid attribute name specified.", ArgumentName="x-amz-object-attributes"
        )
    version, secret = version_of(call.query), opening(call)
    if "ObjectParts" in wanted:
        meta, parts = await attributes_of(call, version)
    else:
        meta, parts = await call.store.stat(call.key, version), {}
    encryption.header_pairs(meta.props.system, secret)
    return Output(
        {
            "LastModified": meta.modified,
            "VersionId": shown_version(call, meta.version),
            "ETag": meta.etag if "ETag" in wanted else None,
            "Checksum": object_members(meta.checksums) or None if "Checksum" in wanted else None,
            "ObjectParts": parts or None,
            "StorageClass": "STANDARD" if "StorageClass" in wanted else None,
            "ObjectSize": meta.size if "ObjectSize" in wanted else None,
        }
    )
