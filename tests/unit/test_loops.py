"""The loop that tests run on lets closed connections end, also those whose peer takes nothing."""

import asyncio
import gc
import socket

import pytest

from tests.support import loops
from tests.support.loops import SettlingLoop


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    near, far = socket.socketpair()
    near.setblocking(False)
    return near, far


async def _close_one(sock: socket.socket, left: bytes) -> None:
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=sock)
    transport.write(left)
    transport.close()


@pytest.mark.parametrize("left", (b"", b"x" * (1 << 24)), ids=["nothing", "more than the peer takes"])
def test_a_closed_connection_ends_before_its_loop(
    pair: tuple[socket.socket, socket.socket], left: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "SETTLE", 0.01)
    near, far = pair
    with far:
        with asyncio.Runner(loop_factory=SettlingLoop) as runner:
            runner.run(_close_one(near, left))
        gc.collect()
        assert near.fileno() == -1
