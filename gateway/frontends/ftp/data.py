"""Data connections: raw sockets whose every wait has a limit and can be broken off from outside."""

import asyncio
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from gateway.core.blocks import CROWD
from gateway.core.errors import Corrupt, IncompleteBody
from gateway.core.store import Region
from gateway.frontends.sockets import Waiting

INLINE = 64 * 1024
"""Regions up to so many bytes are sent on the event loop: a hop to a thread would take longer."""

SENDFILE = 8 * 1024 * 1024
"""Bytes that one call of sendfile is asked for."""

SLICE = 0.25
"""Seconds that a thread sends before it gives others their turn."""

PATIENCE = 20
"""Milliseconds that a thread waits for a client to take data, before the event loop waits instead of it."""

P = ParamSpec("P")
T = TypeVar("T")

_RESET = struct.pack("ii", 1, 0)


class DataStream(Protocol):
    """A data connection as transfers use it. `has_ended`: the client's end was seen, behind all that was received."""

    @property
    def has_ended(self) -> bool: ...

    async def receive(self) -> bytes: ...

    async def send(self, data: bytes) -> None: ...

    async def send_region(self, region: Region) -> None: ...

    async def finish(self) -> None: ...

    def check(self) -> None: ...


class DataConnection:
    """The connection that a transfer's bytes go over. Whatever breaks it raises `IncompleteBody`.

    `stall`: seconds without a byte after which it is given up (`BodyTimeout`). `threads` runs sendfile.
    """

    def __init__(self, sock: socket.socket, stall: float, threads: Executor) -> None:
        self._waiting = Waiting(sock, stall)
        self._socket = sock
        self._threads = threads
        self._buffer = memoryview(b"")
        self.has_ended = False
        self.sent = 0
        self.received = 0

    async def receive(self) -> bytes:
        """The next bytes, as many as have come, up to a block; empty at the end.

        At first many are waited for, or the end, which comes right behind the bytes of a small upload.
        """
        buffer = self._block()
        if not (self.received or self.has_ended):
            await self._waiting.readable(CROWD.block() // 2)
        while True:
            self._waiting.check()
            filled = self._fill(buffer)
            if filled is not None:
                self.received += filled
                return bytes(buffer[:filled])
            await self._waiting.readable(CROWD.block() // 2)

    def _block(self) -> memoryview:
        """Room for a block; for a small one at first, since most uploads are small, and to clear much takes long."""
        size = CROWD.block() if self.received else INLINE
        if len(self._buffer) != size and not self.has_ended:
            self._buffer = memoryview(bytearray(size))
        return self._buffer

    def _fill(self, buffer: memoryview) -> int | None:
        """Fill `buffer` with what has come; how much that is. None where nothing has."""
        filled = 0
        while filled < len(buffer) and not self.has_ended:
            try:
                count = self._receive_into(buffer[filled:])
            except BlockingIOError:
                return filled or None
            except OSError as error:
                raise broken() from error
            filled += count
            self.has_ended = not count
        return filled

    def _receive_into(self, buffer: memoryview) -> int:
        return self._socket.recv_into(buffer)

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
                raise broken() from error
            else:
                self.sent += count
                rest = rest[count:]

    async def send_region(self, region: Region) -> None:
        """Send bytes of a file without moving them through this process. Raises `Corrupt` where the file is shorter."""
        done = 0
        while done < region.length:
            self._waiting.check()
            rest = Region(region.file, region.offset + done, region.length - done)
            count = self._push(rest, 0) if rest.length <= INLINE else await self.in_thread(self._push, rest, PATIENCE)
            done += count
            self.sent += count
            if not count:
                await self._waiting.writable()

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what may take long. The socket outlives the thread even where the task is cancelled."""
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, partial(work, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self.break_off(IncompleteBody("The transfer was cancelled"))
            with suppress(IncompleteBody):
                await running
            raise

    def _push(self, region: Region, patience: int) -> int:
        """Send what the client takes of `region` within `SLICE`; 0 where it takes nothing within `patience` ms."""
        sock, file, done, end = self._socket, region.file.fileno(), 0, time.monotonic() + SLICE
        while done < region.length and not self._waiting.is_broken_off():
            try:
                count = os.sendfile(sock.fileno(), file, region.offset + done, min(region.length - done, SENDFILE))
            except BlockingIOError:
                if not patience or not takes_data(sock, patience):
                    break
                continue
            except OSError as error:
                raise broken() from error
            if not count:
                raise Corrupt("The stored file is shorter than it should be")
            done += count
            if time.monotonic() > end:
                break
        return done

    async def finish(self) -> None:
        """Say that everything was sent, or heard."""

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


def broken() -> IncompleteBody:
    return IncompleteBody("The data connection broke")


def takes_data(sock: socket.socket, patience: int) -> bool:
    """Whether it does within `patience` ms."""
    return _is_ready(sock, select.POLLOUT, patience)


def has_data(sock: socket.socket, patience: int) -> bool:
    """Whether something comes within `patience` ms, be it the end."""
    return _is_ready(sock, select.POLLIN, patience)


def _is_ready(sock: socket.socket, event: int, patience: int) -> bool:
    poller = select.poll()
    poller.register(sock, event)
    return bool(poller.poll(patience))
