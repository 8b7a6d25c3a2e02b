"""The bodies of requests: what they have to be is settled before the first byte is asked for."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing

from aiohttp import hdrs

from gateway.auth.sigv4 import PayloadKind
from gateway.core.body import Body, CheckedBody, expect
from gateway.core.digest import Algorithm
from gateway.core.errors import TooLarge
from gateway.frontends.http.body import RequestBody
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import Stated, content_md5, stated
from gateway.frontends.s3.chunked import ChunkedBody, declared_trailers, expect_payload, expect_trailer
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record

DECODED_LENGTH = "x-amz-decoded-content-length"
INLINE_XML = 16 * 1024
"""Up to so many bytes of XML are read on the event loop: a hop to a thread would take longer."""


def incoming(call: Call, claimed: Stated, limit: int, excess: Code = Code.ENTITY_TOO_LARGE) -> CheckedBody:
    """The body of a request as a store takes it: decoded, and checked against all that the request says of it.

    `limit` in bytes; `excess` is told of a body that states to be larger. Raises `S3Error` where it can't be accepted
    at all; the client has then not been invited to send.
    """
    headers = call.headers
    body: Body = RequestBody(call.request, call.settings.stall_timeout)
    algorithms = set(claimed.kept)
    checks = claimed.checks()
    kind = call.payload.kind
    if kind.is_chunked:
        trailers = declared_trailers(headers.get("x-amz-trailer", ""))
        body = ChunkedBody(body, _decoded_length(headers), kind, verified=call.verified, trailers=trailers)
        if claimed.algorithm and claimed.trailing:
            checks.append(expect_trailer(body, claimed.algorithm))
    elif claimed.trailing:
        raise S3Error(Code.INVALID_REQUEST, "x-amz-trailer needs a body with trailers")
    elif not call.request.body_exists and "content-length" not in headers:
        raise S3Error(Code.MISSING_CONTENT_LENGTH)
    if kind is PayloadKind.SIGNED:
        algorithms.add(Algorithm.SHA256)
        checks.append(expect_payload(call.payload.sha256))
    if (md5 := content_md5(headers)) is not None:
        algorithms.add(Algorithm.MD5)
        checks.append(expect(Algorithm.MD5, md5))
    if body.size is not None and body.size > limit:
        raise S3Error(excess, ProposedSize=str(body.size), MaxSizeAllowed=str(limit))
    return CheckedBody(body, algorithms, checks, limit)


def _decoded_length(headers: Mapping[str, str]) -> int:
    text = headers.get(DECODED_LENGTH)
    if text is None:
        raise S3Error(Code.MISSING_CONTENT_LENGTH)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise S3Error(Code.INVALID_ARGUMENT, ArgumentName=DECODED_LENGTH, ArgumentValue=text)
    return int(text)


async def document(call: Call, *, about_object: bool = False) -> Record | None:
    """The XML document of a request; None where there is none and none is needed.

    `about_object`: the checksum headers of the request speak of an object, not of the document. Raises `S3Error`, and
    what a body raises.
    """
    reader = call.reader
    if reader is None:
        raise RuntimeError("the operation has no document")
    if not call.request.body_exists and hdrs.CONTENT_LENGTH not in call.request.headers:
        return reader(b"")
    claimed = Stated() if about_object else stated(call.headers)
    try:
        data = await _read(incoming(call, claimed, reader.limit, Code.MAX_MESSAGE_LENGTH_EXCEEDED))
    except TooLarge:
        raise S3Error(Code.MAX_MESSAGE_LENGTH_EXCEEDED, MaxSizeAllowed=str(reader.limit)) from None
    return reader(data) if len(data) <= INLINE_XML else await asyncio.to_thread(reader, data)


async def required_document(call: Call, *, about_object: bool = False) -> Record:
    """As `document`, of an operation that is nothing without one."""
    found = await document(call, about_object=about_object)
    if found is None:
        raise S3Error(Code.MISSING_REQUEST_BODY)
    return found


async def _read(body: CheckedBody) -> bytes:
    async with aclosing(body.chunks()) as chunks:
        return b"".join([chunk async for chunk in chunks])
