"""Single requests whose answers matter, and many that are each sent once."""

import socket
from collections.abc import Sequence

from bench.load import LENGTH, drive
from bench.process import Server

AT_ONCE = 100


def exchange(port: int, request: bytes) -> bytes:
    """Send one HTTP request; the body of its answer, which states its length."""
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answer:
        connection.sendall(request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = answer.readline()
            if not line:
                raise RuntimeError("the server closed the connection")
            head += line
        length = LENGTH.search(head)
        body = answer.read(int(length[1]) if length else 0)
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError((head + body)[:900].decode(errors="replace"))
        return body


def once(
    server: Server, port: int, requests: Sequence[bytes], *, concurrency: int = AT_ONCE, bodies: bool = True
) -> None:
    """Send each request once: writes that have to be there, reads that caches have to know. `bodies`: see `drive`."""
    for first in range(0, len(requests), concurrency):
        some = requests[first : first + concurrency]
        drive(server, port, some, concurrency=len(some), seconds=0, bodies=bodies)
