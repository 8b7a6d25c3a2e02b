"""Listening sockets."""

import asyncio
import errno
import socket
from collections.abc import Callable

BACKLOG = 1024

PAUSE = 1.0
"""Seconds without accepting after the process ran out of descriptors."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Hands on who connects to `sock`, which listens and does not block."""

    def __init__(self, sock: socket.socket, meet: Callable[[socket.socket, str], None]) -> None:
        """`meet` gets a connection, which does not block either and is its own, and the address that it comes from."""
        self._socket = sock
        self._meet = meet
        self._loop = asyncio.get_running_loop()
        self._resume: asyncio.TimerHandle | None = None
        self._is_closed = False
        self.port: int = sock.getsockname()[1]
        self._loop.add_reader(sock.fileno(), self.accept)

    def accept(self) -> None:
        """Take those who have connected."""
        try:
            for _ in range(BACKLOG):
                sock, name = self._socket.accept()
                sock.setblocking(False)
                self._meet(sock, name[0])
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._rest()

    def _rest(self) -> None:
        """Accept nobody for a while: there is one such while at a time, which `close` ends."""
        if self._resume is not None:
            self._resume.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._resume = self._loop.call_later(PAUSE, self._loop.add_reader, self._socket.fileno(), self.accept)

    def close(self) -> None:
        """Listen no more."""
        if self._resume is not None:
            self._resume.cancel()
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
