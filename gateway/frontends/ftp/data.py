"""Data connections: raw sockets whose every wait has a limit and can be broken off from outside."""

import asyncio
import os
import select
import socket
import struct
import time
from concurrent.futures import Executor
from contextlib import suppress

from gateway.core.blocks import CROWD
from gateway.core.errors import BodyTimeout, Corrupt, IncompleteBody
from gateway.core.lowwater import LowWater
from gateway.core.store import Region

INLINE = 64 * 1024
"""Regions up to so many bytes are sent on the event loop: a hop to a thread would take longer."""

SENDFILE = 8 * 1024 * 1024
"""Bytes that one call of sendfile is asked for."""

SLICE = 0.25
"""Seconds that a thread sends before it gives others their turn."""

PATIENCE = 20
"""Milliseconds that a thread waits for a client to take data, before the event loop waits instead of it."""

_RESET = struct.pack("ii", 1, 0)


class Waiting:
    """A non-blocking socket and the one task that waits for it. `limit`: seconds that a wait may take."""

    def __init__(self, sock: socket.socket, limit: float) -> None:
        self.socket = sock
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[bool] | None = None
        self._error: Exception | None = None
        self._low_water = LowWater(sock)

    async def readable(self, many: int) -> None:
        """Wait for `many` bytes at first, then for any.

        Raises `BodyTimeout` after the limit, and what the wait is broken off with.
        """
        for seconds in self._low_water.waits(many, self._limit):
            if await self._is_readable(seconds):
                return
        raise _stalled()

    async def _is_readable(self, seconds: float) -> bool:
        self.check()
        waiter = self._begin(seconds)
        self._loop.add_reader(self.socket.fileno(), _wake, waiter)
        try:
            return await waiter
        finally:
            self._loop.remove_reader(self.socket.fileno())
            self._end()

    async def writable(self) -> None:
        """Raises as `readable`."""
        self.check()
        waiter = self._begin(self._limit)
        self._loop.add_writer(self.socket.fileno(), _wake, waiter)
        try:
            if not await waiter:
                raise _stalled()
        finally:
            self._loop.remove_writer(self.socket.fileno())
            self._end()

    def break_off(self, error: Exception) -> None:
        """Let the wait that is going on, or the next one, end in `error`.

        The socket is left as it is: to shut it down would look like the end of the data to the client.
        """
        if self._error is None:
            self._error = error
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_exception(error)

    def is_broken_off(self) -> bool:
        return self._error is not None

    def check(self) -> None:
        """Raise what the socket was broken off with."""
        if self._error is not None:
            raise self._error

    def _begin(self, seconds: float) -> asyncio.Future[bool]:
        self._waiter = waiter = self._loop.create_future()
        self._timer = self._loop.call_later(seconds, _expire, waiter)
        return waiter

    def _end(self) -> None:
        self._timer.cancel()
        self._waiter = None


def _wake(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(True)


def _expire(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)


def _stalled() -> BodyTimeout:
    return BodyTimeout("The data connection stood still for too long")


class DataConnection:
    """The connection that a transfer's bytes go over. Whatever breaks it raises `IncompleteBody`.

    `stall`: seconds without a byte after which it is given up (`BodyTimeout`). `threads` runs sendfile.
    """

    def __init__(self, sock: socket.socket, stall: float, threads: Executor) -> None:
        self._waiting = Waiting(sock, stall)
        self._socket = sock
        self._threads = threads
        self._buffer = memoryview(b"")
        self.sent = 0
        self.received = 0

    async def receive(self) -> bytes:
        """The next bytes, as many as have come, up to a block; empty at the end."""
        if len(self._buffer) != CROWD.block():
            self._buffer = memoryview(bytearray(CROWD.block()))
        while True:
            self._waiting.check()
            filled = self._fill(self._buffer)
            if filled is not None:
                self.received += filled
                return bytes(self._buffer[:filled])
            await self._waiting.readable(len(self._buffer) // 2)

    def _fill(self, buffer: memoryview) -> int | None:
        filled = 0
        try:
            while filled < len(buffer) and (count := self._socket.recv_into(buffer[filled:])):
                filled += count
        except BlockingIOError:
            return filled or None
        except OSError as error:
            raise _broken() from error
        return filled

    async def send(self, data: bytes) -> None:
        """Send all of `data`."""
        rest = memoryview(data)
        while rest:
            self._waiting.check()
            try:
                count = self._socket.send(rest)
            except BlockingIOError:
                await self._waiting.writable()
            except OSError as error:
                raise _broken() from error
            else:
                self.sent += count
                rest = rest[count:]

    async def send_region(self, region: Region) -> None:
        """Send bytes of a file without moving them through this process. Raises `Corrupt` where the file is shorter."""
        done = 0
        while done < region.length:
            self._waiting.check()
            rest = Region(region.file, region.offset + done, region.length - done)
            count = self._push(rest, 0) if rest.length <= INLINE else await self._push_in_thread(rest)
            done += count
            self.sent += count
            if not count:
                await self._waiting.writable()

    async def _push_in_thread(self, region: Region) -> int:
        """Send what can be sent at once. The socket outlives the thread even where the task is cancelled."""
        loop = asyncio.get_running_loop()
        pushed = loop.run_in_executor(self._threads, self._push, region, PATIENCE)
        try:
            return await asyncio.shield(pushed)
        except asyncio.CancelledError:
            self.break_off(IncompleteBody("The transfer was cancelled"))
            with suppress(IncompleteBody):
                await pushed
            raise

    def _push(self, region: Region, patience: int) -> int:
        """Send what the client takes of `region` within `SLICE`; 0 where it takes nothing within `patience` ms."""
        sock, file, done, end = self._socket, region.file.fileno(), 0, time.monotonic() + SLICE
        while done < region.length and not self._waiting.is_broken_off():
            try:
                count = os.sendfile(sock.fileno(), file, region.offset + done, min(region.length - done, SENDFILE))
            except BlockingIOError:
                if not patience or not _takes_data(sock, patience):
                    break
                continue
            except OSError as error:
                raise _broken() from error
            if not count:
                raise Corrupt("The stored file is shorter than it should be")
            done += count
            if time.monotonic() > end:
                break
        return done

    def break_off(self, error: Exception) -> None:
        """Let what is going on end in `error`, or what is asked for next."""
        self._waiting.break_off(error)

    def check(self) -> None:
        """Raise what the connection was broken off with."""
        self._waiting.check()

    def close(self) -> None:
        """Close in order: the client gets all that was sent, and then the end."""
        self._socket.close()

    def reset(self) -> None:
        """Close at once, so that the client can't take what it has got for the whole."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()


def _broken() -> IncompleteBody:
    return IncompleteBody("The data connection broke")


def _takes_data(sock: socket.socket, patience: int) -> bool:
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    return bool(poller.poll(patience))
