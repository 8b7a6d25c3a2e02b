"""An FTP client that costs little: blocking sockets, large buffers, TLS where it is asked for."""

import re
import socket
import ssl
import struct
import time
from types import TracebackType
from typing import Self

from bench.ftppeers import Door
from bench.transfer import BLOCK

_PASSIVE = re.compile(rb"\|\|\|(\d+)\|")
_PATIENCE = struct.pack("ll", 60, 0)
"""What the kernel waits for a server: seconds and microseconds. Python's own limits would cost a call for each wait."""


class Session:
    """A user who has logged in."""

    def __init__(self, door: Door, *, tls: bool = False) -> None:
        self._context = _trusting() if tls else None
        self._door = door
        self._socket = _connected(door.port)
        self._lines = self._socket.makefile("rb")
        self.expect(b"220")
        if self._context:
            self.say("AUTH TLS", b"234")
            self._socket = self._context.wrap_socket(self._socket)
            self._lines = self._socket.makefile("rb")
        self.say(f"USER {door.user}", b"331")
        self.say(f"PASS {door.secret}", b"230")

    def begin(self) -> None:
        """Say how transfers are to be."""
        self.say("TYPE I", b"200")
        if self._context:
            self.say("PBSZ 0", b"200")
            self.say("PROT P", b"200")

    def retrieve(self, command: str) -> int:
        """The bytes that a command sends."""
        size, buffer = 0, bytearray(BLOCK)
        with self._begun(command) as data:
            while count := data.recv_into(buffer):
                size += count
        self.expect(b"226")
        return size

    def first_byte(self, command: str) -> float:
        """Seconds from a command, whose data connection stands already, to the first byte that it sends."""
        with self._agreed() as data:
            start = time.perf_counter()
            self.say(command, b"1")
            data.recv(1)
            return time.perf_counter() - start

    def store(self, name: str, body: bytes, times: int = 1) -> None:
        """Send `body` so many times as one file."""
        with self._begun(f"STOR {self._door.root}{name}") as data:
            for _ in range(times):
                data.sendall(body)
            if isinstance(data, ssl.SSLSocket):
                data.unwrap()
            else:
                data.shutdown(socket.SHUT_WR)
        self.expect(b"226")

    def fetch(self, name: str) -> int:
        """The bytes of a file."""
        return self.retrieve(f"RETR {self._door.root}{name}")

    def _agreed(self) -> socket.socket:
        """A data connection, made before anything is asked for."""
        port = _PASSIVE.search(self.say("EPSV", b"229"))
        if port is None:
            raise RuntimeError("no port in the answer to EPSV")
        return _connected(int(port[1]))

    def _begun(self, command: str) -> socket.socket:
        data = self._agreed()
        self.say(command, b"1")
        if self._context is None or not isinstance(self._socket, ssl.SSLSocket):
            return data
        return self._context.wrap_socket(data, session=self._socket.session)

    def say(self, line: str, reply: bytes) -> bytes:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.expect(reply)

    def expect(self, reply: bytes) -> bytes:
        line = self._lines.readline()
        while line[3:4] == b"-" or line[:1] == b" ":
            line = self._lines.readline()
        if not line.startswith(reply):
            raise RuntimeError(f"{reply!r} was expected: {line!r}")
        return line

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _connected(port: int) -> socket.socket:
    sock = socket.socket()
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, limit, _PATIENCE)
    sock.connect(("127.0.0.1", port))
    return sock


def _trusting() -> ssl.SSLContext:
    """TLS 1.2, whose sessions every server lets data connections resume."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
