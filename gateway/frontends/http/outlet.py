"""Bytes of files that go to a client without passing through this process."""

import asyncio
import os
import socket
from types import TracebackType
from typing import Self

from gateway.core.store import Region
from gateway.frontends.sockets import Waiting

SLICE = 1024 * 1024
"""Most bytes of one call of sendfile, during which the event loop does nothing else."""


class Outlet:
    """A handle of its own on a transport's socket, for `sendfile`. The transport reads nothing meanwhile.

    `stall`: seconds after which a client that takes nothing is given up. `sent`: bytes that have gone out.
    """

    def __init__(self, transport: asyncio.Transport, stall: float) -> None:
        self._transport = transport
        self._socket: socket.socket = transport.get_extra_info("socket").dup()
        self._socket.setblocking(False)
        self._waiting = Waiting(self._socket, stall)
        self._reading = transport.is_reading()
        self.sent = 0

    def __enter__(self) -> Self:
        self._transport.pause_reading()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        if self._reading:
            self._transport.resume_reading()

    async def send(self, region: Region) -> int:
        """Send the bytes of a region, as many as its file has. Raises `BodyTimeout`, `OSError`."""
        await self._flushed()
        done = 0
        while done < region.length:
            try:
                count = self._push(region.file.fileno(), region.offset + done, region.length - done)
            except BlockingIOError:
                await self._waiting.writable()
                continue
            if not count:
                break
            done += count
            self.sent += count
            await asyncio.sleep(0)
        return done

    def _push(self, file: int, offset: int, count: int) -> int:
        return os.sendfile(self._socket.fileno(), file, offset, min(count, SLICE))

    async def _flushed(self) -> None:
        """What was given to the transport goes first."""
        while self._transport.get_write_buffer_size():
            await self._waiting.writable()
            await asyncio.sleep(0)
