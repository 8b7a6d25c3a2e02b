"""Objects that are opened to be read."""

from contextlib import AsyncExitStack

from aiohttp import ClientResponse

from gateway.core.errors import BadRange, NoSuchKey, Unavailable
from gateway.core.ranges import Extent, Span, resolve
from gateway.core.store import Reader
from gateway.core.types import Key
from gateway.stores.swift.errors import failure
from gateway.stores.swift.found import Found, found_of
from gateway.stores.swift.reader import Piece, SwiftReader
from gateway.stores.swift.request import Request
from gateway.stores.swift.upstream import Upstream

BEGINNING = Span(0, 4 * 1024 * 1024 - 1)
"""What is asked for of an object that is wanted whole, whose size nobody knows yet; the rest is asked for on its own.

Swift takes the MD5 of whatever it serves from an object's first byte on, which is half of what serving it costs. The
reader here takes it anyway.
"""


class Opening:
    """One attempt to open an object. What has to be closed after reading is left to `stack`."""

    def __init__(self, up: Upstream, stack: AsyncExitStack, key: Key) -> None:
        self._up = up
        self._stack = stack
        self._key = key

    async def reader(self, span: Span | None, pinned: Found | None) -> Reader | None:
        """A reader; None where the object is not the one that is `pinned`, or has just become another one.

        Raises as `Store.open`.
        """
        tag = "" if pinned is None else pinned.tag
        response = await self._beginning(tag) if span is None else await self._asked(span, tag)
        if response.status == 412 and pinned is not None:
            return None
        if response.status == 416:
            raise BadRange(await self._size(response))
        if response.status not in {200, 206}:
            raise await self._failure(response)
        found = found_of(self._key, response.headers)
        extent = resolve(span, found.meta.size)
        pieces = [_piece(response, extent if span or response.status == 200 else resolve(BEGINNING, extent.stop))]
        if pieces[0].length < len(extent):
            rest = Span(pieces[0].length)
            response = await self._asked(rest, found.tag, rest=True)
            if response.status in {404, 412}:
                return None
            if response.status != 206:
                raise await self._failure(response)
            pieces.append(_piece(response, resolve(rest, extent.stop)))
        self._stack.enter_context(self._up.segments.read(found.upload))
        return SwiftReader(found.meta, extent, pieces)

    async def _beginning(self, tag: str) -> ClientResponse:
        """All of it instead, where there are no bytes, or no ETag that tells the rest from another object's."""
        response = await self._asked(BEGINNING, tag)
        if response.status == 416 or (response.status == 206 and not response.headers.get("ETag")):
            return await self._asked(None, tag)
        return response

    async def _asked(self, span: Span | None, tag: str, *, rest: bool = False) -> ClientResponse:
        headers = {} if span is None else {"Range": _range_of(span)}
        if tag:
            headers["If-Match"] = tag
        request = Request(method="GET", path=(self._key.bucket, self._key.name), headers=headers)
        return await self._stack.enter_async_context(self._up.client.download(request, rest=rest))

    async def _failure(self, response: ClientResponse) -> Exception:
        if response.status == 404:
            return await self._up.missing(self._key.bucket, NoSuchKey())
        return failure(response.status, response.headers)

    async def _size(self, response: ClientResponse) -> int:
        """The object's size, as the refusal of a range tells it or another request."""
        size = response.headers.get("Content-Range", "").rpartition("/")[2]
        if size.isascii() and size.isdigit():
            return int(size)
        found = await self._up.found(self._key)
        if found is None:
            raise await self._up.missing(self._key.bucket, NoSuchKey())
        return found.meta.size


def _piece(response: ClientResponse, extent: Extent) -> Piece:
    """What an answer carries of `extent`, which is all of it. Raises `Unavailable`."""
    if response.status == 200 and extent.start:
        raise Unavailable("The upstream does not serve ranges")
    if response.headers.get("Content-Length", "") not in {"", str(len(extent))}:
        raise Unavailable("The upstream serves another range than it was asked for")
    return Piece(response, len(extent))


def _range_of(span: Span) -> str:
    first = "" if span.first is None else str(span.first)
    return f"bytes={first}-{'' if span.last is None else span.last}"
