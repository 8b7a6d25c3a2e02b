"""What no client should send: each gets a right reply or a clean close, and the server serves on."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.frontends.ftp.commands import COMMANDS
from gateway.stores.memory import Memory
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, make_bucket, serving, upload


@pytest.mark.parametrize("size", (4097, 9000, 100_000, 1_000_000))
async def test_long_lines_are_refused_and_not_kept(world: World, size: int) -> None:
    client = await world.login()
    assert await client.code(b"CWD " + b"x" * size + b"\r\n") == 500
    assert await client.code("NOOP") == 200


async def test_the_longest_line_is_taken(world: World) -> None:
    client = await world.login()
    assert await client.code("CWD " + "/." * 2040) == 250
    assert await client.code("CWD /c/" + "x" * 4000) == 553
    assert await client.code("MKD /c/" + "x" * 1030) == 553


@pytest.mark.parametrize(
    ("data", "code"),
    (
        (b"NO\0OP\r\n", 500),
        (b"CWD a\0b\r\n", 501),
        (b"CWD a\rb\r\n", 501),
        (b"NOOP\rQUIT\r\n", 500),
        (b"CWD \xff\xff\r\n", 501),
        (b"\x80\x81\x82\r\n", 500),
        (b" NOOP\r\n", 500),
        (b"\tNOOP\r\n", 500),
        (b"GET / HTTP/1.1\r\n", 500),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 500),
        (b"NOOP\n", 200),
        (b"\r\n\r\n\n \r\nNOOP\r\n", 200),
        (b"nOoP ignored\r\n", 200),
        (b"\xff\xfb\x01\xff\xfd\x03NO\xff\xf1OP\r\n", 200),
        (b"\xff\xfa\x18\x00\xff\xf0\r\n", 500),
    ),
)
async def test_garbage_is_answered_and_forgotten(world: World, data: bytes, code: int) -> None:
    client = await world.login()
    assert await client.code(data) == code
    assert await client.code("NOOP") == 200


async def test_a_line_may_come_byte_by_byte(world: World) -> None:
    client = await world.login()
    for byte in b"\xff\xf4\xff\xf2CWD /c\r\n":
        await client.send(bytes([byte]))
        await asyncio.sleep(0)
    assert (await client.answer()).code == 250


@pytest.mark.parametrize("known", (False, True), ids=("stranger", "user"))
async def test_a_line_that_never_ends_keeps_no_connection(serve: Serve, known: bool) -> None:
    """Bytes are no commands: the time runs on."""
    world = await serve(login_timeout=0.3, idle_timeout=0.3)
    client = await (world.login() if known else world.connect())

    async def drip() -> None:
        with suppress(ConnectionError):
            while True:
                await client.send(b"x")
                await asyncio.sleep(0.02)

    task = asyncio.create_task(drip())
    assert (await client.answer()).code == 421
    assert await client.at_end()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "path",
    (
        "../../../../etc/passwd",
        "/../c/../../etc/passwd",
        "/c/../../../etc/passwd",
        "..%2f..%2fetc/passwd",
        "....//....//etc/passwd",
        "C:\\windows",
        "//etc/passwd",
        "~root/.ssh/id_rsa",
    ),
)
async def test_no_path_leads_out_of_the_tree(world: World, path: str) -> None:
    client = await world.login()
    await client.do("CWD /c")
    with await client.passive():
        assert await client.code(f"RETR {path}") == 550
    assert (await upload(client, "STOR ../c/x/../../c/./up", b"x")).code == 226
    assert await world.names() == ["up"]


async def test_commands_out_of_order_are_refused(world: World) -> None:
    client = await world.login()
    for line, code in (("RNTO /c/x", 503), ("RETR /c/x", 550), ("LIST", 425), ("STOR /c/x", 425), ("PASS x", 503)):
        assert await client.code(line) == code, line
    for verb in ("STOR", "RETR", "APPE", "DELE", "MKD", "RMD", "SIZE", "MDTM", "RNFR", "USER", "TYPE", "PORT"):
        assert await client.code(verb) == 501, verb


async def test_a_client_that_reads_no_replies_harms_nobody(world: World) -> None:
    flood = await world.login()
    flood.writer.write(b"HELP\r\n" * 200_000)
    other = await world.login()
    assert await other.code("NOOP") == 200
    flood.reset()


VERBS = sorted(set(COMMANDS) - {"QUIT"})

LINES = st.lists(
    st.one_of(
        st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"") + b"\r\n"),
        st.builds(
            lambda verb, text: f"{verb} {text}\r\n".encode(errors="surrogateescape"),
            st.sampled_from(
                [
                    "USER",
                    "PASS",
                    "SYST",
                    "FEAT",
                    "OPTS",
                    "TYPE",
                    "MODE",
                    "STRU",
                    "PWD",
                    "CWD",
                    "CDUP",
                    "LIST",
                    "NLST",
                    "MLSD",
                    "MLST",
                    "SIZE",
                    "MDTM",
                    "STAT",
                    "NOOP",
                    "HELP",
                    "PASV",
                    "EPSV",
                    "PORT",
                    "EPRT",
                    "RETR",
                    "STOR",
                    "STOU",
                    "APPE",
                    "REST",
                    "DELE",
                    "MKD",
                    "RMD",
                    "RNFR",
                    "RNTO",
                    "ABOR",
                    "ALLO",
                    "SITE",
                    "CLNT",
                    "MFMT",
                    "HASH",
                    "XYZ",
                ]
            ),
            st.sampled_from(("", "/", "/c", "/c/f", "..", "A", "I", "ALL", "1", "-la", "MLST type;", "\udcff", "0")),
        ),
    ),
    max_size=12,
)


@given(LINES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_sequence_of_lines_gets_an_answer_each_and_a_clean_end(lines: list[bytes]) -> None:
    store = Memory()
    await store.start()
    await make_bucket(store)
    async with serving(store, data_timeout=0.01) as world:
        client = await world.login()
        await client.send(b"".join(lines) + b"QUIT\r\n")
        codes: list[int] = []
        while not codes or codes[-1] not in (221, 421):
            codes.append((await client.answer()).code)
        assert all(100 < code < 600 for code in codes)
        assert await client.at_end()
    await store.aclose()
