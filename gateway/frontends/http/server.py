"""An HTTP server on aiohttp's low-level one: no router, no middleware, limits everywhere, and a clean drain."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import _ErrInfo

from gateway.frontends.http.cork import Cork, Corked
from gateway.frontends.http.lenient import LENGTH, begins, encoded, head_of, is_plain
from gateway.frontends.http.receiving import new_parser
from gateway.frontends.http.sending import BrokenTransfer
from gateway.frontends.http.settings import HttpSettings

READ_BUFFER = 256 * 1024
LINGER_SECONDS = 5.0
BACKLOG = 1024

CHUNKED = "chunked"
UNKNOWN_METHOD = ("Invalid method encountered", "Expected space after method")
"""What aiohttp's parser says of a method that it doesn't know."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Malformed = Callable[[int, str], web.Response]
"""Makes the protocol's own answer to bytes that are no HTTP request, from a status and a sentence."""

OVERLOADED = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class HttpServer:
    """Serves one handler on one address. The handler answers all errors itself; `malformed` those of HTTP's grammar.

    `lenient`: bytes beyond ASCII may stand in targets and in names of metadata, see `lenient`.
    """

    def __init__(
        self, handler: Handler, malformed: Malformed, settings: HttpSettings, *, lenient: bool = False
    ) -> None:
        self._handler = handler
        self._malformed = malformed
        self._settings = settings
        self._kind = _Lenient if lenient else _Protocol
        self._running = 0
        self._finished = asyncio.Event()
        self._draining = False
        self._web: _Server | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Bind and serve. Raises `OSError`."""
        self._web = _Server(self._serve, self._malformed, self._settings, self._kind)
        self._listener = await asyncio.get_running_loop().create_server(
            self._web.protocol, self._settings.host, self._settings.port, backlog=BACKLOG
        )

    @property
    def port(self) -> int:
        """The port that is bound."""
        if self._listener is None:
            raise RuntimeError("the server has not been started")
        port: int = self._listener.sockets[0].getsockname()[1]
        return port

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._web.connections) if self._web else 0

    async def drain(self, seconds: float) -> None:
        """Stop to listen and close idle connections; let requests finish for up to `seconds`, then cancel them."""
        self._draining = True
        if self._listener is None or self._web is None:
            return
        self._listener.close()
        self._web.close_idle()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._running:
                    self._finished.clear()
                    await self._finished.wait()
        self._web.cancel()
        await self._web.shutdown(1.0)

    async def aclose(self) -> None:
        """Stop at once."""
        await self.drain(0)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        coding = request.headers.get(hdrs.TRANSFER_ENCODING)
        if coding is not None and coding.lower() != CHUNKED:
            return self._misunderstood()
        self._running += 1
        try:
            response = await self._handler(request)
        except BrokenTransfer as broken:
            response = broken.response
        finally:
            self._running -= 1
            if self._draining:
                self._finished.set()
        if self._draining:
            response.force_close()
        return response

    def _misunderstood(self) -> web.Response:
        """The answer to a body in a coding that nobody here undoes, and whose end others might see elsewhere.

        Source: RFC 9112, 6.1.
        """
        response = self._malformed(501, f"The only transfer coding that is understood is {CHUNKED}")
        response.force_close()
        return response


class _Server(web.Server):
    """aiohttp's server with a limit of connections and with the frontend's own answer to malformed requests."""

    def __init__(self, handler: Handler, malformed: Malformed, settings: HttpSettings, kind: type["_Protocol"]) -> None:
        super().__init__(
            handler,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=settings.idle_timeout,
            lingering_time=LINGER_SECONDS,
            max_line_size=settings.max_header_bytes,
            max_field_size=settings.max_header_bytes,
            max_headers=settings.max_headers,
            read_bufsize=READ_BUFFER,
        )
        self._malformed = malformed
        self._kind = kind
        self._cork = Cork(self._loop)
        self._max_connections = settings.max_connections

    def close_idle(self) -> None:
        """Close connections between requests. (`pre_shutdown` would also drop what comes in for running ones.)"""
        for connection in self.connections:
            if isinstance(connection, _Protocol) and connection.is_idle:
                connection.close()

    def cancel(self) -> None:
        """Cancel requests whose answers have not been found; those that are being written are not touched."""
        for connection in self.connections:
            if isinstance(connection, _Protocol):
                connection.cancel()

    def protocol(self) -> asyncio.Protocol:
        if len(self._connections) >= self._max_connections:
            return _Refusal()
        return self._kind(self, self._malformed, self._cork, loop=self._loop, **self._kwargs)


class _Protocol(Corked):
    __slots__ = ("_malformed",)

    def __init__(self, server: web.Server, malformed: Malformed, cork: Cork, **options: object) -> None:
        super().__init__(server, **options)  # type: ignore[arg-type]
        self._cork = cork
        self._malformed = malformed

    @property
    def is_idle(self) -> bool:
        """Between two requests."""
        return self._waiter is not None

    def cancel(self) -> None:
        """Cancel the request that is being served, if there is one, and close."""
        if self._current_request is not None and self._task_handler is not None:
            self._task_handler.cancel()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """aiohttp does this for every body, and has the parser look at nothing each time; only where reading rests."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        request = self._current_request
        if request is not None and self._messages:
            self._check_framing(request.content)

    def _check_framing(self, body: StreamReader) -> None:
        """Let a body whose framing broke fail at once. The parser forgets it; it would be waited for in vain."""
        last, _ = self._messages[-1]
        if isinstance(last, _ErrInfo) and not body.is_eof():
            self._lingering_time = 0.0
            body.set_exception(last.exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = self._malformed(status, message or "The request could not be understood")
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"
        return response


class _Lenient(_Protocol):
    """Puts heads in HTTP's form before the parser sees them."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        if self._messages or self._waiter is None or is_plain(data):
            super().data_received(data)
            return
        head = head_of(data)
        if LENGTH in head and head.isascii():
            super().data_received(data)
            return
        super().data_received(self._formal(head))
        # What states no length may be followed by what is no request. Read at once, both would be refused for that.
        if rest := data[len(head) :]:
            super().data_received(rest)
            if len(self._messages) > 1:
                self._check_framing(self._messages[-2][1])

    def _formal(self, head: bytes) -> bytes:
        if head.isascii() or not begins(head):
            return head
        formal = encoded(head)
        return formal if formal == head or self._is_between() else head

    def _is_between(self) -> bool:
        """Whether the parser has seen nothing yet of the next head: nobody may pass off the middle of one for another.

        Where it has, a new parser takes its place, which refuses what is not in HTTP's form.
        """
        if self._parser is None:
            return False
        with suppress(HttpProcessingError):
            if self._parser.feed_eof() is None:
                return True
        self._parser = new_parser(self)
        return False


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast(asyncio.Transport, transport)  # uvloop's own transports are no subclasses
        stream.write(OVERLOADED)
        stream.close()
