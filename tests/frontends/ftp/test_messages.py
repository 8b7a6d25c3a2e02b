"""What is said to those who come: the banner, and messages of directories."""

import pytest

from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World

STORES = ("memory", "catalog")


async def test_the_banner_greets(serve: Serve) -> None:
    world = await serve(banner="Welcome to the archive")
    client = await world.open()
    assert (await client.answer()).text == "Welcome to the archive"


async def test_a_directory_shows_its_message_where_that_is_switched_on(serve: Serve) -> None:
    world = await serve(directory_messages=True)
    await world.put("d/.message", b"Keep out\r\n250 not the end\nplease")
    await world.put("e/f")
    client = await world.login()
    shown = ("250-Keep out", " 250 not the end", " please", '250 Directory is "/c/d"')
    assert (await client.do("CWD /c/d")).lines == shown
    assert (await client.do("CWD /c/e")).lines == ('250 Directory is "/c/e"',)
    assert (await client.do("CWD /")).lines == ('250 Directory is "/"',)


@pytest.mark.parametrize("body", (b"", b"\xff\xfe", b"x" * 100_000))
async def test_a_message_may_be_anything(serve: Serve, body: bytes) -> None:
    world = await serve(directory_messages=True)
    await world.put(".message", body)
    client = await world.login()
    reply = await client.do("CWD /c")
    assert reply.text == 'Directory is "/c"'
    assert sum(map(len, reply.lines)) < 5000


async def test_a_message_is_shown_to_those_who_may_read_it(serve: Serve) -> None:
    world = await serve(directory_messages=True, profiles={"alice": {"home": "/c", "permissions": {"/in": ["write"]}}})
    await world.put(".message", b"hello")
    await world.put("in/.message", b"secret")
    client = await world.login()
    assert len((await client.do("CWD /in")).lines) == 1
    assert len((await client.do("CWD /")).lines) == 2


async def test_by_default_there_are_no_messages(world: World) -> None:
    await world.put(".message", b"hello")
    assert len((await (await world.login()).do("CWD /c")).lines) == 1
