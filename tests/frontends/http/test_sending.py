import asyncio
import os
from email import message_from_bytes

import aiohttp
import pytest
from aiohttp import web

from gateway.core.errors import BodyTimeout
from gateway.frontends.http.outlet import SLICE
from gateway.frontends.http.sending import BrokenTransfer, head_object, send_object
from gateway.frontends.http.server import HttpServer
from tests.frontends.http.conftest import Keep, OneObject, Serve

DATA = os.urandom(16 * SLICE + 300_000)


async def serving(serve: Serve, stored: OneObject, seen: list[BaseException] | None = None) -> HttpServer:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.method == "HEAD":
                return await head_object(request, stored.source())
            return await send_object(request, stored.source())
        except BrokenTransfer as broken:
            if seen is not None:
                seen.append(broken.cause)
            raise

    return await serve(handle)


async def fetch(server: HttpServer, method: str = "GET", **headers: str) -> tuple[aiohttp.ClientResponse, bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"http://127.0.0.1:{server.port}/"
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=names) as answer:
        return answer, await answer.read()


@pytest.mark.parametrize("local", (True, False), ids=["sendfile", "chunks"])
async def test_a_whole_object(serve: Serve, keep: Keep, local: bool) -> None:
    answer, body = await fetch(await serving(serve, keep(DATA, local=local)))
    assert answer.status == 200
    assert answer.content_length == len(DATA)
    assert answer.headers["ETag"] == '"abc"'
    assert body == DATA


@pytest.mark.parametrize("local", (True, False), ids=["sendfile", "chunks"])
@pytest.mark.parametrize(
    ("header", "first", "last"),
    (("bytes=0-0", 0, 0), ("bytes=5-200000", 5, 200_000), ("bytes=-70000", len(DATA) - 70_000, len(DATA) - 1)),
)
async def test_o19_one_range(serve: Serve, keep: Keep, local: bool, header: str, first: int, last: int) -> None:
    answer, body = await fetch(await serving(serve, keep(DATA, local=local)), Range=header)
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(DATA)}"
    assert body == DATA[first : last + 1]


async def test_o19_several_ranges(serve: Serve, keep: Keep) -> None:
    answer, body = await fetch(await serving(serve, keep(DATA)), Range="bytes=0-9,100000-300000,-5")
    assert answer.status == 206
    assert answer.content_length == len(body)
    head = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode()
    parts = [part for part in message_from_bytes(head + body).walk() if not part.is_multipart()]
    found = [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in parts]
    assert found == [
        (f"bytes 0-9/{len(DATA)}", "text/x-test", DATA[:10]),
        (f"bytes 100000-300000/{len(DATA)}", "text/x-test", DATA[100_000:300_001]),
        (f"bytes {len(DATA) - 5}-{len(DATA) - 1}/{len(DATA)}", "text/x-test", DATA[-5:]),
    ]


async def test_ranges_that_ask_for_more_than_the_object_get_it_once(serve: Serve, keep: Keep) -> None:
    answer, body = await fetch(await serving(serve, keep(b"0123456789")), Range="bytes=0-,0-,0-")
    assert answer.status == 200
    assert body == b"0123456789"


@pytest.mark.parametrize("header", ("bytes=10-", "bytes=-0", "bytes=10-11,20-30"))
async def test_a_range_beyond_the_end(serve: Serve, keep: Keep, header: str) -> None:
    for method in ("GET", "HEAD"):
        if method == "GET" or "," not in header:
            answer, _ = await fetch(await serving(serve, keep(b"0123456789")), method, Range=header)
            assert answer.status == 400


@pytest.mark.parametrize(("if_range", "status"), (('"abc"', 206), ('"old"', 200)))
async def test_if_range(serve: Serve, keep: Keep, if_range: str, status: int) -> None:
    server = await serving(serve, keep(b"0123456789"))
    for method in ("GET", "HEAD"):
        answer, _ = await fetch(server, method, Range="bytes=0-1", If_Range=if_range)
        assert answer.status == status


