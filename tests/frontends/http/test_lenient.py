"""Heads that HTTP's grammar refuses, for frontends whose clients send them."""

import asyncio
from contextlib import closing

import pytest
from aiohttp import web

from gateway.frontends.http.lenient import encoded
from gateway.frontends.http.server import HttpServer
from tests.frontends.http.conftest import Serve

PLAIN = b"GET /plain HTTP/1.1\r\nHost: x\r\n\r\n"
RAW = "GET /f\u00fcr?\u00e4 HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """Answers what was asked for, and how many bytes came."""
    return web.Response(text=f"<{request.method} {request.raw_path} {len(await request.read())}>")


async def said(server: HttpServer, *chunks: bytes) -> bytes:
    """All that the server says to chunks that come one after the other, each once the one before has been seen."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    with closing(writer):
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()


def test_only_targets_and_names_of_metadata_are_put_in_ascii() -> None:
    head = (
        "PUT /\u00fc%41 HTTP/1.1\r\nHost: \u00fc\r\nX-Object-Meta-\u00fc: \u00fc\r\n"
        "x-remove-container-meta-\u00fc: 1\r\nContent-Length\u00a0: 1\r\nA: x-object-meta-\u00fc: 1\r\n\r\n"
    )
    assert encoded(head.encode()).decode() == (
        "PUT /%C3%BC%41 HTTP/1.1\r\nHost: \u00fc\r\nX-Object-Meta-%C3%BC: \u00fc\r\n"
        "x-remove-container-meta-%C3%BC: 1\r\nContent-Length\u00a0: 1\r\nA: x-object-meta-\u00fc: 1\r\n\r\n"
    )


async def test_raw_targets(serve: Serve) -> None:
    server = await serve(echo, lenient=True)
    body = RAW.replace(b"GET", b"PUT").replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n\xff\xfe\xfd")
    answers = await said(server, PLAIN, RAW, body, RAW + b"\r\n", RAW)
    for words in (b"<GET /plain 0>", b"<GET /f%C3%BCr?%C3%A4 0>", b"<PUT /f%C3%BCr?%C3%A4 3>"):
        assert words in answers
    assert answers.count(b"HTTP/1.1 200") == 5


async def test_servers_are_strict_unless_told_otherwise(serve: Serve) -> None:
    server = await serve(echo)
    assert (await said(server, RAW)).split()[1] == b"400"


@pytest.mark.parametrize(
    "chunks",
    (
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", RAW),
        (b"GET /", RAW),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", RAW),
        (PLAIN[:-2], RAW),
        (b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", b"cde" + RAW),
    ),
)
async def test_the_middle_of_a_head_is_no_head(serve: Serve, chunks: tuple[bytes, ...]) -> None:
    server = await serve(echo, lenient=True)
    assert b"%C3%BC" not in await said(server, *chunks)


async def test_a_body_that_looks_like_a_head_stays_a_body(serve: Serve) -> None:
    server = await serve(echo, lenient=True)
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(RAW)
    answers = await said(server, head, RAW, head + RAW)
    assert answers.count(b"<PUT / %d>" % len(RAW)) == answers.count(b"HTTP/1.1") == 2


@pytest.mark.parametrize("rest", (b"garbage", b"\xff\xfe", b"GET /\x01 HTTP/1.1\r\n"))
async def test_what_comes_behind_a_request_does_not_undo_it(serve: Serve, rest: bytes) -> None:
    server = await serve(echo, lenient=True)
    answers = await said(server, PLAIN + rest)
    assert answers.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.0 400 " in answers


async def test_chunks_that_are_none_fail_at_once(serve: Serve) -> None:
    server = await serve(echo, lenient=True)
    head = b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with asyncio.timeout(4):
        assert b"<PUT" not in await said(server, head + b"zz\r\n")
