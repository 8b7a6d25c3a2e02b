"""What breaks transfers off, and that the old file stays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from gateway.core.conditions import ANY, When
from gateway.core.ranges import Span
from gateway.core.store import Reader
from gateway.core.types import Key
from gateway.stores.memory import Memory
from tests.frontends.ftp.breaks import ABORTS, BREAKS, LOSSES, receive_end, reset_data
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import (
    SECONDS,
    Client,
    World,
    download,
    free_ports,
    make_bucket,
    receive,
    send,
    serving,
    upload,
)

STORES = ("memory", "catalog")

OLD = b"the old content"
LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB


@pytest.mark.parametrize("how", ABORTS)
@pytest.mark.parametrize("sent", (b"", b"half of it", LARGE))
async def test_f25_abor_ends_an_upload_and_the_old_file_stays(world: World, how: str, sent: bytes) -> None:
    await world.put("f", OLD)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await send(sock, sent)
        await ABORTS[how](client, sock)
        assert (await client.answer()).code == 426
        assert (await client.answer()).code == 226
    assert await world.get("f") == OLD
    assert await world.names() == ["f"]
    assert (await upload(client, "STOR /c/f", b"new")).code == 226
    assert await world.get("f") == b"new"


async def test_f25_a_reset_data_connection_ends_an_upload_and_the_old_file_stays(world: World) -> None:
    await world.put("f", OLD)
    client = await world.login()
    sock = await client.passive()
    assert (await client.do("STOR /c/f")).code == 150
    await send(sock, LARGE)
    await reset_data(client, sock)
    assert (await client.answer()).code == 426
    assert await world.get("f") == OLD
    assert await client.code("NOOP") == 200


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("verb", ("STOR", "APPE"))
async def test_f25_a_lost_control_connection_ends_an_upload_and_the_old_file_stays(
    world: World, how: str, verb: str
) -> None:
    await world.put("f", OLD)
    client = await world.login()
    sock = await client.passive()
    assert (await client.do(f"{verb} /c/f")).code == 150
    await send(sock, b"half of it")
    await LOSSES[how](client, sock)
    await world.until_empty()
    sock.close()
    assert await world.get("f") == OLD
    assert [(event.status, event.error) for event in world.events] == [(426, "IncompleteBody")]


async def test_f25_a_stalled_upload_is_ended_and_the_session_goes_on(serve: Serve) -> None:
    world = await serve(stall_timeout=0.2)
    await world.put("f", OLD)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await send(sock, b"half of it")
        assert (await client.answer()).code == 426
        assert await receive_end(sock)
    assert await world.get("f") == OLD
    assert await client.code("NOOP") == 200


async def test_a_slow_upload_is_no_stalled_one(serve: Serve) -> None:
    world = await serve(stall_timeout=2.0)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await send(sock, LARGE)
        for _ in range(5):
            await asyncio.sleep(0.5)
            await send(sock, b"x")
    assert (await client.answer()).code == 226
    assert await world.get("f") == LARGE + b"xxxxx"


async def test_quit_waits_for_the_upload_that_runs(world: World) -> None:
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await client.send("QUIT")
        await send(sock, b"whole")
    assert (await client.answer()).code == 226
    assert (await client.answer()).code == 221
    assert await client.at_end()
    assert await world.get("f") == b"whole"


async def test_a_running_transfer_answers_noop_and_stat_and_keeps_the_rest_in_order(world: World) -> None:
    client = await world.login()
    with await client.passive():
        assert (await client.do("STOR /c/f")).code == 150
        assert await client.code("NOOP") == 200
        status = await client.do("STAT")
        assert status.code == 211
        assert " A transfer is under way" in status.lines
        await client.send("SIZE /c/f\r\nNOOP\r\nABOR")
    assert [(await client.answer()).code for _ in range(4)] == [426, 550, 200, 226]


async def test_abor_without_a_transfer_is_no_error(world: World) -> None:
    client = await world.login()
    assert await client.code("ABOR") == 226
    assert await client.code("PASV") == 227
    assert await client.code("ABOR") == 226
    assert await client.code("LIST") == 425
    await world.put("f")
    assert await download(client, "RETR /c/f") == b"data"


async def test_abor_ends_a_transfer_that_waits_for_its_connection(world: World) -> None:
    client = await world.login()
    assert await client.code("EPSV") == 229
    assert await client.code("STOR /c/f") == 150
    assert await client.code("ABOR") == 426
    assert (await client.answer()).code == 226
    assert await world.names() == []


async def test_abor_in_one_packet_with_its_transfer_ends_it(world: World) -> None:
    await world.put("f")
    client = await world.login()
    with await client.passive():
        await client.send(b"RETR /c/f\r\nABOR\r\nNOOP\r\n")
        assert [(await client.answer()).code for _ in range(3)] == [426, 226, 200]


@pytest.mark.parametrize("how", ABORTS)
async def test_abor_ends_a_download(world: World, how: str) -> None:
    await world.put("f", LARGE * 8)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("RETR /c/f")).code == 150
        assert await asyncio.get_running_loop().sock_recv(sock, 100)
        await ABORTS[how](client, sock)
        assert (await client.answer()).code == 426
        assert (await client.answer()).code == 226
        with pytest.raises(ConnectionResetError):
            await receive(sock)
    assert await client.code("NOOP") == 200


class Slow(Memory):
    """Tells half of an object, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        async with super().open(key, span=span, version=version, when=when) as reader:
            try:
                yield HalfReader(reader)
            finally:
                self.left.set()


