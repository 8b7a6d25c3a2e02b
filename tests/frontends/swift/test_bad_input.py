"""What strangers send: the protocol's own clear error, nothing stored, and the server serves on."""

from contextlib import AsyncExitStack

import pytest

from tests.frontends.marks import in_memory
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import World, md5


def request(world: World, line: str, *headers: str) -> bytes:
    """A request of alice's, as bytes."""
    lines = [f"{line} HTTP/1.1", "Host: x", f"X-Auth-Token: {world.token('alice')}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode(errors="surrogateescape")


PUT = "PUT /v1/AUTH_test/box/new"


async def test_a_put_without_a_length_is_411(world: World) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT))
        answer = await wire.answer()
        assert (answer.status, answer.body) == (411, b"Missing Content-Length header.")
    assert await world.contents() == {"box"}


@pytest.mark.parametrize("body", (b"testing", b"\xff\0", b"GET /v1/AUTH_test/box HTTP/1.1\r\nHost: x\r\n\r\n"))
async def test_a_body_without_a_length_is_no_request(world: World, body: bytes) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT) + body)
        answer = await wire.answer()
        assert (answer.status, answer.headers["Connection"]) == (411, "close")
        assert await wire.closed()
    assert await world.contents() == {"box"}


async def test_paths_as_raw_bytes(world: World) -> None:
    """Clients of old don't encode what they ask for."""
    await world.container()
    async with world.wire() as wire:
        for path, status in (("box/f\u00fcr", 201), ("box/f\udcfcr", 412), ("\u00fcber", 201), ("\udcff", 412)):
            await wire.send(request(world, f"PUT /v1/AUTH_test/{path}", "Content-Length: 0"))
            answer = await wire.answer()
            assert answer.status == status
            assert status == 201 or answer.body == b"Invalid UTF8 or contains NULL"
    assert await world.contents() == {"box", "box/f\u00fcr", "\u00fcber"}


async def test_names_of_metadata_beyond_ascii_are_told_in_ascii(world: World) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT, "X-Object-Meta-\u00e9t\u00e9: \u00e9t\u00e9", "Content-Length: 0"))
        assert (await wire.answer()).status == 201
    head = await world.do("HEAD", "box", "new")
    assert head.headers["X-Object-Meta-%C3%A9T%C3%A9"].encode(errors="surrogateescape").decode() == "\u00e9t\u00e9"


@in_memory
@pytest.mark.parametrize(
    ("headers", "status"),
    (
        (("Content-Length: X",), 400),
        (("Content-Length: -1",), 400),
        (("Content-Length: 1", "Content-Length: 2"), 400),
        (("Transfer-Encoding: gzip, chunked",), 501),
        (("Transfer-Encoding: gzip",), 400),
        (("Content-Length: 5", "Transfer-Encoding: chunked"), 400),
        (("Content-Length: 6000000000",), 413),
        ((f"X-Object-Meta-A: {'v' * 20000}", "Content-Length: 0"), 400),
        ((*(f"X-A{number}: 1" for number in range(500)), "Content-Length: 0"), 400),
        (("X-Object-Meta-A\x01: 1", "Content-Length: 0"), 400),
        (("no colon", "Content-Length: 0"), 400),
    ),
)
async def test_headers_that_make_no_request(world: World, headers: tuple[str, ...], status: int) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT, *headers))
        answer = await wire.answer()
        assert answer.status == status
        assert answer.headers["X-Trans-Id"].startswith("tx")
    assert await world.contents() == {"box"}


async def test_a_body_over_the_limit_is_413(serve: Serve) -> None:
    async with serve(max_file_size=10) as world:
        await world.container()
        assert (await world.do("PUT", "box", "a", body=b"x" * 10)).status == 201
        stated = await world.do("PUT", "box", "b", body=b"x" * 11)
        assert (stated.status, stated.body) == (413, b"Your request is too large.")
        async with world.wire() as wire:
            await wire.send(request(world, PUT, "Transfer-Encoding: chunked") + b"b\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n")
            assert (await wire.answer()).status == 413
        assert await world.contents() == {"box", "box/a"}


@pytest.mark.parametrize("body", (b"xyz\r\n", b"5\r\nab", b"-5\r\nhello\r\n", b"fffffffffffffffffff\r\n", b"2\r\nabXX"))
async def test_chunks_that_are_none(world: World, body: bytes) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT, "Transfer-Encoding: chunked") + body)
        wire.writer.write_eof()
        rest = await wire.reader.read()
        assert not rest or rest.split(b" ")[1] in {b"400", b"499"}
    assert await world.contents() == {"box"}


async def test_o30_c17_an_upload_that_breaks_off_stores_nothing(world: World) -> None:
    await world.container("box", "old")
    for name in ("new", "old"):
        async with world.wire() as wire:
            await wire.send(request(world, f"PUT /v1/AUTH_test/box/{name}", "Content-Length: 100") + b"x" * 50)
            wire.writer.write_eof()
            await wire.reader.read()
    assert await world.contents() == {"box", "box/old"}
    assert (await world.do("GET", "box", "old")).body == b"old"


