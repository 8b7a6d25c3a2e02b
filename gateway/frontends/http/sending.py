"""Answers that carry an object: whole, one range or several, from memory, from a stream or by `sendfile`."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import NamedTuple

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.core.conditions import ANY, When
from gateway.core.encryption import CustomerKey
from gateway.core.errors import BadRange, StoreError, Unavailable
from gateway.core.ranges import Extent, Span, content_range, resolve
from gateway.core.store import Reader, Region, Store
from gateway.core.types import Key, Meta
from gateway.frontends.http.answer import Answer
from gateway.frontends.http.headers import Headers, range_applies, spans_of, when_of
from gateway.frontends.http.outlet import Outlet

SMALL = 64 * 1024
"""Up to so many bytes are gathered and sent with the head in one write."""

Head = Callable[[Meta], CIMultiDict[str]]
"""The protocol's headers for an object, without Content-Length and Content-Range."""


class BrokenTransfer(Exception):
    """An answer broke off behind its head: the connection has been cut, no other answer can be sent.

    `sent`: bytes of the body that are known to have gone out.
    """

    def __init__(self, response: web.StreamResponse, cause: BaseException, sent: int) -> None:
        super().__init__(str(cause) or type(cause).__name__)
        self.response = response
        self.cause = cause
        self.sent = sent


class Source(NamedTuple):
    """The object that an answer carries, and how its headers look."""

    store: Store
    key: Key
    head: Head
    version: str | None = None
    stall: float = 60.0
    secret: CustomerKey | None = None

    def open(self, span: Span | None, when: When) -> AbstractAsyncContextManager[Reader]:
        if self.secret is not None:
            when = replace(when, secret=self.secret)
        return self.store.open(self.key, span=span, version=self.version, when=when)

    async def stat(self, when: When) -> Meta:
        return await self.store.stat(self.key, self.version, when)


def sent_bytes(request: web.BaseRequest, response: web.StreamResponse) -> int:
    """Bytes of body in an answer that went out whole; aiohttp's own count misses what `sendfile` sends."""
    return 0 if request.method == hdrs.METH_HEAD else response.content_length or 0


async def head_object(request: web.BaseRequest, source: Source) -> web.Response:
    """The answer to HEAD. Preconditions and a range are honoured; raises what `Store.stat` raises, and `BadRange`."""
    meta = await source.stat(when_of(request.headers))
    headers = source.head(meta)
    spans = _applicable(request.headers, meta)
    if len(spans) != 1:
        headers[hdrs.CONTENT_LENGTH] = str(meta.size)
        return Answer(headers=headers)
    extent = resolve(spans[0], meta.size)
    headers[hdrs.CONTENT_LENGTH] = str(len(extent))
    headers[hdrs.CONTENT_RANGE] = content_range(extent, meta.size)
    return Answer(status=206, headers=headers)


async def send_object(
    request: web.BaseRequest, source: Source, chosen: Sequence[Span] | None = None
) -> web.StreamResponse:
    """The answer to GET, sent. Preconditions, ranges and If-Range are honoured; `chosen` are ranges instead of those.

    Raises what `Store.open` raises before anything is sent, and `BrokenTransfer` after.
    """
    when = when_of(request.headers)
    spans = spans_of(request.headers) if chosen is None else chosen
    if spans and hdrs.IF_RANGE in request.headers:
        spans = _applicable(request.headers, await source.stat(when))
    if len(spans) > 1:
        meta = await source.stat(when)
        extents = _satisfiable(spans, meta.size)
        if sum(map(len, extents)) <= meta.size:
            return await _send_parts(request, source, meta, extents)
        spans = ()
    async with source.open(spans[0] if spans else None, when) as reader:
        headers = source.head(reader.meta)
        if spans:
            headers[hdrs.CONTENT_RANGE] = content_range(reader.extent, reader.meta.size)
        return await _send_reader(request, source, reader, 206 if spans else 200, headers)


def head_extent(headers: CIMultiDict[str], meta: Meta, extent: Extent) -> web.Response:
    """The answer to HEAD of a piece of the object that `meta` describes."""
    headers[hdrs.CONTENT_LENGTH] = str(len(extent))
    if len(extent):
        headers[hdrs.CONTENT_RANGE] = content_range(extent, meta.size)
    return web.Response(status=206, headers=headers)


async def send_extent(
    request: web.BaseRequest, source: Source, meta: Meta, extent: Extent, headers: CIMultiDict[str]
) -> web.StreamResponse:
    """The answer to GET of a piece of the object that `meta` describes, sent.

    Raises `ConditionFailed` where that does not stand any more, and as `send_object`.
    """
    if not len(extent):
        return Answer(status=206, headers=headers, body=b"")
    headers[hdrs.CONTENT_RANGE] = content_range(extent, meta.size)
    async with source.open(Span(extent.start, extent.stop - 1), When(if_match=(meta.etag,))) as reader:
        return await _send_reader(request, source, reader, 206, headers)


