"""Data connections under TLS (RFC 4217, section 9)."""

import os
import select
import socket
import ssl
import time
from concurrent.futures import Executor
from contextlib import suppress

from gateway.core.errors import Corrupt
from gateway.core.store import Region
from gateway.frontends.ftp.data import INLINE, PATIENCE, SLICE, WOULD_BLOCK, DataConnection, broken, takes_data

PIECE = 256 * 1024
"""Bytes of a file that are read and encrypted at a time."""


class SecureData(DataConnection):
    """A data connection whose client must end what it sends by close_notify: one that just ends has broken.

    It takes `sock` over. What is large is encrypted and decrypted in threads.
    """

    def __init__(self, sock: socket.socket, stall: float, threads: Executor, context: ssl.SSLContext) -> None:
        self._tls = _wrapped(sock, context)
        super().__init__(self._tls, stall, threads)
        self._has_ended = False

    async def shake_hands(self) -> None:
        """Raises `IncompleteBody` where the client does not speak TLS."""
        while True:
            self._waiting.check()
            try:
                return await self.in_thread(self._tls.do_handshake)
            except ssl.SSLWantReadError:
                await self._waiting.readable(1)
            except ssl.SSLWantWriteError:
                await self._waiting.writable()
            except OSError as error:
                raise broken() from error

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
        self._has_ended = not filled
        if filled == INLINE:
            filled += await self.in_thread(self._fill_on, buffer[INLINE:])
        self.received += filled
        return bytes(buffer[:filled])

    def _fill_on(self, buffer: memoryview) -> int:
        """Fill what can be filled within `SLICE`, waiting for the client for `PATIENCE` at most."""
        filled, end = 0, time.monotonic() + SLICE
        while filled < len(buffer) and time.monotonic() < end and not self._waiting.is_broken_off():
            count = self._fill(buffer[filled:])
            filled += count or 0
            if count == 0 or (count is None and not _has_data(self._tls)):
                break
        return filled

    async def send(self, data: bytes) -> None:
        if len(data) <= INLINE:
            return await super().send(data)
        rest = memoryview(data)
        while rest:
            self._waiting.check()
            count = await self.in_thread(self._encrypt, rest, PATIENCE)
            self.sent += count
            rest = rest[count:]
            if not count:
                await self._waiting.writable()
        return None

    def _encrypt(self, data: memoryview, patience: int) -> int:
        """Send what the client takes; what it does not take has to be sent next, as TLS has it."""
        done, end = 0, time.monotonic() + SLICE
        while done < len(data) and time.monotonic() < end and not self._waiting.is_broken_off():
            try:
                done += self._tls.send(data[done : done + PIECE])
            except WOULD_BLOCK:
                if not patience or not takes_data(self._tls, patience):
                    break
            except OSError as error:
                raise broken() from error
        return done

    def _push(self, region: Region, patience: int) -> int:
        done, end = 0, time.monotonic() + SLICE
        while done < region.length and time.monotonic() < end:
            piece = os.pread(region.file.fileno(), min(region.length - done, PIECE), region.offset + done)
            if len(piece) < min(region.length - done, PIECE):
                raise Corrupt("The stored file is shorter than it should be")
            count = self._encrypt(memoryview(piece), patience)
            done += count
            if count < len(piece):
                break
        return done

    async def finish(self) -> None:
        """Send close_notify. A client that has ended what it sent need not be there any more to hear it."""
        if self._has_ended:
            with suppress(OSError):
                self._tls.unwrap()
            return
        while True:
            self._waiting.check()
            try:
                self._tls.unwrap()
            except ssl.SSLWantWriteError:
                await self._waiting.writable()
                continue
            except ssl.SSLError:
                pass  # it is sent; the client's own end is not waited for
            except OSError as error:
                raise broken() from error
            return


def _wrapped(sock: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Give the client no new tickets, which TLS 1.3 sends behind the handshake.

    One that closes without reading them makes the kernel reset the connection, and the tail of its data is lost.
    """
    tickets, context.num_tickets = context.num_tickets, 0
    try:
        return context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=False)
    except OSError as error:
        sock.close()
        raise broken() from error
    finally:
        context.num_tickets = tickets


def _has_data(sock: socket.socket) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(PATIENCE))
