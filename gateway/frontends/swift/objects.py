"""Operations on objects, other than copies."""

import re
import time
from dataclasses import replace

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.core.body import CheckedBody, expect
from gateway.core.conditions import ANY, ANYTHING, When
from gateway.core.digest import Algorithm
from gateway.core.errors import (
    BadDigest,
    BadRange,
    ConditionFailed,
    DeleteMarker,
    NoSuchKey,
    NotFound,
    NotModified,
    StoreError,
)
from gateway.core.expiry import NEVER
from gateway.core.manifest import DYNAMIC, static_of
from gateway.core.ranges import Span, content_range
from gateway.core.types import Meta, PropsChange, Put
from gateway.frontends.http.answer import Answer
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.headers import spans_of
from gateway.frontends.http.sending import Head, send_object
from gateway.frontends.swift import manifests, metadata, symlinks, unmaking, versioning
from gateway.frontends.swift.answers import answer, page
from gateway.frontends.swift.call import Call
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.copies import copy_from
from gateway.frontends.swift.dated import DatedSource, when_of
from gateway.frontends.swift.errors import Refusal, of_store
from gateway.frontends.swift.expiry import demanded_of, expires_of
from gateway.frontends.swift.manifests import NumberedPart
from gateway.frontends.swift.properties import content_type_of, described, linked, props_of, system_changes, validators
from gateway.frontends.swift.removal import remove
from gateway.frontends.swift.times import last_modified

_MD5 = re.compile(r"[0-9a-f]{32}")

RESERVED = (
    "X-Static-Large-Object is a reserved header. To create a static large object add query param "
    "multipart-manifest=put."
)


async def head(call: Call) -> web.StreamResponse:
    """HEAD: what describes the object."""
    call = await symlinks.unfollowed(call)
    if (manifest := await _manifest(call)) is not None:
        return manifest
    try:
        await _check_dates(call)
        meta = await call.store.stat(call.place.key, when=when_of(call.headers))
        part = await manifests.numbered(call, call.place)
    except (ConditionFailed, NotModified) as error:
        raise await _with_validators(call, error) from None
    headers = described(meta)
    headers.extend(versioning.told(call.place, meta))
    if part is not None:
        if part.span is None:
            return await manifests.beyond(call, part.total)
        extent = part.span.resolve(meta.size)
        headers[hdrs.CONTENT_LENGTH], headers[hdrs.CONTENT_RANGE] = str(len(extent)), content_range(extent, meta.size)
        headers["X-Parts-Count"] = str(part.total)
        return web.Response(status=206, headers=headers)
    headers[hdrs.CONTENT_LENGTH] = str(meta.size)
    return Answer(headers=headers)


async def get(call: Call) -> web.StreamResponse:
    """GET: the bytes, or ranges of them."""
    call = await symlinks.unfollowed(call)
    if (manifest := await _manifest(call)) is not None:
        return manifest
    if call.parameters.get("multipart-manifest") == "get" and hdrs.IF_NONE_MATCH not in call.headers:
        meta = await call.store.stat(call.place.key)
        if meta.is_composite:
            return _empty_manifest(meta)
    try:
        await _check_dates(call)
        part = await manifests.numbered(call, call.place)
        if part is not None and part.span is None:
            return await manifests.beyond(call, part.total)
        source = _Source(call.store, call.place.key, _head(call, part), stall=call.settings.stall_timeout)
        return await send_object(call.request, source, await _spans(call, part))
    except BadRange as error:
        if error.size == 0 and any(span.first is None and span.last for span in spans_of(call.headers)):
            return await _nothing(call)
        raise await _with_validators(call, error) from None
    except (ConditionFailed, NotModified) as error:
        raise await _with_validators(call, error) from None


class _Source(DatedSource):
    """An object whose ETag is compared as Swift's clients know it."""

    __slots__ = ()

    async def stat(self, when: When) -> Meta:
        meta = await super().stat(when)
        static = static_of(meta.props.system) if meta.is_composite else None
        return meta if static is None else replace(meta, etag=static.etag)


async def _manifest(call: Call) -> web.StreamResponse | None:
    """The answer to a request for a manifest itself; None where it asks for none, or none stands there."""
    if call.parameters.get("multipart-manifest") != "get":
        return None
    standing = await manifests.manifest_of(call.place)
    return None if standing is None else await manifests.send_manifest(call, *standing)


async def _spans(call: Call, part: NumberedPart | None) -> tuple[Span, ...]:
    """The ranges to send. Of a dynamic large object Swift knows one at most, and sends all where more are asked for."""
    if part is not None and part.span is not None:
        return (part.span,)
    spans = spans_of(call.headers)
    if len(spans) > 1 and DYNAMIC in (await call.store.stat(call.place.key)).props.system:
        return ()
    return spans


