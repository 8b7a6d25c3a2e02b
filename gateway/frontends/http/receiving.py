"""Large bodies, taken straight from the transport: past aiohttp's parser, its copies and its many wake-ups."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.http import HttpRequestParser
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE, RequestHandler, RequestPayloadError

from gateway.core.blocks import CROWD
from gateway.core.errors import BodyTimeout, IncompleteBody
from gateway.frontends.sockets import LowWater

LARGE = 1024 * 1024
"""Bytes of a body still to come from which on it is worth while."""


def large(request: web.BaseRequest, size: int | None, stall: float) -> "Receiver | None":
    """A receiver for a body of `size` bytes, where one is possible and worth while."""
    missing = (size or 0) - request.content.total_bytes
    transport = request.transport
    if missing < LARGE or request.content.exception() is not None or transport is None or transport.is_closing():
        return None
    return Receiver(request, transport, missing, stall) if transport.get_extra_info("sslcontext") is None else None


class Receiver(asyncio.BufferedProtocol):
    """Stands in for a connection's own protocol until the last byte of a body of known length has come.

    The connection is told of all else that happens. Reading rests while a block waits to be taken. A receiver that is
    left early drops what still comes: the connection gets its transport back where its next request begins.
    """

    def __init__(self, request: web.BaseRequest, transport: asyncio.Transport, missing: int, stall: float) -> None:
        """`missing`: bytes that the parser has not seen. `stall`: seconds without a byte after which to give up."""
        self._connection = request.protocol
        self._payload = request.content
        self._seen = request.content.read_nowait()
        self._transport = transport
        self._low_water = LowWater(transport.get_extra_info("socket"))
        self._missing = missing
        self._stall = stall
        self._buffer = memoryview(bytearray(CROWD.block()))
        self._filled = 0
        self._wanted = True
        self._broken: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._hand_over(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wanted = False
        self._empty()

    async def take(self) -> bytes:
        """The bytes that have come, up to a block of them; none at the end. Raises `BodyTimeout`, `IncompleteBody`."""
        if self._seen:
            seen, self._seen = self._seen, b""
            return seen
        while not self._filled:
            if self._broken is not None:
                raise IncompleteBody("The connection broke before the body's end") from self._broken
            if not self._missing:
                return b""
            await self._arrival()
        block = bytes(self._buffer[: self._filled])
        self._empty()
        return block

    def _empty(self) -> None:
        self._filled = 0
        if self._missing:
            if len(self._buffer) != CROWD.block():
                self._buffer = memoryview(bytearray(CROWD.block()))
            self._transport.resume_reading()

    async def _arrival(self) -> None:
        """Wait for some bytes: at first for many, then for any."""
        for seconds in self._low_water.waits(min(len(self._buffer) // 2, self._missing), self._stall):
            if await self._woken(seconds):
                return
        raise BodyTimeout

    async def _woken(self, seconds: float) -> bool:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._waiter
        except TimeoutError:
            return self._broken is not None
        finally:
            self._waiter = None
        return True

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer[self._filled : self._filled + self._missing]

    def buffer_updated(self, nbytes: int) -> None:
        self._missing -= nbytes
        if self._wanted:
            self._filled += nbytes
        if not self._missing:
            self._end()
        elif self._filled == len(self._buffer):
            self._transport.pause_reading()
        elif self._missing < self._low_water.mark:
            self._low_water.set(self._missing)
        self._wake()

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._broken = exc or ConnectionResetError("Connection lost")
        self._connection.connection_lost(exc)
        self._wake()

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def _end(self) -> None:
        self._low_water.set(1)
        self._connection._parser = new_parser(self._connection)
        self._hand_over(self._connection)
        self._payload.feed_eof()

    def _hand_over(self, protocol: asyncio.BaseProtocol) -> None:
        """Let `protocol` have what comes. Not every event loop heeds a change while it reads."""
        self._transport.pause_reading()
        self._transport.set_protocol(protocol)
        self._transport.resume_reading()


def new_parser(connection: RequestHandler) -> HttpRequestParser:
    """A parser that expects a request: one that has seen a body's head would wait for its bytes for ever."""
    return HttpRequestParser(
        connection,
        connection._loop,
        connection._read_bufsize,
        max_line_size=connection.max_line_size,
        max_field_size=connection.max_field_size,
        max_headers=connection.max_headers,
        payload_exception=RequestPayloadError,
        auto_decompress=False,
        max_msg_queue_size=MAX_MSG_QUEUE_SIZE,
    )