async def send_whole(request: web.BaseRequest, source: Source, status: int) -> web.StreamResponse:
    """All of an object as the answer of some `status`, whatever conditions and ranges were asked for.

    Raises as `send_object`.
    """
    async with source.open(None, ANY) as reader:
        headers = source.head(reader.meta)
        if request.method != hdrs.METH_HEAD:
            return await _send_reader(request, source, reader, status, headers)
        headers[hdrs.CONTENT_LENGTH] = str(reader.meta.size)
        return web.Response(status=status, headers=headers)


def _applicable(headers: Headers, meta: Meta) -> tuple[Span, ...]:
    if_range = headers.get(hdrs.IF_RANGE)
    return spans_of(headers) if if_range is None or range_applies(if_range, meta) else ()


def _satisfiable(spans: Sequence[Span], size: int) -> list[Extent]:
    extents = []
    for span in spans:
        try:
            extents.append(span.resolve(size))
        except BadRange:
            continue
    if not extents:
        raise BadRange(size)
    return extents


async def _send_reader(
    request: web.BaseRequest, source: Source, reader: Reader, status: int, headers: CIMultiDict[str]
) -> web.StreamResponse:
    size = len(reader.extent)
    if size <= SMALL:
        body = b"".join([chunk async for chunk in reader.chunks()]) if reader.data is None else reader.data
        return Answer(status=status, headers=headers, body=body)
    headers[hdrs.CONTENT_LENGTH] = str(size)
    response = web.StreamResponse(status=status, headers=headers)
    async with _Transfer(request, response, source.stall) as transfer:
        await transfer.send(reader)
    return response


async def _send_parts(
    request: web.BaseRequest, source: Source, meta: Meta, extents: Sequence[Extent]
) -> web.StreamResponse:
    """Several ranges as multipart/byteranges (RFC 9110, 14.6), all of the one object that `meta` describes."""
    boundary = secrets.token_hex(16)
    headers = source.head(meta)
    content_type = headers.popall(hdrs.CONTENT_TYPE, [meta.props.content_type])[0]
    leads = [_lead(boundary, content_type, extent, meta.size) for extent in extents]
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers[hdrs.CONTENT_TYPE] = f"multipart/byteranges;boundary={boundary}"
    headers[hdrs.CONTENT_LENGTH] = str(sum(map(len, leads)) + sum(map(len, extents)) + len(tail))
    response = web.StreamResponse(status=206, headers=headers)
    same = When(if_match=(meta.etag,))
    async with _Transfer(request, response, source.stall) as transfer:
        for lead, extent in zip(leads, extents, strict=True):
            await transfer.write(lead)
            async with source.open(Span(extent.start, extent.stop - 1), same) as reader:
                await transfer.send(reader)
        await transfer.write(tail)
    return response


def _lead(boundary: str, content_type: str, extent: Extent, size: int) -> bytes:
    head = f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {content_range(extent, size)}\r\n\r\n"
    return head.encode()


class _Transfer:
    """A response under way. Leaving it with an error cuts the connection: no client must take a part for a whole."""

    def __init__(self, request: web.BaseRequest, response: web.StreamResponse, stall: float) -> None:
        self._request = request
        self._response = response
        self._stall = stall
        self._sent = 0
        self._sendfile = request.transport is not None and request.transport.get_extra_info("sslcontext") is None

    async def __aenter__(self) -> "_Transfer":
        await self._response.prepare(self._request)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            await self._response.write_eof()
            return
        self._response.force_close()
        if self._request.transport is not None:
            self._request.transport.abort()
        if isinstance(error, StoreError | OSError | TimeoutError):
            raise BrokenTransfer(self._response, error, self._sent) from error

    async def write(self, data: bytes) -> None:
        async with asyncio.timeout(self._stall):
            await self._response.write(data)
        self._sent += len(data)

    async def send(self, reader: Reader) -> None:
        """Send exactly the bytes that the reader was opened for."""
        if await self._send_bytes(reader) != len(reader.extent):
            raise Unavailable("The object's bytes ended early")

    async def _send_bytes(self, reader: Reader) -> int:
        if self._sendfile and (regions := reader.regions()) is not None:
            return await self._send_regions(regions)
        sent = 0
        async for chunk in reader.chunks():
            await self.write(chunk)
            sent += len(chunk)
        return sent

    async def _send_regions(self, regions: AsyncIterator[Region]) -> int:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("The client went away")
        with Outlet(transport, self._stall) as outlet:
            try:
                async for region in regions:
                    await outlet.send(region)
            finally:
                self._sent += outlet.sent
        return outlet.sent
