"""Data connections under TLS (RFC 4217, section 9).

TLS runs in memory, and many of its records go over the socket at once: one by one, each would be a system call, and
wake the client.
"""

import os
import socket
import ssl
import time
from concurrent.futures import Executor
from contextlib import suppress
from typing import cast

from gateway.core.errors import Corrupt
from gateway.core.store import Region
from gateway.frontends.ftp.data import INLINE, PATIENCE, SLICE, DataConnection, broken, has_data, takes_data

PIECE = 256 * 1024
"""Bytes that are encrypted, or received, at a time."""


class SecureData(DataConnection):
    """A data connection whose client must end what it sends by close_notify: one that just ends has broken.

    What is large is encrypted and decrypted in threads.
    """

    def __init__(self, sock: socket.socket, stall: float, threads: Executor, context: ssl.SSLContext) -> None:
        super().__init__(sock, stall, threads)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = _server(context, self._incoming, self._outgoing)
        self._piece = memoryview(bytearray(PIECE))
        self._unsent = memoryview(b"")

    async def shake_hands(self) -> None:
        """Raises `IncompleteBody` where the client does not speak TLS."""
        while not await self._has_agreed():
            await self._drain()
            await self._some()
        await self._drain()

    async def _has_agreed(self) -> bool:
        try:
            await self.in_thread(self._tls.do_handshake)
        except ssl.SSLWantReadError:
            return False
        except OSError as error:
            raise broken() from error
        return True

    @property
    def is_resumed(self) -> bool:
        """Whether the client has shown the session of its control connection."""
        return bool(self._tls.session_reused)

    async def receive(self) -> bytes:
        """Whatever has come is looked at at once: it may be the client's end, who waits for the answer to that."""
        buffer = self._block()
        while (filled := self._fill(buffer[:INLINE])) is None:
            await self._waiting.readable(1)
        self._waiting.check()
        if filled == INLINE < len(buffer):
            filled += await self.in_thread(self._fill_on, buffer[INLINE:])
        self.received += filled
        return bytes(buffer[:filled])

    def _fill_on(self, buffer: memoryview) -> int:
        """Fill what can be filled within `SLICE`, waiting for the client for `PATIENCE` at most."""
        filled, end = 0, time.monotonic() + SLICE
        while filled < len(buffer) and time.monotonic() < end and not self._waiting.is_broken_off():
            count = self._fill(buffer[filled:])
            filled += count or 0
            if count == 0 or (count is None and not has_data(self._socket, PATIENCE)):
                break
        return filled

    def _receive_into(self, buffer: memoryview) -> int:
        while True:
            try:
                return cast(int, self._tls.read(len(buffer), buffer))
            except ssl.SSLWantReadError:
                self._take()

    def _take(self) -> None:
        """Take in what has come of TLS, if only its end. Raises `BlockingIOError` where nothing has."""
        count = self._socket.recv_into(self._piece)
        if count:
            self._incoming.write(self._piece[:count])
        else:
            self._incoming.write_eof()

    async def _some(self) -> None:
        """Wait for more of TLS."""
        while True:
            try:
                return self._take()
            except BlockingIOError:
                await self._waiting.readable(1)
            except OSError as error:
                raise broken() from error

    async def send(self, data: bytes) -> None:
        """What the client has not taken of it is sent with what comes next, or by `finish`."""
        rest = memoryview(data)
        while rest:
            self._waiting.check()
            is_small = len(rest) <= INLINE
            count = self._encrypt(rest, 0) if is_small else await self.in_thread(self._encrypt, rest, PATIENCE)
            self.sent += count
            rest = rest[count:]
            if not count:
                await self._waiting.writable()

    def _push(self, region: Region, patience: int) -> int:
        done, end = 0, time.monotonic() + SLICE
        while done < region.length and time.monotonic() < end:
            piece = self._piece[: min(region.length - done, PIECE)]
            if os.preadv(region.file.fileno(), [piece], region.offset + done) < len(piece):
                raise Corrupt("The stored file is shorter than it should be")
            count = self._encrypt(piece, patience)
            done += count
            if count < len(piece):
                break
        return done

    def _encrypt(self, data: memoryview, patience: int) -> int:
        """Encrypt `data` for as long as the client takes what was; how much of it."""
        done, end = 0, time.monotonic() + SLICE
        while self._flush(patience) and done < len(data) and time.monotonic() < end:
            done += self._tls.write(data[done : done + PIECE])
            self._unsent = memoryview(self._outgoing.read())
        return done

    def _flush(self, patience: int) -> bool:
        """Send what is encrypted; whether all of it is sent."""
        while self._unsent and not self._waiting.is_broken_off():
            try:
                count = self._socket.send(self._unsent)
            except BlockingIOError:
                if not patience or not takes_data(self._socket, patience):
                    break
            except OSError as error:
                raise broken() from error
            else:
                self._unsent = self._unsent[count:]
        return not self._unsent

    async def _drain(self) -> None:
        """Send all that TLS has to say."""
        self._unsent = memoryview(bytes(self._unsent) + self._outgoing.read())
        self._waiting.check()
        while not self._flush(0):
            await self._waiting.writable()

    async def finish(self) -> None:
        """Send close_notify. A client that has ended what it sent need not be there any more to hear it."""
        with suppress(OSError):
            self._tls.unwrap()  # the client's own end is not waited for
        if self.has_ended:
            with suppress(OSError):
                self._socket.send(self._outgoing.read())
            return
        await self._drain()
        with suppress(OSError):
            self._take()  # what lay unread would make the kernel reset the connection


def _server(context: ssl.SSLContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> ssl.SSLObject:
    """Give the client no new tickets, which TLS 1.3 sends behind the handshake.

    One that closes without reading them makes the kernel reset the connection, and the tail of its data is lost.
    """
    tickets, context.num_tickets = context.num_tickets, 0
    try:
        return context.wrap_bio(incoming, outgoing, server_side=True)
    finally:
        context.num_tickets = tickets
