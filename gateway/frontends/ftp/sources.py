"""Where a transfer's data connection comes from: active sources here, passive ones in `passive.py`."""

import errno
import socket
from abc import ABC, abstractmethod

from gateway.core.errors import BodyTimeout
from gateway.frontends.ftp.addresses import Endpoint
from gateway.frontends.ftp.replies import Refused
from gateway.frontends.sockets import Waiting

CANNOT_CONNECT = 425


class DataSource(ABC):
    """One data connection that is agreed on and not made yet."""

    @abstractmethod
    async def connect(self, seconds: float) -> socket.socket:
        """The connection, non-blocking, which is the caller's from now on. Raises `Refused` (425) after `seconds`."""

    @abstractmethod
    def break_off(self, error: Exception) -> None:
        """Let `connect` end in `error`."""

    @abstractmethod
    def close(self) -> None:
        """Give up what was agreed on; a connection that has been handed out stays."""


class Active(DataSource):
    """A connection that the gateway makes (PORT, EPRT), from the address that the client spoke to."""

    def __init__(self, target: Endpoint, local: str) -> None:
        self._target = target
        self._local = local
        self._waiting: Waiting | None = None
        self._error: Exception | None = None

    async def connect(self, seconds: float) -> socket.socket:
        if self._error is not None:
            raise self._error
        family = socket.AF_INET if self._target.address.version == 4 else socket.AF_INET6
        sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._waiting = Waiting(sock, seconds)
        try:
            await self._reach(sock, self._waiting)
        except (OSError, BodyTimeout):
            sock.close()
            raise Refused(CANNOT_CONNECT, "Your port does not answer") from None
        except BaseException:
            sock.close()
            raise
        return sock

    async def _reach(self, sock: socket.socket, waiting: Waiting) -> None:
        sock.bind((self._local, 0))
        code = sock.connect_ex((str(self._target.address), self._target.port))
        if code == errno.EINPROGRESS:
            await waiting.writable()
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect failed")

    def break_off(self, error: Exception) -> None:
        self._error = error
        if self._waiting is not None:
            self._waiting.break_off(error)

    def close(self) -> None:
        """Nothing is held between the command and the transfer."""
