"""STOR, APPE and STOU."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import Body
from gateway.core.errors import Corrupt, OutOfSpace, QuotaExceeded, StoreError, Unavailable
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Put
from gateway.stores.memory import Memory
from tests.frontends.ftp.world import World, download, make_bucket, send, serving, upload

STORES = ("memory", "catalog")

OLD = b"the old content"
LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB


async def test_f26_a_shorter_file_replaces_a_longer_one(world: World) -> None:
    client = await world.login()
    assert (await upload(client, "STOR /c/f", LARGE)).code == 226
    assert await world.get("f") == LARGE
    assert (await upload(client, "STOR /c/f", b"short")).code == 226
    assert await world.get("f") == b"short"
    assert await download(client, "RETR /c/f") == b"short"


async def test_large_files_travel_whole(world: World) -> None:
    data = LARGE * 6
    client = await world.login()
    assert (await upload(client, "STOR /c/f", data)).code == 226
    assert hashlib.md5(await download(client, "RETR /c/f")).digest() == hashlib.md5(data).digest()
    sizes = [(event.operation, event.received, event.sent) for event in world.events]
    assert sizes == [("STOR", len(data), 0), ("RETR", 0, len(data))]


async def test_empty_files_travel_too(world: World) -> None:
    client = await world.login()
    assert (await upload(client, "STOR /c/f", b"")).code == 226
    assert await download(client, "RETR /c/f") == b""


async def test_an_upload_goes_on_at_the_end_of_the_file_and_nowhere_else(world: World) -> None:
    await world.put("f", b"01234", content_type="image/png")
    client = await world.login()
    await client.do("REST 5")
    assert (await upload(client, "STOR /c/f", b"56789")).code == 226
    assert await world.get("f") == b"0123456789"
    assert (await world.store.stat(Key("c", "f"))).props.content_type == "image/png"
    for offset in (3, 11):
        await client.do(f"REST {offset}")
        assert (await upload(client, "STOR /c/f", b"xxx")).code == 554
    await client.do("REST 5")
    assert (await upload(client, "STOR /c/missing", b"xxx")).code == 550
    for verb in ("APPE", "STOU"):
        await client.do("REST 5")
        assert (await upload(client, f"{verb} /c/f", b"xxx")).code == 554
    assert await world.get("f") == b"0123456789"


async def test_an_upload_that_goes_on_does_not_mix_with_another_writers(world: World) -> None:
    await world.put("f", b"01234")
    client = await world.login()
    await client.do("REST 5")
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await world.put("f", b"other")
        await send(sock, b"56789")
    assert (await client.answer()).code == 450
    assert await world.get("f") == b"other"


async def test_f32_appe_adds_to_what_is_there_and_creates_what_is_not(world: World) -> None:
    client = await world.login()
    assert (await upload(client, "APPE /c/f", b"old")).code == 226
    assert (await upload(client, "APPE /c/f", LARGE)).code == 226
    assert await world.get("f") == b"old" + LARGE


async def test_stou_chooses_names_that_are_free(world: World) -> None:
    client = await world.login()
    await client.do("CWD /c")
    for line, beginning in (("STOU", ""), ("STOU report", "report.")):
        with await client.passive() as sock:
            answer = await client.do(line)
            assert answer.code == 150
            name = answer.text.removeprefix("FILE: ")
            assert name.startswith(beginning)
            await send(sock, b"data")
        assert (await client.answer()).code == 226
        assert await world.get(name) == b"data"
    assert len(await world.names()) == 2


async def test_ascii_transfers_convert_line_ends_both_ways(world: World) -> None:
    client = await world.login()
    assert await client.code("type a n") == 200
    assert (await upload(client, "STOR /c/f", b"one\r\ntwo\rhalf\r\n\r\nlast\r")).code == 226
    assert await world.get("f") == b"one\ntwo\rhalf\n\nlast\r"
    assert await download(client, "RETR /c/f") == b"one\r\ntwo\rhalf\r\n\r\nlast\r"
    assert await client.code("SIZE /c/f") == 550
    assert await client.code("REST 3") == 504
    assert await client.code("REST 0") == 350
    assert await client.code("TYPE I") == 200
    assert await download(client, "RETR /c/f") == b"one\ntwo\rhalf\n\nlast\r"


async def test_transfers_are_binary_until_told_otherwise(world: World) -> None:
    client = await world.login()
    assert (await upload(client, "STOR /c/f", b"\r\n\xff\xf4\n")).code == 226
    assert await world.get("f") == b"\r\n\xff\xf4\n"


class Noting(Memory):
    """Memory that notes which sizes were known before."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int | None] = []

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        self.sizes.append(body.size)
        return await super().put(key, body, opts)


