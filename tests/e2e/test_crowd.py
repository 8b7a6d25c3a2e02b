"""Thousands of connections that ask for nothing, or never finish asking, while others work."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.e2e.portico import serving
from tests.e2e.raw import Http, ftp, s3, swift

CROWD = {"s3": 2000, "swift": 2000, "admin": 200, "ftp": 200}
"""Idle connections for each door; the last two doors have lower limits."""

SHELL = 1024
"""Files that a process may open where nobody has raised the limit."""


@contextmanager
def files(limit: int) -> Iterator[None]:
    """Let this process, and those that it starts meanwhile, open `limit` files; what it starts may raise that."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_thousands_of_idle_connections_leave_every_door_usable(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with files(SHELL):
            server = stack.enter_context(serving(tmp_path / "data"))
        stack.enter_context(files(SHELL + sum(CROWD.values())))
        for door, count in CROWD.items():
            for number in range(count):
                idle = stack.enter_context(socket.create_connection(("127.0.0.1", server.ports[door]), timeout=60))
                if number % 2:
                    idle.sendall(b"GET / HTTP/1.1\r\nHost: x")
        assert s3(server).request("PUT", "box") == (200, b"")
        assert s3(server).request("PUT", "box/new", b"hello") == (200, b"")
        assert swift(server).request("GET", "box/new") == (200, b"hello")
        client = ftp(server)
        assert client.nlst("/box") == ["new"]
        client.close()
        assert Http(server.ports["admin"]).request("GET", "readyz")[0] == 200
        server.terminate()
        assert server.wait() == 0
    assert '"level":"error"' not in server.err.read_text().replace(" ", "")