async def put(call: Call) -> web.StreamResponse:
    """PUT: the whole object, or nothing."""
    if call.parameters.get("multipart-manifest") == "put":
        return await manifests.put(call)
    if "X-Static-Large-Object" in call.headers:
        raise Refusal(400, RESERVED)
    if symlinks.TARGET in call.headers:
        return await symlinks.put(call)
    if call.other is not None:
        return await copy_from(call, call.other)
    name = call.place.target.name
    check_object_name(name)
    when = when_of(call.headers)
    if when.if_none_match and when.if_none_match != (ANYTHING,):
        raise Refusal(400, "If-None-Match only supports *")
    opts = Put(props=props_of(call.headers, name), when=when, owner=call.place.owner)
    meta = await call.store.put(call.place.key, _body(call), opts)
    told = versioning.told_written(meta)
    return answer(201, (("Etag", meta.etag), ("Last-Modified", last_modified(meta.modified)), *told))


async def post(call: Call) -> web.Response:
    """POST: other metadata in place of all that the object has. Its type stays unless another one is stated."""
    if "X-Static-Large-Object" in call.headers:
        raise Refusal(400, RESERVED)
    symlinks.check_post(call)
    change = PropsChange(
        content_type=content_type_of(call.headers, call.place.target.name),
        user=metadata.of_object(call.headers.items()),
        replace_user=True,
        system=system_changes(call.headers),
        expires=expires_of(call.headers, time.time()) or NEVER,
        modified=time.time_ns(),
    )
    symlinks.redirect(call.place, await call.store.update(call.place.key, change))
    return page(202)


async def delete(call: Call) -> web.StreamResponse:
    """DELETE: 404 where there is none, although that leaves a delete marker where versions are kept."""
    if call.parameters.get("multipart-manifest") == "delete":
        return await unmaking.delete(call)
    when = when_of(call.headers)
    expires = demanded_of(call.headers)
    if expires is not None:
        when = replace(when, expires=expires)
    try:
        done = await remove(call.place, when)
    except NoSuchKey as missing:
        if call.settings.compat.missing_delete == 204:
            return answer(204)
        if isinstance(missing, DeleteMarker) and missing.version is not None:
            raise Refusal(404, headers={versioning.VERSION: missing.version}) from None
        raise
    except ConditionFailed as failed:
        if expires is None:
            raise
        if failed.missing:
            raise NoSuchKey from failed
        raise Refusal(412, "X-If-Delete-At and X-Delete-At do not match") from failed
    return answer(204, versioning.told_deleted(done))


async def _check_dates(call: Call) -> None:
    """Swift minds the dates beside entity tags too, which HTTP leaves out then (RFC 9110, 13.2.2)."""
    when = when_of(call.headers)
    if when.if_match or when.if_none_match:
        dates = replace(when, if_match=(), if_none_match=())
        if dates != ANY:
            await call.store.stat(call.place.key, when=dates)


def _head(call: Call, part: NumberedPart | None = None) -> Head:
    def head_of(meta: Meta) -> CIMultiDict[str]:
        headers = described(meta)
        headers.extend(versioning.told(call.place, meta))
        if part is not None:
            headers["X-Parts-Count"] = str(part.total)
        call.finish(headers)
        return headers

    return head_of


def _body(call: Call) -> CheckedBody:
    """The body with its checks: length, limit, and the MD5 that the client stated. Raises `Refusal`."""
    limit = call.settings.max_file_size
    size = stated_length(call)
    if size is not None and size > limit:
        raise Refusal(413, "Your request is too large.")
    stated = call.headers.get(hdrs.ETAG, "").strip('"').lower()
    if stated and not _MD5.fullmatch(stated):
        raise BadDigest
    checks = (expect(Algorithm.MD5, bytes.fromhex(stated)),) if stated else ()
    body = RequestBody(call.request, call.settings.stall_timeout)
    return CheckedBody(body, {Algorithm.MD5}, checks, limit)


def stated_length(call: Call) -> int | None:
    """The length of the body; None where it comes in chunks. Raises `Refusal` (411)."""
    length = call.request.content_length
    if length is None and hdrs.TRANSFER_ENCODING not in call.headers:
        raise Refusal(411, "Missing Content-Length header.")
    return length


def _empty_manifest(meta: Meta) -> web.Response:
    """The manifest of an object that S3's multipart upload put together: it has no segments that a client could touch.

    Clients read it before they overwrite or delete what says X-Static-Large-Object (see `validators`). One that sends
    If-None-Match compares a file of its own, and gets the object itself.
    """
    headers = described(meta)
    headers["X-Static-Large-Object"] = "True"
    headers[hdrs.CONTENT_TYPE] = "application/json; charset=utf-8"
    return Answer(headers=headers, body=b"[]")


async def _nothing(call: Call) -> web.Response:
    """The last so many bytes of an object that has none."""
    return Answer(headers=described(await call.store.stat(call.place.key)))


async def _with_validators(call: Call, error: StoreError) -> Refusal:
    """`error` as an answer that tells the client what the object is like that it did not get."""
    refusal = of_store(error)
    try:
        meta = await call.store.stat(call.place.key)
    except NotFound:
        return refusal
    told = {**dict(validators(meta)), **dict(linked(meta.props.system))}
    return Refusal(refusal.status, refusal.text, headers={**refusal.headers, **told})
