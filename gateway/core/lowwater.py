"""Fewer wake-ups: the kernel gathers bytes before it tells that a socket can be read."""

import socket
from collections.abc import Iterator

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
