"""RETR."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from gateway.core.conditions import ANY, When
from gateway.core.ranges import Extent, Span, resolve
from gateway.core.store import Reader, Region
from gateway.core.types import Key, Meta
from gateway.stores.memory import Memory
from tests.frontends.ftp.breaks import BREAKS
from tests.frontends.ftp.world import NOBODY, World, download, make_bucket, receive, serving, until, upload

STORES = ("memory", "catalog")

OLD = b"the old content"
LARGE = bytes(range(256)) * 16 * 1024  # 4 MiB


async def test_f30_downloads_begin_at_an_offset(world: World) -> None:
    await world.put("f", b"0123456789")
    client = await world.login()
    for offset, expected in ((0, b"0123456789"), (4, b"456789"), (9, b"9"), (10, b"")):
        assert await client.code(f"REST {offset}") == 350
        assert await download(client, "RETR /c/f") == expected
    for offset in (11, 2**40, 2**63 - 1):
        assert await client.code(f"REST {offset}") == 350
        with await client.passive():
            assert await client.code("RETR /c/f") == 554
    for text in ("-1", "x", "", str(2**63), "9" * 100, "\u0663", "1.5", "0x10"):
        assert await client.code(f"REST {text}") == 501, text


async def test_downloads_and_digests_of_a_range(world: World) -> None:
    await world.put("f", b"0123456789")
    client = await world.login()
    for first, last, expected in ((0, 0, b"0"), (2, 5, b"2345"), (8, 99, b"89"), (10, 12, b"")):
        assert await client.code(f"RANG {first} {last}") == 350
        assert await download(client, "RETR /c/f") == expected
    assert await download(client, "RETR /c/f") == b"0123456789"
    assert await client.code("RANG 2 5") == 350
    assert (await client.do("HASH /c/f")).text == f"MD5 2-6 {hashlib.md5(b'2345').hexdigest()} /c/f"
    assert (await client.do("HASH /c/f")).text == f"MD5 0-10 {hashlib.md5(b'0123456789').hexdigest()} /c/f"
    await client.do("RANG 2 5")
    assert await client.code("RANG 1 0") == 350
    assert await download(client, "RETR /c/f") == b"0123456789"
    await client.do("RANG 11 12")
    with await client.passive():
        assert await client.code("RETR /c/f") == 554
    await client.do("RANG 0 3")
    assert (await upload(client, "STOR /c/f", b"xxx")).code == 554
    assert await world.get("f") == b"0123456789"
    for text in ("", "1", "3 2", "0 0", "a b", "-1 2", "1 2 3", f"1 {2**63}"):
        assert (await client.code(f"RANG {text}") == 501) is (text != "0 0"), text
    await client.do("TYPE A")
    assert await client.code("RANG 1 2") == 504


class FileReader(Reader):
    """Bytes of a file in two regions, the last `short` bytes too short."""

    def __init__(self, meta: Meta, extent: Extent, file: BinaryIO) -> None:
        self.meta, self.extent, self._file = meta, extent, file

    async def chunks(self) -> AsyncIterator[bytes]:
        self._file.seek(self.extent.start)
        yield self._file.read(len(self.extent))

    def regions(self) -> AsyncIterator[Region]:
        return self._regions()

    async def _regions(self) -> AsyncIterator[Region]:
        middle = self.extent.start + min(1000, len(self.extent))
        yield Region(self._file, self.extent.start, middle - self.extent.start)
        yield Region(self._file, middle, self.extent.stop - middle)


class FileStore(Memory):
    """Memory of which every object reads as one file, `missing` bytes of which are gone."""

    def __init__(self, path: Path, missing: int = 0) -> None:
        super().__init__()
        self._path, self._missing = path, missing

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        size = self._path.stat().st_size + self._missing
        meta = Meta(key=key, size=size, etag="e", modified=0)
        with self._path.open("rb") as file:
            yield FileReader(meta, resolve(span, size), file)


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(LARGE * 8)
    return path


@asynccontextmanager
async def file_world(path: Path, missing: int = 0, **settings: object) -> AsyncIterator[World]:
    store = FileStore(path, missing)
    await store.start()
    await make_bucket(store)
    async with serving(store, NOBODY, **settings) as world:
        yield world
    await store.aclose()


async def test_files_are_sent_by_the_kernel_whole_and_in_part(large_file: Path) -> None:
    async with file_world(large_file) as world:
        client = await world.login()
        assert await download(client, "RETR /c/f") == LARGE * 8
        await client.do("REST 4194303")
        assert await download(client, "RETR /c/f") == (LARGE * 8)[4194303:]
        await client.do("TYPE A")
        assert len(await download(client, "RETR /c/f")) > len(LARGE) * 8


async def test_a_slow_client_gets_the_whole_file(large_file: Path) -> None:
    async with file_world(large_file) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("RETR /c/f")).code == 150
            await asyncio.sleep(0.3)
            assert await receive(sock) == LARGE * 8
        assert (await client.answer()).code == 226


@pytest.mark.parametrize("how", BREAKS)
async def test_downloads_by_the_kernel_are_broken_off(large_file: Path, how: str) -> None:
    async with file_world(large_file) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("RETR /c/f")).code == 150
            assert await asyncio.get_running_loop().sock_recv(sock, 100)
            await BREAKS[how](client, sock)
            await until(lambda: world.events)
        assert [(event.status, event.error) for event in world.events] == [(426, "IncompleteBody")]


async def test_downloads_by_the_kernel_are_cancelled(large_file: Path) -> None:
    async with file_world(large_file) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("RETR /c/f")).code == 150
            assert await asyncio.get_running_loop().sock_recv(sock, 100)
            await world.frontend.drain(0)
            assert world.frontend.connections == 0


async def test_a_file_that_is_too_short_breaks_the_connection(large_file: Path) -> None:
    async with file_world(large_file, missing=10) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("RETR /c/f")).code == 150
            with pytest.raises(ConnectionResetError):
                await receive(sock)
        assert (await client.answer()).code == 451