class HalfReader(Reader):
    def __init__(self, whole: Reader) -> None:
        self.meta, self.extent = whole.meta, whole.extent
        self._whole = whole

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._whole.chunks():
            yield chunk[: len(chunk) // 2]
            await asyncio.Event().wait()


@pytest.mark.parametrize("how", BREAKS)
async def test_a_download_that_waits_for_the_store_is_broken_off_at_once(how: str) -> None:
    store = Slow()
    await make_bucket(store)
    async with serving(store) as world:
        await world.put("f", LARGE)
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("RETR /c/f")).code == 150
            assert await asyncio.get_running_loop().sock_recv(sock, 100)
            await BREAKS[how](client, sock)
            async with asyncio.timeout(SECONDS):
                await store.left.wait()
            if how in ABORTS:
                assert (await client.answer()).code == 426
                assert (await client.answer()).code == 226
                assert await client.code("NOOP") == 200
        client.writer.close()
        await world.until_empty()


@pytest.mark.parametrize("how", LOSSES)
async def test_a_lost_control_connection_ends_a_download(world: World, how: str) -> None:
    await world.put("f", LARGE * 8)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("RETR /c/f")).code == 150
        assert await asyncio.get_running_loop().sock_recv(sock, 100)
        await LOSSES[how](client, sock)
        await world.until_empty()


async def test_a_client_that_takes_nothing_is_dropped(serve: Serve) -> None:
    world = await serve(stall_timeout=0.2)
    await world.put("f", LARGE * 8)
    client = await world.login()
    with await client.passive():
        assert (await client.do("RETR /c/f")).code == 150
        assert (await client.answer()).code == 426


async def test_a_vanished_client_leaves_nothing_behind_in_any_state(serve: Serve) -> None:
    """Tasks and sockets are counted by the fixture; there is one data port, which is free again in the end."""
    with free_ports(1) as (port,):
        world = await serve(passive_ports=f"{port}-{port}")
        await vanish_in_every_state(world)
        client = await world.login()
        assert (await download(client, "NLST /c")) in (b"f\r\n", b"h\r\n")


async def vanish_in_every_state(world: World) -> None:
    await world.put("f", LARGE * 4)
    scripts: list[list[bytes]] = [
        [],
        [b"USER alice\r\n"],
        [b"USER alice\r\nPASS wrong\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\nEPSV\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\nEPSV\r\nSTOR /c/g\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\nEPSV\r\nLIST /c\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\nEPRT |1|127.0.0.1|9999|\r\nRETR /c/f\r\n"],
        [b"USER alice\r\nPASS alice-secret\r\nRNFR /c/f\r\nRNTO /c/h\r\nRNFR /c/h\r\nRNTO /c/f\r\n"],
        [b"STAT /c\r\nNO"],
    ]
    for script in scripts:
        for vanish in (Client.reset, Client.close):
            client = await world.connect()
            for packet in script:
                await client.send(packet)
            left = vanish(client)
            if left is not None:
                await left
    await world.until_empty()


async def test_a_data_connection_without_a_transfer_is_closed_with_the_session(world: World) -> None:
    client = await world.login()
    with closing(await client.passive()) as sock:
        await client.do("QUIT")
        assert await receive_end(sock)
