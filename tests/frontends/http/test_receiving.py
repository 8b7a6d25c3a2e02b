import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from hashlib import md5
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp import web

from gateway.core.blocks import LARGEST
from gateway.core.body import CheckedBody
from gateway.core.digest import Algorithm
from gateway.core.errors import StoreError
from gateway.frontends.http import receiving
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.receiving import LARGE, Receiver
from gateway.frontends.http.server import HttpServer
from tests.frontends.http.conftest import Serve

SIZE = 5 * LARGEST + 12_345
DATA = bytes(range(251)) * (SIZE // 251 + 1)
DATA = DATA[:SIZE]
TAG = md5(DATA).hexdigest().encode()

Made = list[tuple[Receiver, asyncio.Transport]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """The receivers that are made, with the transports that they read."""
    receivers: Made = []

    class Noted(Receiver):
        def __init__(self, request: web.BaseRequest, transport: asyncio.Transport, missing: int, stall: float) -> None:
            super().__init__(request, transport, missing, stall)
            receivers.append((self, transport))

    monkeypatch.setattr(receiving, "Receiver", Noted)
    return receivers


def head(size: int = SIZE, *fields: str, method: str = "PUT") -> bytes:
    lines = (f"{method} / HTTP/1.1", "Host: x", f"Content-Length: {size}", *fields)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Client:
    """A connection that is spoken to in raw bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(20):
            answer = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            return int(answer[9:12]), await self._reader.readexactly(int(length[15:]))

    async def line(self) -> bytes:
        return await self._reader.readuntil(b"\r\n\r\n")

    async def end(self) -> bytes:
        async with asyncio.timeout(20):
            return await self._reader.read()


@asynccontextmanager
async def connected(server: HttpServer) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def tell_digest(request: web.BaseRequest) -> web.StreamResponse:
    body = CheckedBody(RequestBody(request, stall=2.0), {Algorithm.MD5})
    async with aclosing(body.chunks()) as chunks:
        async for _ in chunks:
            pass
    return web.Response(body=body.digests[Algorithm.MD5].hex().encode())


Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Failures:
    """A handler that notes what another one fails of."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.begun = asyncio.Event()
        self.failed = asyncio.Event()
        self.name = ""

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.begun.set()
        try:
            return await self._handler(request)
        except (StoreError, asyncio.CancelledError) as error:
            self.name = type(error).__name__
            self.failed.set()
            raise

    async def failure(self) -> str:
        async with asyncio.timeout(10):
            await self.failed.wait()
        return self.name


@pytest.mark.parametrize("step", (SIZE, 300_000, 65_537))
async def test_a_large_body_comes_whole(serve: Serve, made: Made, step: int) -> None:
    async with connected(await serve(tell_digest)) as client:
        for _ in range(2):
            await client.send(head(), *(DATA[start : start + step] for start in range(0, SIZE, step)))
            assert await client.answer() == (200, TAG)
    assert len(made) == 2


async def test_requests_that_follow_a_large_body_at_once(serve: Serve, made: Made) -> None:
    async with connected(await serve(tell_digest)) as client:
        sending = asyncio.create_task(client.send(head() + DATA + GET + head(3) + b"abc" + head() + DATA + GET))
        answers = [await client.answer() for _ in range(5)]
        await sending
    nothing = md5(b"").hexdigest().encode()
    small = md5(b"abc").hexdigest().encode()
    assert answers == [(200, tag) for tag in (TAG, nothing, small, TAG, nothing)]
    assert len(made) == 2


async def test_a_body_that_is_small_or_chunked_takes_the_common_way(serve: Serve, made: Made) -> None:
    async with connected(await serve(tell_digest)) as client:
        await client.send(head(LARGE - 1), DATA[: LARGE - 1])
        assert await client.answer() == (200, md5(DATA[: LARGE - 1]).hexdigest().encode())
        chunked = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        await client.send(chunked, b"%x\r\n" % SIZE, DATA, b"\r\n0\r\n\r\n")
        assert await client.answer() == (200, TAG)
    assert made == []


async def test_an_expectation_is_answered_first(serve: Serve, made: Made) -> None:
    async with connected(await serve(tell_digest)) as client:
        await client.send(head(SIZE, "Expect: 100-continue"))
        assert await client.line() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await client.send(DATA)
        assert await client.answer() == (200, TAG)
    assert len(made) == 1


@pytest.mark.parametrize("sent", (0, 1000, LARGEST, SIZE - 1))
@pytest.mark.parametrize("reset", (False, True), ids=("closed", "reset"))
async def test_a_client_that_breaks_off(serve: Serve, sent: int, reset: bool) -> None:
    handler = Failures(tell_digest)
    server = await serve(handler)
    async with connected(server) as client:
        await client.send(head() + DATA[:sent])
        await handler.begun.wait()
        if reset:
            linger = struct.pack("ii", 1, 0)
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert await handler.failure() == "IncompleteBody"
    async with asyncio.timeout(10):
        while server.connections:  # noqa: ASYNC110 - the server tells nobody of a connection's end
            await asyncio.sleep(0.01)


async def test_a_client_that_ends_its_half_early(serve: Serve) -> None:
    handler = Failures(tell_digest)
    async with connected(await serve(handler)) as client:
        await client.send(head() + DATA[:-1])
        client.writer.write_eof()
        assert await handler.failure() == "IncompleteBody"


async def test_a_client_that_stalls_is_told(serve: Serve) -> None:
    async with connected(await serve(tell_digest)) as client:
        await client.send(head() + DATA[:LARGE])
        assert await client.answer() == (400, b"BodyTimeout")


async def test_a_slow_client_is_no_stalled_one(serve: Serve, made: Made) -> None:
    async with connected(await serve(tell_digest)) as client:
        await client.send(head() + DATA[:LARGE])
        for place in range(LARGE, LARGE + 5):
            await asyncio.sleep(0.5)
            await client.send(DATA[place : place + 1])
        await client.send(DATA[LARGE + 5 :])
        assert await client.answer() == (200, TAG)
    assert len(made) == 1


async def test_reading_rests_while_nobody_takes(serve: Serve, made: Made) -> None:
    async def late(request: web.BaseRequest) -> web.StreamResponse:
        state = md5(usedforsecurity=False)
        async with aclosing(RequestBody(request, stall=10).chunks()) as chunks:
            state.update(await anext(chunks))
            _, transport = made[0]
            async with asyncio.timeout(10):
                while transport.is_reading():  # noqa: ASYNC110 - nobody is told of that
                    await asyncio.sleep(0.01)
            async for chunk in chunks:
                assert len(chunk) <= LARGEST
                state.update(chunk)
        return web.Response(text=state.hexdigest())

    async with connected(await serve(late)) as client:
        await client.send(head(), DATA[:1000], DATA[1000:])
        assert await client.answer() == (200, TAG)


async def test_a_body_that_is_left_early_is_dropped_and_the_connection_goes_on(serve: Serve, made: Made) -> None:
    async def leave(request: web.BaseRequest) -> web.StreamResponse:
        async with aclosing(RequestBody(request, stall=10).chunks()) as chunks:
            first = await anext(chunks, b"")
        return web.Response(text=str(len(first) > 0))

    async with connected(await serve(leave)) as client:
        for _ in range(2):
            sending = asyncio.create_task(client.send(head() + DATA + GET))
            assert [await client.answer(), await client.answer()] == [(200, b"True"), (200, b"False")]
            await sending
    assert len(made) == 2


async def test_what_follows_a_large_body_has_the_limits_of_every_request(serve: Serve) -> None:
    server = await serve(tell_digest)
    for bad in (b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n"):
        async with connected(server) as client:
            await client.send(head() + DATA + bad)
            assert await client.answer() == (200, TAG)
            status, text = await client.answer()
            assert (status, text[:11]) == (400, b"malformed: ")
            assert await client.end() == b""


async def test_drain_lets_a_large_body_come_in(serve: Serve, made: Made) -> None:
    handler = Failures(tell_digest)
    server = await serve(handler)
    async with connected(server) as client:
        await client.send(head() + DATA[:LARGE])
        await handler.begun.wait()
        draining = asyncio.create_task(server.drain(10))
        await asyncio.sleep(0.05)
        await client.send(DATA[LARGE:])
        assert await client.answer() == (200, TAG)
        assert await client.end() == b""
        await draining
    assert len(made) == 1


async def test_drain_cancels_a_large_body_that_takes_too_long(serve: Serve) -> None:
    handler = Failures(tell_digest)
    server = await serve(handler)
    async with connected(server) as client:
        await client.send(head() + DATA[:LARGE])
        await handler.begun.wait()
        await server.drain(0.05)
        assert await client.end() == b""
    assert (handler.name, server.connections) == ("CancelledError", 0)


class FakeTransport:
    """What is asked of a transport before its bytes are taken."""

    def __init__(self, *, closing: bool = False, tls: bool = False) -> None:
        self._closing, self._tls = closing, tls

    def is_closing(self) -> bool:
        return self._closing

    def get_extra_info(self, name: str) -> object:
        return object() if name == "sslcontext" and self._tls else None


@pytest.mark.parametrize(
    ("transport", "broken"),
    ((None, None), (FakeTransport(closing=True), None), (FakeTransport(tls=True), None), (FakeTransport(), OSError())),
    ids=("gone", "closing", "tls", "broken"),
)
async def test_what_no_receiver_can_read_takes_the_common_way(
    transport: FakeTransport | None, broken: Exception | None
) -> None:
    content = SimpleNamespace(total_bytes=0, exception=lambda: broken)
    request = cast(web.BaseRequest, SimpleNamespace(content=content, transport=transport))
    assert receiving.large(request, SIZE, 60.0) is None
