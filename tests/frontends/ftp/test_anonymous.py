import pytest

from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, download, upload


async def open_house(serve: Serve) -> World:
    world = await serve(anonymous={"account": "test", "home": "/c/pub"})
    await world.put("pub/f", b"for all")
    await world.put("private", b"for some")
    return world


@pytest.mark.parametrize("name", ("anonymous", "ftp", "FTP"))
async def test_strangers_read_what_lies_below_their_home(serve: Serve, name: str) -> None:
    client = await (await open_house(serve)).login(name, "me@example.org")
    assert await download(client, "NLST /") == b"f\r\n"
    assert await download(client, "RETR f") == b"for all"
    assert await client.code("SIZE /../private") == 550


@pytest.mark.parametrize(
    "line", ("STOR g", "APPE f", "STOU", "DELE f", "MKD d", "RMD d", "RNFR f", "MFMT 20200101000000 f")
)
async def test_strangers_change_nothing(serve: Serve, line: str) -> None:
    world = await open_house(serve)
    client = await world.login("anonymous", "x")
    assert (await upload(client, line, b"1")).code == 550
    assert await world.names() == ["private", "pub/f"]


async def test_strangers_are_refused_where_that_is_not_switched_on(world: World) -> None:
    client = await world.connect()
    assert await client.code("USER anonymous") == 331
    assert await client.code("PASS me@example.org") == 530


async def test_the_access_log_calls_strangers_anonymous(serve: Serve) -> None:
    world = await open_house(serve)
    client = await world.login("ftp", "x")
    await download(client, "RETR f")
    assert {event.context.principal for event in world.events} == {"anonymous"}
