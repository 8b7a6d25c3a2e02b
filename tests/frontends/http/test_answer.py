"""Answers of one write say the same as aiohttp's own."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from aiohttp import web

from gateway.frontends.http.answer import Answer, gathered
from tests.frontends.http.conftest import Serve
from tests.frontends.http.test_server import dialogue

_DATE = re.compile(rb"Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


def _comparable(answer: bytes) -> tuple[bytes, frozenset[bytes], bytes]:
    """The status line, the other lines of the head, and the body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = _DATE.sub(b"Date: now", head).split(b"\r\n")
    return status, frozenset(lines), body


@pytest.mark.parametrize("body", (None, b"", b"some bytes"))
@pytest.mark.parametrize("status", (200, 204, 206, 304, 404))
@pytest.mark.parametrize(
    "request_line",
    (
        b"GET / HTTP/1.1\r\nConnection: close",
        b"GET / HTTP/1.0",
        b"GET / HTTP/1.0\r\nConnection: keep-alive",
        b"HEAD / HTTP/1.1\r\nConnection: close",
    ),
)
async def test_an_answer_says_what_aiohttps_own_does(
    serve: Serve, body: bytes | None, status: int, request_line: bytes
) -> None:
    heard = []
    for kind in (Answer, web.Response):

        async def handler(request: web.BaseRequest, kind: type[web.Response] = kind) -> web.StreamResponse:
            headers = {"Server": "Portico", "Content-Type": "text/plain"}
            return kind(status=status, headers=headers, body=body)

        server = await serve(handler, idle_timeout=0.2)
        heard.append(_comparable(await dialogue(server, request_line + b"\r\nHost: x\r\n\r\n")))
    assert heard[0] == heard[1]
    assert heard[0][0].split()[1] == str(status).encode()


async def test_connections_are_kept_until_an_answer_closes_them(serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        answer = Answer(headers={"Server": "Portico"}, body=request.raw_path.encode())
        if request.raw_path == "/last":
            answer.force_close()
        return answer

    heard = await dialogue(
        await serve(handler), *(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/", b"/last"))
    )
    assert heard.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert heard.count(b"Connection: close\r\n") == 1
    assert heard.endswith(b"\r\n\r\n/last")


async def test_others_have_their_turn_while_a_body_is_made() -> None:
    happened: list[int | str] = []

    def pieces() -> Iterator[bytes]:
        for number in range(5):
            happened.append(number)
            asyncio.get_running_loop().call_soon(happened.append, "other")
            yield b"%d" % number

    assert await gathered(pieces()) == b"01234"
    assert happened == [0, 1, "other", "other", 2, "other", 3, "other", 4, "other"]


async def test_a_body_of_one_piece_is_made_at_once() -> None:
    with pytest.raises(StopIteration, match="whole"):
        gathered([b"whole"]).send(None)
