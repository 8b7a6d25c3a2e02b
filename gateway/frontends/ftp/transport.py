"""The transport of a control connection: a socket, and nothing between it and its protocol.

It stands as soon as it is accepted. The event loop's own takes a task and four turns of the loop for that, which is a
good part of what a short session costs.
"""

import asyncio
import socket
from typing import cast

READ = 8 * 1024
"""Bytes that are read at a time."""

FULL, EMPTY = 64 * 1024, 16 * 1024
"""Unsent bytes from which on the protocol is to pause, and down to which it is."""


class SocketTransport(asyncio.Transport):
    """A transport over `sock`, which does not block, and is its own from now on. Reads once it has a protocol."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._protocol = asyncio.Protocol()
        self._unsent = b""
        self._is_reading = self._is_full = self._is_closing = self._has_ended = False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)
        self.resume_reading()

    def resume_reading(self) -> None:
        if not (self._is_reading or self._is_closing):
            self._is_reading = True
            self._loop.add_reader(self._socket.fileno(), self._receive)

    def pause_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._socket.fileno())

    def _receive(self) -> None:
        try:
            data = self._socket.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
            return
        self.pause_reading()
        if not self._protocol.eof_received():
            self.close()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._has_ended:
            return
        if not self._unsent:
            data = data[self._send(data) :]
            if not data or self._has_ended:
                return
            self._loop.add_writer(self._socket.fileno(), self._send_on)
        self._unsent += bytes(data)
        if len(self._unsent) > FULL and not self._is_full:
            self._is_full = True
            self._protocol.pause_writing()

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the client takes at once."""
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._end(error)
            return 0

    def _send_on(self) -> None:
        count = self._send(self._unsent)
        self._unsent = self._unsent[count:]
        if self._is_full and len(self._unsent) <= EMPTY:
            self._is_full = False
            self._protocol.resume_writing()
        if not self._unsent:
            self._loop.remove_writer(self._socket.fileno())
            if self._is_closing:
                self._end()

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def close(self) -> None:
        """Close once all is sent."""
        self._is_closing = True
        self.pause_reading()
        if not self._unsent:
            self._end()

    def abort(self) -> None:
        """Close at once."""
        self._end()

    def is_closing(self) -> bool:
        return self._is_closing

    def _end(self, error: OSError | None = None) -> None:
        if self._has_ended:
            return
        self._is_closing = self._has_ended = True
        self.pause_reading()
        if self._unsent:
            self._unsent = b""
            self._loop.remove_writer(self._socket.fileno())
        self._loop.call_soon(self._lose, error)

    def _lose(self, error: OSError | None) -> None:
        try:
            self._protocol.connection_lost(error)
        finally:
            self._socket.close()
