import socket
from collections.abc import Iterator

import pytest

from gateway.frontends.sockets import PATIENCE, LowWater


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        yield sock


def mark(sock: socket.socket) -> int:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


def test_the_mark_is_the_kernels(sock: socket.socket) -> None:
    low_water = LowWater(sock)
    assert low_water.mark == mark(sock) == 1
    low_water.set(1000)
    assert low_water.mark == mark(sock) == 1000
    low_water.set(0)
    assert low_water.mark == mark(sock) == 1


def test_the_sender_never_has_to_pause_for_it(sock: socket.socket) -> None:
    low_water = LowWater(sock)
    low_water.set(1 << 30)
    room = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert low_water.mark == mark(sock) == room // 4


@pytest.mark.parametrize(("seconds", "first"), ((60.0, PATIENCE), (1.0, 0.5)))
def test_few_bytes_are_waited_for_in_the_end(sock: socket.socket, seconds: float, first: float) -> None:
    waits = LowWater(sock).waits(1000, seconds)
    assert (next(waits), mark(sock)) == (first, 1000)
    assert (next(waits), mark(sock)) == (seconds - first, 1)
    assert next(waits, None) is None
