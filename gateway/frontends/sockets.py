"""Sockets that are waited for: with limits, and no more often than is needed."""

import asyncio
import socket
from collections.abc import Iterator

from gateway.core.errors import BodyTimeout

PATIENCE = 1.0
"""Seconds after which fewer bytes are looked at, too."""


class LowWater:
    """The low-water mark of a socket that bytes are received from (SO_RCVLOWAT, socket(7) and tcp(7))."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.mark = 1

    def waits(self, count: int, seconds: float) -> Iterator[float]:
        """Set the mark to `count` bytes, then to one; how long to wait at each, of `seconds` in all."""
        patience = min(PATIENCE, seconds / 2)
        self.set(count)
        yield patience
        self.set(1)
        yield seconds - patience

    def set(self, count: int) -> None:
        """Tell of `count` bytes, but of a quarter of what the kernel would hold: else the sender had to pause."""
        room = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        mark = max(1, min(count, room // 4))
        if mark != self.mark:
            self.mark = mark
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, mark)


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
    return BodyTimeout("The connection stood still for too long")