async def test_the_size_of_an_upload_that_comes_whole_is_known() -> None:
    store = Noting()
    await store.start()
    await make_bucket(store)
    async with serving(store) as world:
        client = await world.login()
        for data in (b"", b"brief", LARGE):
            assert (await upload(client, "STOR /c/f", data)).code == 226
            assert await world.get("f") == data
        with await client.passive() as sock:
            await client.send("STOR /c/f")
            assert (await client.answer()).code == 150
            sock.send(b"first")
            await asyncio.sleep(0.01)
            sock.send(b"second")
        assert (await client.answer()).code == 226
        assert await world.get("f") == b"firstsecond"
        await client.do("TYPE A")
        assert (await upload(client, "STOR /c/f", b"a\r\n")).code == 226
    assert store.sizes == [0, 5, None, 11, None]
    await store.aclose()


class Failing(Memory):
    """Memory that breaks in the middle of a transfer."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        if key.name == "f":
            async for _ in body.chunks():
                raise self._error
        return await super().put(key, body, opts)


@asynccontextmanager
async def failing_world(error: Exception) -> AsyncIterator[World]:
    store: Store = Failing(error)
    await store.start()
    await make_bucket(store)
    async with serving(store) as world:
        yield world
    await store.aclose()


@pytest.mark.parametrize(
    ("error", "code"),
    ((OutOfSpace(), 452), (QuotaExceeded(), 552), (Unavailable(), 451), (Corrupt(), 451)),
    ids=lambda value: type(value).__name__,
)
async def test_store_errors_in_mid_upload_reach_the_client(error: StoreError, code: int) -> None:
    async with failing_world(error) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("STOR /c/f")).code == 150
            await send(sock, b"some data")
            answer = await client.answer()
        assert answer.code == code
        assert error.message in answer.text
        assert (await upload(client, "STOR /c/g", b"works")).code == 226


async def test_what_nobody_foresaw_is_logged_once_and_answered_451(caplog: pytest.LogCaptureFixture) -> None:
    async with failing_world(ZeroDivisionError("secret detail")) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("STOR /c/f")).code == 150
            await send(sock, b"some data")
            answer = await client.answer()
        assert answer.code == 451
        assert "secret" not in answer.text
        assert await client.code("NOOP") == 200
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.name == "portico.ftp"
    assert record.__dict__["request_id"] == world.events[0].context.request_id
    assert world.events[0].error == "ZeroDivisionError"


async def test_parallel_uploads_of_one_name_leave_one_of_them_whole(world: World) -> None:
    bodies = [bytes([number]) * 300_000 for number in range(6)]
    clients = [await world.login() for _ in bodies]
    answers = await asyncio.gather(
        *(upload(client, "STOR /c/f", body) for client, body in zip(clients, bodies, strict=True))
    )
    assert {answer.code for answer in answers} == {226}
    assert await world.get("f") in bodies


async def test_every_transfer_tells_what_it_did(world: World) -> None:
    client = await world.login("walter")
    await upload(client, "STOR /c/d/f", b"12345")
    (event,) = world.events
    assert (event.operation, event.status, event.bucket, event.key) == ("STOR", 226, "c", "d/f")
    assert (event.received, event.sent, event.error) == (5, 0, "")
    assert (event.context.client, event.context.protocol, event.context.principal) == (
        "127.0.0.1",
        "ftp",
        "test:walter",
    )
