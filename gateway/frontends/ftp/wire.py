"""A control connection below its lines: TLS, replies on their way, and what is known of its health."""

import asyncio
import select
import socket
import ssl

from gateway.core.errors import BodyTimeout, IncompleteBody
from gateway.frontends.ftp.replies import Reply, Then
from gateway.frontends.ftp.tls import Layer

LINGER = 5.0
"""Seconds that a client has to take the last reply."""


class Wire:
    """Bytes from and replies to a client. `stall`: seconds that a command waits for him to take them."""

    def __init__(self, transport: asyncio.Transport, stall: float) -> None:
        self._transport = transport
        self._stall = stall
        self._loop = asyncio.get_running_loop()
        self._drained: asyncio.Future[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._has_ended = False
        self._held = b""
        self._layer: Layer | None = None
        self._is_lowering = False
        self.context: ssl.SSLContext | None = None
        """What TLS is made with, or was before it ended, or is to be."""
        self.is_full = False
        self.is_closing = False
        self._socket: socket.socket = transport.get_extra_info("socket")

    def send(self, reply: Reply) -> None:
        """Answer. After a reply that closes, nothing is sent any more."""
        self.write(reply.encode())
        if reply.then is Then.CLOSE:
            self.close()

    def send_soon(self, reply: Reply) -> None:
        """Answer with what is sent next, or as this turn of the event loop ends: one packet wakes the client once."""
        if not self._held:
            self._loop.call_soon(self.write, b"")
        self._held += reply.encode()

    def write(self, data: bytes) -> None:
        data, self._held = self._held + data, b""
        if self.is_closing or not data:
            return
        if self._layer is None:
            self._transport.write(data)
        else:
            self._layer.send(data)
            self._flush(self._layer)

    def read(self, data: bytes) -> bytes:
        """The text in what the client has sent. Raises `ssl.SSLError` where that breaks TLS."""
        if self._layer is None:
            return data
        try:
            return self._lower(self._layer, data) if self._is_lowering else self._layer.feed(data)
        finally:
            if self._layer is not None:
                self._flush(self._layer)

    def _lower(self, layer: Layer, data: bytes) -> bytes:
        text = layer.lower(data)
        if text is None:
            return b""
        self._layer, self._is_lowering = None, False
        return text

    def _flush(self, layer: Layer) -> None:
        if outgoing := layer.outgoing():
            self._transport.write(outgoing)

    @property
    def is_secure(self) -> bool:
        """Whether TLS protects what is sent and read."""
        return self._layer is not None and not self._is_lowering

    @property
    def has_ended(self) -> bool:
        """Whether the client has ended TLS, and with it what he has to say."""
        return self._layer is not None and self._layer.has_ended

    def protect(self) -> None:
        """Let TLS begin, made with `context`."""
        if self.context is not None:
            self._layer = Layer(self.context)

    def unprotect(self) -> None:
        """Let TLS end. The client has to end it too, and goes on in plain text behind that."""
        if self._layer is not None:
            self._is_lowering = True
            self._end_tls(self._layer)

    def _end_tls(self, layer: Layer) -> None:
        layer.end()
        self._flush(layer)

    async def drain(self) -> None:
        """Wait until the client has taken most of what was sent. Raises `IncompleteBody`, `BodyTimeout`."""
        if self.is_closing:
            raise IncompleteBody("The control connection was lost")
        if not self.is_full:
            return
        self._drained = self._loop.create_future()
        try:
            async with asyncio.timeout(self._stall):
                await self._drained
        except TimeoutError:
            self._transport.abort()
            raise BodyTimeout("The control connection stood still for too long") from None

    def fill(self) -> None:
        """The client takes nothing at the moment."""
        self.is_full = True

    def empty(self) -> None:
        """The client has taken what was sent, or is gone."""
        self.is_full = False
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def end(self) -> None:
        """The client said that it will send no more."""
        self._has_ended = True

    def is_broken(self) -> bool:
        """Whether the client has gone or will send no more, which the kernel knows before the event loop does."""
        if self.is_closing or self._has_ended:
            return True
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLRDHUP)
        return bool(poller.poll(0))

    def close(self) -> None:
        """Close once the client has taken what was sent, or after `LINGER`."""
        if not self.is_closing:
            self.is_closing = True
            if self._layer is not None:
                self._end_tls(self._layer)
            self._transport.close()
            if self._transport.get_write_buffer_size():
                self._linger = self._loop.call_later(LINGER, self._transport.abort)

    def lose(self) -> None:
        """The connection is gone."""
        self.is_closing = True
        self.empty()
        if self._linger is not None:
            self._linger.cancel()