async def test_o30_an_upload_that_stalls_is_408(serve: Serve) -> None:
    async with serve(stall_timeout=0.2) as world:
        await world.container()
        async with world.wire() as wire:
            await wire.send(request(world, PUT, "Content-Length: 100") + b"x" * 50)
            answer = await wire.answer()
            assert (answer.status, b"Request Timeout" in answer.body) == (408, True)
        assert await world.contents() == {"box"}
        assert world.seen[-1].error == "Request Timeout"


async def test_a_client_that_waits_is_invited_once_it_may(world: World) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, PUT, "Content-Length: 5", "Expect: 100-continue"))
        assert await wire.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await wire.send(b"hello")
        assert (await wire.answer()).headers["Etag"] == md5(b"hello")
    async with world.wire() as wire:
        await wire.send(
            b"PUT /v1/AUTH_test/box/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        assert (await wire.answer()).status == 401


@in_memory
@pytest.mark.parametrize(
    ("path", "status"),
    (
        ("/v1/AUTH_test/box/../../etc/passwd", 400),
        ("/v1/AUTH_test/box/%2e%2e/%2e%2e/etc/passwd", 400),
        ("/v1/AUTH_test/box/a/%2E%2E%2Fb", 400),
        ("/v1/AUTH_test/box/./a", 400),
        ("/v1/AUTH_test/../AUTH_other/box/a", 400),
        ("/v1/AUTH_test/%2e%2e", 400),
        ("/v1/AUTH_test/box/a%00b", 412),
        ("/v1/AUTH_test/box/%FF%FE", 412),
        ("/v1/AUTH_test/%C3%28/a", 412),
        ("/v1/AUTH_test//a", 404),
        ("//v1/AUTH_test/box/a", 404),
        ("/v3/AUTH_test/box/a", 400),
        ("/", 404),
        ("/etc/passwd", 400),
        ("/passwd", 412),
    ),
)
async def test_n04_paths_that_lead_nowhere(world: World, path: str, status: int) -> None:
    await world.container()
    for method in ("PUT", "GET", "DELETE"):
        answer = await world.raw(method, path, b"x" if method == "PUT" else None, X_Auth_Token=world.token("alice"))
        assert (answer.status, method) == (status, method)
    assert await world.contents() == {"box"}


@in_memory
@pytest.mark.parametrize("method", ("LICK", "PROPFIND", "PATCH", "get", "GETorHEAD_base", "TRACE", "A" * 100))
async def test_n05_unknown_methods_are_405(world: World, method: str) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(request(world, f"{method} /v1/AUTH_test/box"))
        answer = await wire.answer()
        assert (answer.status, b"Method Not Allowed" in answer.body) == (405, True)
        assert answer.headers["X-Trans-Id"]


async def test_a_method_is_told_where_it_would_go(world: World) -> None:
    answer = await world.raw("COPY", "/v1/AUTH_test/box", X_Auth_Token=world.token("alice"))
    assert (answer.status, answer.headers["Allow"]) == (405, "HEAD, GET, PUT, POST, DELETE, OPTIONS")


@pytest.mark.parametrize(
    "garbage",
    (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\nHELLO\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 1000,
    ),
)
async def test_what_is_no_http(world: World, garbage: bytes) -> None:
    async with world.wire() as wire:
        await wire.send(garbage)
        answer = await wire.answer()
        assert answer.status in {400, 405}
        assert answer.headers["X-Trans-Id"]
        assert await wire.closed()
    assert [(seen.context.request_id, seen.status) for seen in world.seen] == [
        (answer.headers["X-Trans-Id"], answer.status)
    ]


async def test_connections_by_the_hundred(serve: Serve) -> None:
    async with serve(max_connections=64) as world, AsyncExitStack() as stack:
        taken = [await stack.enter_async_context(world.wire()) for _ in range(64)]
        refused = [await stack.enter_async_context(world.wire()) for _ in range(100)]
        assert {(await wire.answer()).status for wire in refused} == {503}
        await taken[0].send(request(world, "HEAD /v1/AUTH_test"))
        assert (await taken[0].answer()).status == 204


async def test_idle_connections_are_closed(serve: Serve) -> None:
    async with serve(idle_timeout=0.5) as world, AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(world.wire()) for _ in range(50)]
        assert all([await wire.closed() for wire in wires])
        assert (await world.raw("GET", "/healthcheck")).status == 200


async def test_a_bug_is_a_500_that_tells_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve() as world:

        async def fail(*args: object) -> None:
            raise ZeroDivisionError("a secret of the house")

        monkeypatch.setattr(world.store, "stat_bucket", fail)
        answer = await world.do("GET", "box")
        assert (answer.status, b"secret" in answer.body) == (500, False)
        record = next(record for record in caplog.records if record.levelname == "ERROR")
        assert record.__dict__["request_id"] == answer.headers["X-Trans-Id"]
