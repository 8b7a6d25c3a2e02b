"""What LIST, NLST and STAT make of the switches of `ls`."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import SECOND
from gateway.core.tree import PAGE
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Put
from gateway.frontends.ftp import pages
from gateway.frontends.ftp.handlers import listings
from gateway.frontends.ftp.pages import SORTED
from gateway.stores.memory import Memory
from tests.frontends.ftp.world import OTHER, World, download, make_bucket, serving

STORES = ("memory", "catalog")

TREE = """\
a.txt
d
e

./d:
f
g

./d/g:
h

./e:
i
"""


async def put_at(world: World, name: str, seconds: int, size: int = 1) -> None:
    await world.store.put(Key("c", name), BytesBody(bytes(size)), Put(modified=seconds * SECOND))


async def names(world: World, line: str) -> list[str]:
    client = await world.login()
    await client.do("CWD /c")
    return [row.split()[-1] for row in (await download(client, line)).decode().splitlines()]


@pytest.mark.parametrize(
    ("line", "expected"),
    (
        ("LIST", "a b c"),
        ("LIST -t", "c a b"),
        ("LIST -lt", "c a b"),
        ("LIST -tr", "b a c"),
        ("LIST -l -t -r", "b a c"),
        ("LIST -S", "b c a"),
        ("LIST -Sr", "a c b"),
        ("LIST -tS", "b c a"),
        ("LIST -r", "c b a"),
        ("LIST -alrt *", "b a c"),
        ("LIST -t [ab]", "a b"),
        ("LIST --color -r", "c b a"),
        ("NLST -t", "c a b"),
        ("NLST -r [bc]", "c b"),
        ("LIST -t /c", "c a b"),
    ),
)
async def test_entries_come_in_the_order_asked_for(world: World, line: str, expected: str) -> None:
    for name, seconds, size in (("a", 1000, 1), ("b", 1000, 30), ("c", 2000, 20)):
        await put_at(world, name, seconds, size)
    assert " ".join(await names(world, line)) == expected


async def test_names_alone_and_the_directory_itself(world: World) -> None:
    await world.put("d/f")
    client = await world.login()
    assert await download(client, "LIST -1 /c/d") == b"f\r\n"
    assert (await download(client, "LIST -1l /c/d")).startswith(b"-rw-r--r-- ")
    assert (await download(client, "LIST -d /c/d")).startswith(b"drwxr-xr-x ")
    assert await download(client, "NLST -d /c/d") == b"/c/d\r\n"
    assert (await client.do("STAT -d /c/d")).lines[1].startswith(" drwxr-xr-x ")


async def test_a_whole_tree_is_listed(world: World) -> None:
    for name in ("a.txt", "d/f", "d/g/h", "e/i"):
        await world.put(name)
    client = await world.login()
    await client.do("CWD /c")
    assert (await download(client, "NLST -R")).decode() == TREE.replace("\n", "\r\n")
    long = (await download(client, "LIST -lR")).decode().splitlines()
    assert [row.split()[-1] for row in long if row] == TREE.split()
    assert (await download(client, "NLST -Rr d")).decode() == "g\r\nf\r\n\r\nd/g:\r\nh\r\n"
    assert await download(client, "NLST -R a.txt") == b"a.txt\r\n"
    assert (await download(client, "LIST -R /c/d/g")).endswith(b" h\r\n")


async def test_no_tree_shows_what_its_user_may_not_list(world: World) -> None:
    await make_bucket(world.store, "foreign", OTHER)
    await world.store.put(Key("foreign", "d/secret"), BytesBody(b""), Put())
    await world.put("d/f")
    client = await world.login()
    assert (await download(client, "NLST -R /")).decode() == "c\r\n\r\n/c:\r\nd\r\n\r\n/c/d:\r\nf\r\n"


async def test_a_tree_is_followed_to_a_depth(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "DEEPEST", 2)
    await world.put("1/2/3/4")
    client = await world.login()
    assert (await download(client, "NLST -R /c")).decode().split() == ["1", "/c/1:", "2", "/c/1/2:", "3"]


async def test_what_is_too_much_to_sort_comes_by_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SORTED", 1500)
    for number in range(2100):
        await put_at(world, f"{number:04}", number, 0)
    client = await world.login()
    assert (await download(client, "NLST -t /c")).decode().split() == [f"{number:04}" for number in range(2100)]


class Endless(Memory):
    """A bucket of a hundred thousand objects, in as many directories, if any, which are made as they are asked for.

    No more pages than are `allowed` are told before somebody sets `going_on`.
    """

    COUNT = 100_000

    def __init__(self, *, directories: bool = False, allowed: int = 1000) -> None:
        super().__init__()
        self.going_on = asyncio.Event()
        self.pages = 0
        self._directories = directories
        self._allowed = allowed

    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        if self.pages == self._allowed:
            await self.going_on.wait()
        self.pages += 1
        if query.prefix:
            meta = Meta(key=Key(bucket, query.prefix + "x"), size=1, etag="e", modified=0)
            return Page((meta,) if not query.marker and query.prefix.rstrip("/").isdecimal() else ())
        first = int(query.marker.rstrip("/") or -1) + 1
        numbers = range(first, min(first + query.limit, self.COUNT))
        rows = tuple(self._row(bucket, number) for number in numbers)
        return Page(rows, rows[-1].name if numbers.stop < self.COUNT else None)

    def _row(self, bucket: str, number: int) -> Meta | Prefix:
        name = f"{number:06}"
        if self._directories:
            return Prefix(name + "/")
        return Meta(key=Key(bucket, name), size=1, etag="e", modified=0)


@asynccontextmanager
async def endless(store: Endless) -> AsyncIterator[World]:
    await make_bucket(store)
    async with serving(store) as world:
        yield world


@pytest.mark.parametrize(
    ("line", "pages"),
    (
        ("LIST /c", 1),
        ("NLST /c", 1),
        ("MLSD /c", 1),
        ("LIST -R /c", 1),
        ("LIST -la /c", 1),
        ("LIST -t /c", SORTED // PAGE + 1),
        ("NLST -r /c", SORTED // PAGE + 1),
        ("LIST -S /c", SORTED // PAGE + 1),
        ("LIST *", 2),
    ),
)
async def test_a_listing_begins_when_its_first_page_is_there(line: str, pages: int) -> None:
    """One that is to be in another order begins when it is known to be too long for that. Nothing more is asked for,
    but whether a pattern is the name of something. ABOR ends it though the store has not told its next page.
    """
    store = Endless(allowed=pages)
    async with endless(store) as world:
        client = await world.login()
        await client.do("CWD /c")
        store.pages = 0
        with await client.passive() as sock:
            assert (await client.do(line)).code == 150
            assert b"000000" in await asyncio.get_running_loop().sock_recv(sock, 1000)
            assert store.pages == pages
            assert await client.code("ABOR") == 426
        assert (await client.answer()).code == 226


async def test_a_hundred_thousand_entries_take_little_memory() -> None:
    """Nor do those that are held until they are known to be too many to be sorted."""
    async with endless(Endless()) as world:
        client = await world.login()
        sock = await client.passive()
        tracemalloc.start()
        assert (await client.do("LIST -t /c")).code == 150
        lines, loop = 0, asyncio.get_running_loop()
        with sock:
            while block := await loop.sock_recv(sock, 1 << 16):
                lines += block.count(b"\n")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (await client.answer()).code == 226
        assert lines == Endless.COUNT
        assert peak < 16 << 20


async def test_a_client_who_reads_nothing_is_told_no_more_than_the_network_holds() -> None:
    store = Endless()
    async with endless(store) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("MLSD /c")).code == 150
            assert await asyncio.get_running_loop().sock_recv(sock, 1000)
            assert store.pages < Endless.COUNT // 1000 // 2
            assert await client.code("ABOR") == 426
        assert (await client.answer()).code == 226


async def test_a_tree_of_a_hundred_thousand_directories_is_left_in_the_middle() -> None:
    store = Endless(directories=True, allowed=Endless.COUNT)
    async with endless(store) as world:
        client = await world.login()
        with await client.passive() as sock:
            assert (await client.do("LIST -R /c")).code == 150
            assert await client.code("ABOR") == 426
            assert (await client.answer()).code == 226
            sock.close()
        assert store.pages < Endless.COUNT
        assert await client.code("NOOP") == 200
