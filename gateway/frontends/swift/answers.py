"""Whole answers: their pages, and the headers that every one of them carries."""

from collections.abc import Iterable
from html import escape

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.core.context import current
from gateway.frontends.http.answer import Answer
from gateway.frontends.http.headers import SERVER
from gateway.frontends.swift.errors import REASONS, Refusal

HTML = "text/html; charset=UTF-8"
PLAIN = "text/plain"
LENGTH_REQUIRED = 411

Pairs = Iterable[tuple[str, str]]


class NoContent(web.Response):
    """A 204 that states its length. HTTP sees no use in that (RFC 9110, 8.6), but Swift does it and clients look."""

    async def _write_headers(self) -> None:
        self.headers[hdrs.CONTENT_LENGTH] = "0"
        await super()._write_headers()


def answer(status: int, headers: Pairs = (), body: bytes = b"") -> web.Response:
    """A whole answer; HTML where `headers` state no other type."""
    fields = CIMultiDict(headers)
    fields.setdefault(hdrs.CONTENT_TYPE, HTML)
    kind = NoContent if status == 204 else Answer
    return kind(status=status, reason=REASONS[status].title, headers=fields, body=body)


def page(status: int, headers: Pairs = ()) -> web.Response:
    """An answer with the page that Swift has for its status."""
    return answer(status, headers, REASONS[status].page)


def refused(refusal: Refusal) -> web.Response:
    """The answer that a refusal is. Behind one of a body without a length nobody can tell where the next request is."""
    response = _refused(refusal)
    if refusal.status == LENGTH_REQUIRED:
        response.force_close()
    return response


def _refused(refusal: Refusal) -> web.Response:
    headers = refusal.headers.items()
    if refusal.text:
        is_plain = refusal.headers.get(hdrs.CONTENT_TYPE) == PLAIN
        text = refusal.text if is_plain else escape(refusal.text, quote=False)
        return answer(refusal.status, headers, text.encode(errors="replace"))
    return page(refusal.status, headers)


def identify(headers: CIMultiDict[str]) -> None:
    """Every answer carries the id of its transaction."""
    headers[hdrs.SERVER] = SERVER
    headers["X-Trans-Id"] = headers["X-Openstack-Request-Id"] = current().request_id
