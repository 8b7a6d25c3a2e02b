"""Large bodies over HTTP and FTP with a client that costs little: blocking sockets and large buffers."""

import re
import socket
import time
from dataclasses import dataclass

from bench.process import Server
from bench.requests import SECRET, USER

BLOCK = 1 << 20
PATTERN = bytes(range(256)) * (BLOCK // 256)
"""What bodies consist of."""
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PASSIVE = re.compile(rb"\|\|\|(\d+)\|")


@dataclass(frozen=True)
class Throughput:
    """MB (10^6 bytes) a second, and seconds of server CPU for each GiB."""

    mb_per_second: float
    cpu_per_gib: float


class Stopwatch:
    """Measures one transfer of `size` bytes on `server`."""

    def __init__(self, server: Server, size: int) -> None:
        self._server = server
        self._size = size
        self._cpu = server.cpu()
        self._start = time.perf_counter()

    def stop(self) -> Throughput:
        elapsed = time.perf_counter() - self._start
        return Throughput(self._size / elapsed / 1e6, (self._server.cpu() - self._cpu) / (self._size / (1 << 30)))


def get(server: Server, port: int, request: bytes, size: int) -> Throughput:
    """Receive the body of one HTTP answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        watch = Stopwatch(server, size)
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        text, _, body = head.partition(b"\r\n\r\n")
        length = LENGTH.search(text)
        if not text.startswith(b"HTTP/1.1 200") or length is None or int(length[1]) != size:
            raise RuntimeError(head[:600].decode(errors="replace"))
        _receive(connection, size - len(body))
        return watch.stop()


def put(server: Server, port: int, head: bytes, size: int) -> Throughput:
    """Send one HTTP request with a body of `size` bytes; ends with the answer."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        watch = Stopwatch(server, size)
        connection.sendall(head)
        _send(connection, size)
        answer = connection.recv(65536)
        if not answer.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(answer[:600].decode(errors="replace"))
        return watch.stop()


def ftp_get(server: Server, port: int, path: str, size: int) -> Throughput:
    """RETR one file, timed from the command to the final reply."""
    with _Ftp(port) as ftp, ftp.passive() as data:
        watch = Stopwatch(server, size)
        ftp.say(f"RETR {path}", b"150")
        _receive(data, size)
        ftp.expect(b"226")
        return watch.stop()


def ftp_put(server: Server, port: int, path: str, size: int) -> Throughput:
    """STOR one file, timed from the command to the final reply."""
    with _Ftp(port) as ftp, ftp.passive() as data:
        watch = Stopwatch(server, size)
        ftp.say(f"STOR {path}", b"150")
        _send(data, size)
        data.shutdown(socket.SHUT_WR)
        ftp.expect(b"226")
        return watch.stop()


def _receive(connection: socket.socket, size: int) -> None:
    buffer = bytearray(BLOCK)
    while size > 0:
        count = connection.recv_into(buffer)
        if not count:
            raise RuntimeError(f"the server closed the connection {size} bytes early")
        size -= count


def _send(connection: socket.socket, size: int) -> None:
    for offset in range(0, size, BLOCK):
        connection.sendall(PATTERN[: size - offset])


class _Ftp:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("rb")
        self.expect(b"220")
        self.say(f"USER {USER}", b"331")
        self.say(f"PASS {SECRET}", b"230")
        self.say("TYPE I", b"200")

    def say(self, line: str, reply: bytes) -> bytes:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.expect(reply)

    def expect(self, reply: bytes) -> bytes:
        line = self._lines.readline()
        while line[3:4] == b"-" or line[:1] == b" ":
            line = self._lines.readline()
        if not line.startswith(reply):
            raise RuntimeError(line.decode(errors="replace"))
        return line

    def passive(self) -> socket.socket:
        port = PASSIVE.search(self.say("EPSV", b"229"))
        if port is None:
            raise RuntimeError("no port in the answer to EPSV")
        return socket.create_connection(("127.0.0.1", int(port[1])))

    def __enter__(self) -> "_Ftp":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()
