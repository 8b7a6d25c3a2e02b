"""Answers that leave together: none is lost, none overtakes another."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
from aiohttp import web

from gateway.frontends.http.answer import Answer
from gateway.frontends.http.cork import Cork
from gateway.frontends.http.server import HttpServer
from tests.frontends.http.conftest import Serve
from tests.frontends.http.test_server import dialogue


class Wire(asyncio.Transport):
    def __init__(self, sent: list[bytes]) -> None:
        super().__init__()
        self._sent = sent
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent.append(bytes(data))


async def test_answers_of_a_turn_are_sent_in_order_at_its_end() -> None:
    sent: list[bytes] = []
    cork, wire, gone = Cork(asyncio.get_running_loop()), Wire(sent), Wire(sent)
    cork.hold(wire, b"1")
    cork.hold(gone, b"lost")
    cork.hold(wire, b"2")
    gone.closing = True
    assert not sent
    await asyncio.sleep(0)
    assert sent == [b"1", b"2"]
    cork.hold(wire, b"3")
    await asyncio.sleep(0)
    assert sent == [b"1", b"2", b"3"]


async def _streamed(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(request.raw_path))})
    await response.prepare(request)
    await response.write(request.raw_path.encode())
    await response.write_eof()
    return response


def _alternating() -> Callable[[web.BaseRequest], object]:
    numbers = count()

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if next(numbers) % 2:
            return await _streamed(request)
        return Answer(body=request.raw_path.encode())

    return handler


def _bodies(heard: bytes) -> list[bytes]:
    return [answer.partition(b"\r\n\r\n")[2] for answer in heard.split(b"HTTP/1.1 200 OK\r\n")[1:]]


@pytest.mark.parametrize("at_once", (True, False))
async def test_pipelined_requests_are_answered_in_order(serve: Serve, at_once: bool) -> None:
    paths = [f"/{number}" for number in range(20)]
    requests = [f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths]
    requests[-1] = requests[-1].replace(b"Host: x", b"Host: x\r\nConnection: close")
    server: HttpServer = await serve(_alternating())
    heard = await dialogue(server, *([b"".join(requests)] if at_once else requests))
    assert _bodies(heard) == [path.encode() for path in paths]


async def test_many_clients_get_each_his_own(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        await asyncio.sleep(0)
        return Answer(body=request.raw_path.encode())

    server = await serve(handler)

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for turn in range(10):
            path = f"/{number}/{turn}".encode()
            writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readexactly(len(path)) == path
        writer.close()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(client(number))
