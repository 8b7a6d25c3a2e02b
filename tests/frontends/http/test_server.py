import asyncio
from contextlib import aclosing

import aiohttp
import pytest
from aiohttp import web

from gateway.core.body import CheckedBody
from gateway.core.errors import StoreError
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.server import OVERLOADED, HttpServer
from tests.frontends.http.conftest import Serve


async def ok(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="ok")


async def count(request: web.BaseRequest) -> web.StreamResponse:
    """Answers the number of bytes that came."""
    body = CheckedBody(RequestBody(request, stall=0.5))
    async with aclosing(body.chunks()) as chunks:
        async for _ in chunks:
            pass
    return web.Response(text=str(body.count))


async def dialogue(server: HttpServer, *lines: bytes, eof: bool = False) -> bytes:
    """Send raw bytes and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for line in lines:
            writer.write(line)
            await writer.drain()
        if eof:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


async def connections(server: HttpServer, number: int) -> None:
    """Wait until the server has so many connections."""
    async with asyncio.timeout(10):
        while server.connections != number:  # noqa: ASYNC110 - the server tells nobody of new connections
            await asyncio.sleep(0.01)


PUT = b"PUT / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    (
        b"GARBAGE\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"A%d: b\r\n" % number for number in range(300)) + b"\r\n",
        PUT + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        PUT + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        PUT + b"Content-Length: -3\r\n\r\nabc",
        PUT + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    ),
    ids=[
        "grammar",
        "nul",
        "name",
        "long header",
        "long target",
        "many headers",
        "both",
        "two lengths",
        "negative",
        "chunk size",
    ],
)
async def test_bytes_that_are_no_request_get_the_protocols_own_error(serve: Serve, request_bytes: bytes) -> None:
    server = await serve(ok)
    answer = await dialogue(server, request_bytes)
    assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert b"malformed: " in answer
    assert b"ok" in await dialogue(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def test_body_with_a_length_and_chunked(serve: Serve) -> None:
    server = await serve(count)
    assert (await dialogue(server, PUT + b"Content-Length: 3\r\n\r\nabc")).endswith(b"3")
    chunked = PUT + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert (await dialogue(server, chunked)).endswith(b"5")
    assert (await dialogue(server, PUT + b"\r\n")).endswith(b"0")


@pytest.mark.parametrize("coding", ("gzip, chunked", "identity, chunked"))
async def test_codings_that_nobody_undoes(serve: Serve, coding: str) -> None:
    server = await serve(count)
    lines = f"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {coding}\r\n\r\n".encode()
    answer = await dialogue(server, lines, b"1\r\nx\r\n0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 501 ")
    assert answer.count(b"HTTP/1.1") == 1


async def test_expectation_is_answered_when_the_body_is_wanted(serve: Serve) -> None:
    wanted = await serve(count)
    head = PUT + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    assert (await dialogue(wanted, head, b"abc")).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    unwanted = await serve(ok)
    assert (await dialogue(unwanted, head, b"abc")).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "rest",
    (b"Content-Length: 10\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    ids=["length", "chunked"],
)
async def test_a_body_that_breaks_off_raises_inside_the_stream(serve: Serve, rest: bytes) -> None:
    raised: list[str] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await count(request)
        except StoreError as error:
            raised.append(type(error).__name__)
            raise

    await dialogue(await serve(handle), PUT + rest, eof=True)
    assert raised in (["IncompleteBody"], ["BodyTimeout"])


async def test_a_body_whose_framing_breaks_is_told_at_once(serve: Serve) -> None:
    reached = asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reached.set()
        async with aclosing(RequestBody(request, stall=60).chunks()) as chunks:
            async for _ in chunks:
                pass
        return web.Response(text="whole")

    server = await serve(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(PUT + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await reached.wait()
    writer.write(b"zz\r\nabc\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"IncompleteBody")


async def test_o30_a_client_that_stalls_is_told(serve: Serve) -> None:
    assert b"BodyTimeout" in await dialogue(await serve(count, idle_timeout=1), PUT + b"Content-Length: 9\r\n\r\nabc")


async def test_idle_and_slow_connections_are_closed(serve: Serve) -> None:
    server = await serve(ok, idle_timeout=0.3)
    assert await dialogue(server) == b""
    assert await dialogue(server, b"GET / HTT") == b""


async def test_connections_over_the_limit_are_refused(serve: Serve) -> None:
    server = await serve(ok, max_connections=2)
    held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    await connections(server, 2)
    assert await dialogue(server) == OVERLOADED
    for _, writer in held:
        writer.close()
    await connections(server, 0)
    assert b"ok" in await dialogue(server, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def test_drain_lets_running_requests_finish_and_closes_idle_ones(serve: Serve) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        await release.wait()
        return web.Response(text="whole")

    server = await serve(slow)
    port = server.port
    _, idle = await asyncio.open_connection("127.0.0.1", port)
    async with aiohttp.ClientSession() as session:
        running = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/"))
        await entered.wait()
        draining = asyncio.create_task(server.drain(10))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        release.set()
        answer = await running
        assert await answer.text() == "whole"
        assert answer.headers["Connection"] == "close"
    await draining
    idle.close()


async def test_drain_lets_a_body_that_is_under_way_come_in(serve: Serve) -> None:
    entered = asyncio.Event()

    async def receive(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        return await count(request)

    server = await serve(receive, stall_timeout=10)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
    await entered.wait()
    draining = asyncio.create_task(server.drain(10))
    await asyncio.sleep(0.05)
    writer.write(b"def")
    assert (await reader.read()).endswith(b"\r\n\r\n6")
    await draining
    writer.close()


async def test_drain_cancels_what_takes_too_long(serve: Serve) -> None:
    entered = asyncio.Event()
    ended: list[type[BaseException]] = []

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        entered.set()
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            ended.append(type(error))
            raise
        return web.Response()

    server = await serve(endless)
    async with aiohttp.ClientSession() as session:
        running = asyncio.create_task(session.get(f"http://127.0.0.1:{server.port}/"))
        await entered.wait()
        await server.drain(0.05)
        with pytest.raises(aiohttp.ClientError):
            await running
    assert ended == [asyncio.CancelledError]
    assert server.connections == 0
