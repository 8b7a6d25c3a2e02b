"""The transport of control connections, over socket pairs."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from gateway.frontends.ftp.transport import EMPTY, FULL, SocketTransport


@dataclass
class Notes(asyncio.Protocol):
    """A protocol that notes what it is told."""

    told: list[str] = field(default_factory=list)
    read: bytes = b""
    stays: bool = False

    def data_received(self, data: bytes) -> None:
        self.read += data

    def eof_received(self) -> bool:
        self.told.append("end")
        return self.stays

    def pause_writing(self) -> None:
        self.told.append("full")

    def resume_writing(self) -> None:
        self.told.append("empty")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost" if exc is None else type(exc).__name__)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as client,
    ):
        server, _ = listening.accept()
        for sock in (server, client):
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, FULL)
        with server:
            yield server, client


Pair = tuple[socket.socket, socket.socket]


async def until(notes: Notes, *told: str) -> None:
    for _ in range(10_000):
        if notes.told == list(told):
            return
        await asyncio.sleep(0.001)
    raise AssertionError(notes.told)


async def test_what_comes_is_told_once_there_is_a_protocol(pair: Pair) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes()
    client.send(b"before ")
    await asyncio.sleep(0.01)
    transport.set_protocol(notes)
    client.send(b"and after")
    client.shutdown(socket.SHUT_WR)
    await until(notes, "end", "lost")
    assert notes.read == b"before and after"
    assert server.fileno() == -1


async def test_a_client_that_has_ended_can_still_be_answered(pair: Pair) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes(stays=True)
    transport.set_protocol(notes)
    client.shutdown(socket.SHUT_WR)
    await until(notes, "end")
    transport.write(b"goodbye")
    transport.close()
    await until(notes, "end", "lost")
    assert client.recv(100) == b"goodbye"
    assert client.recv(100) == b""


async def test_nothing_is_read_in_a_pause(pair: Pair) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes()
    transport.set_protocol(notes)
    transport.pause_reading()
    client.send(b"data")
    await asyncio.sleep(0.01)
    assert notes.read == b""
    transport.resume_reading()
    client.close()
    await until(notes, "end", "lost")
    assert notes.read == b"data"


async def test_what_the_client_does_not_take_waits_for_him_and_then_all_is_closed(pair: Pair) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes()
    transport.set_protocol(notes)
    data = bytes(range(256)) * (FULL // 4)
    transport.write(data)
    assert transport.get_write_buffer_size() > FULL
    assert notes.told == ["full"]
    transport.write(b"the end")
    transport.close()
    assert transport.is_closing()
    taken = b""
    while block := await asyncio.get_running_loop().sock_recv(client, FULL):
        taken += block
    assert taken == data + b"the end"
    await until(notes, "full", "empty", "lost")


async def test_the_protocol_goes_on_when_little_is_left(pair: Pair) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes()
    transport.set_protocol(notes)
    while not notes.told:
        transport.write(bytes(FULL))
    while notes.told == ["full"]:
        await asyncio.get_running_loop().sock_recv(client, FULL)
    assert notes.told == ["full", "empty"]
    assert transport.get_write_buffer_size() <= EMPTY
    transport.abort()
    await until(notes, "full", "empty", "lost")


@pytest.mark.parametrize("writes", (True, False))
async def test_a_client_that_vanishes_is_told_once(pair: Pair, writes: bool) -> None:
    server, client = pair
    transport, notes = SocketTransport(server), Notes()
    if not writes:
        transport.set_protocol(notes)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    if writes:
        transport.set_protocol(notes)
        transport.write(b"anybody there?")
        transport.write(b"no")
    await until(notes, "ConnectionResetError")
    transport.abort()
    transport.close()
    await asyncio.sleep(0)
    assert notes.told == ["ConnectionResetError"]
