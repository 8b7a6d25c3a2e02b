"""The admin frontend."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web

from gateway.core.context import RequestContext, enter, new_request_id
from gateway.core.events import Access, Observer
from gateway.frontends.admin.page import Overview, render
from gateway.frontends.admin.readiness import Readiness
from gateway.frontends.admin.settings import AdminSettings
from gateway.frontends.http.frontend import HttpFrontend
from gateway.frontends.http.headers import SERVER
from gateway.frontends.http.sending import sent_bytes

logger = logging.getLogger("portico.admin")

HEADERS = {
    hdrs.SERVER: SERVER,
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Insight:
    """What the admin frontend shows of the process. `metrics` answers an Accept header, from any thread."""

    metrics: Callable[[str], tuple[bytes, str]]
    overview: Callable[[], Overview]
    readiness: Readiness


class AdminFrontend(HttpFrontend):
    """Health, readiness, metrics and a page, for whoever reaches the port: it shows no names, keys or secrets."""

    name = "admin"

    def __init__(self, settings: AdminSettings, insight: Insight, observe: Observer) -> None:
        super().__init__(self._handle, _malformed, settings)
        self._insight = insight
        self._observe = observe
        self._operations: Mapping[str, tuple[str, Callable[[web.BaseRequest], Awaitable[web.Response]]]] = {
            "/": ("Page", self._page),
            "/healthz": ("Health", self._health),
            "/readyz": ("Readiness", self._ready),
            "/metrics": ("Metrics", self._metrics),
        }

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        begin = time.perf_counter()
        context = RequestContext(new_request_id(), request.remote or "", self.name)
        enter(context)
        operation, respond = self._operations.get(request.path, ("Unknown", _unknown))
        if request.method not in {hdrs.METH_GET, hdrs.METH_HEAD}:
            respond = _wrong_method
        try:
            response = await respond(request)
        except Exception:
            logger.exception("an admin request failed", extra={"request_id": context.request_id})
            response = web.Response(status=500, text="internal error; see the log\n")
        response.headers.update(HEADERS)
        response.headers["X-Request-Id"] = context.request_id
        seconds = time.perf_counter() - begin
        sent = sent_bytes(request, response)
        self._observe(Access(context=context, operation=operation, status=response.status, seconds=seconds, sent=sent))
        return response

    async def _page(self, _request: web.BaseRequest) -> web.Response:
        page = render(self._insight.overview(), await self._insight.readiness.reasons())
        return web.Response(text=page, content_type="text/html")

    async def _health(self, _request: web.BaseRequest) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.BaseRequest) -> web.Response:
        reasons = await self._insight.readiness.reasons()
        answer = json.dumps({"ready": not reasons, "reasons": dict(reasons)}) + "\n"
        return web.Response(status=503 if reasons else 200, text=answer, content_type="application/json")

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        accept = request.headers.get(hdrs.ACCEPT, "")
        body, content_type = await asyncio.to_thread(self._insight.metrics, accept)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})


async def _unknown(_request: web.BaseRequest) -> web.Response:
    return web.Response(status=404, text="not found; see / for what is here\n")


async def _wrong_method(_request: web.BaseRequest) -> web.Response:
    return web.Response(status=405, text="only GET and HEAD\n", headers={hdrs.ALLOW: "GET, HEAD"})


def _malformed(status: int, message: str) -> web.Response:
    return web.Response(status=status, text=f"{message}\n", headers=HEADERS)