@pytest.mark.parametrize(("header", "length"), (("", 10), ("bytes=2-4", 3), ("bytes=0-1,5-6", 10)))
async def test_head_tells_the_length_and_opens_nothing(serve: Serve, keep: Keep, header: str, length: int) -> None:
    stored = keep(b"0123456789")
    server = await serving(serve, stored)
    answer, body = await (fetch(server, "HEAD", Range=header) if header else fetch(server, "HEAD"))
    assert (answer.content_length, body, stored.opened) == (length, b"", [])


@pytest.mark.parametrize("local", (True, False), ids=["sendfile", "chunks"])
async def test_o23_an_object_that_ends_early_breaks_the_connection(serve: Serve, keep: Keep, local: bool) -> None:
    seen: list[BaseException] = []
    server = await serving(serve, keep(DATA, local=local, short=1), seen)
    with pytest.raises(aiohttp.ClientError):
        await fetch(server)
    assert len(seen) == 1


async def test_preconditions_come_first(serve: Serve, keep: Keep) -> None:
    answer, body = await fetch(await serving(serve, keep(DATA)), If_None_Match='"abc"', Range="bytes=0-1")
    assert (answer.status, body) == (400, b"NotModified")


GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def receive(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return await reader.readexactly(int(length[15:]))


async def test_answers_to_requests_sent_at_once_come_in_their_order(serve: Serve, keep: Keep) -> None:
    server = await serving(serve, keep(DATA))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET + GET.replace(b"\r\n\r\n", b"\r\nRange: bytes=-300000\r\n\r\n") + GET)
    for expected in (DATA, DATA[-300_000:], DATA):
        await asyncio.sleep(0.1)  # what was sent fills the connection: the next head has to wait in the transport
        assert await receive(reader) == expected
    writer.close()


async def test_a_client_that_ends_its_half_gets_the_whole(serve: Serve, keep: Keep) -> None:
    server = await serving(serve, keep(DATA))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    assert await reader.readexactly(1000)
    writer.write_eof()
    assert DATA.endswith((await reader.read())[-1_000_000:])
    writer.close()


async def test_a_slow_client_gets_the_whole(serve: Serve, keep: Keep) -> None:
    """However long it takes: only a client that takes nothing is given up."""
    stored = keep(DATA)
    server = await serve(lambda request: send_object(request, stored.source(stall=1.0)))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    received = bytearray(await reader.readuntil(b"\r\n\r\n"))
    received.clear()
    while len(received) < len(DATA):
        await asyncio.sleep(0.2)
        received += await reader.readexactly(min(3 * SLICE, len(DATA) - len(received)))
    assert received == DATA
    writer.close()


@pytest.mark.parametrize("gone", (False, True), ids=["stalled", "gone"])
async def test_a_client_that_takes_nothing_breaks_the_answer(serve: Serve, keep: Keep, gone: bool) -> None:
    broken: list[BrokenTransfer] = []
    ended = asyncio.Event()
    stored = keep(DATA * 4)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await send_object(request, stored.source(stall=20 if gone else 0.2))
        except BrokenTransfer as error:
            broken.append(error)
            ended.set()
            raise

    server = await serve(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    await reader.readexactly(1000)
    if gone:
        writer.close()
    async with asyncio.timeout(10):
        await ended.wait()
    writer.close()
    assert isinstance(broken[0].cause, OSError if gone else BodyTimeout)
    assert 0 < broken[0].sent < stored.meta.size


async def test_an_answer_that_is_cancelled_leaves_the_connection_cut(serve: Serve, keep: Keep) -> None:
    server = await serving(serve, keep(DATA * 4))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GET)
    await reader.readexactly(1000)
    await server.drain(0.05)
    assert server.connections == 0
    async with asyncio.timeout(10):
        assert len(await reader.read()) < len(DATA * 4)
    writer.close()
