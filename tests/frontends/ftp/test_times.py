"""MFMT, MFCT, MFF and SITE UTIME, and what other frontends see of them."""

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import SECOND
from gateway.core.types import Key, Meta, Props, Put
from tests.frontends.ftp.world import World, download, upload

STORES = ("memory", "catalog")

THEN = 981173106


async def stat(world: World, name: str = "f") -> Meta:
    return await world.store.stat(Key("c", name))


@pytest.mark.parametrize(
    ("line", "code"),
    (
        ("MFMT 20010203040506 /c/my file", 213),
        ("MFMT 20010203040506.789 /c/my file", 213),
        ("MFF modify=20010203040506; /c/my file", 213),
        ("SITE UTIME 20010203040506 /c/my file", 200),
        ("site utime /c/my file 19990101000000 20010203040506 20020101000000 UTC", 200),
    ),
)
async def test_times_are_set_and_shown_everywhere(world: World, line: str, code: int) -> None:
    await world.put("my file")
    client = await world.login()
    assert await client.code(line) == code
    meta = await stat(world, "my file")
    assert (meta.modified, meta.props.user) == (THEN * SECOND, {"mtime": str(THEN)})
    assert (await client.do("MDTM /c/my file")).text == "20010203040506"
    assert b"modify=20010203040506;" in await download(client, "MLSD /c")
    assert b" Feb  3  2001 my file" in await download(client, "LIST /c")
    assert await world.get("my file") == b"data"


async def test_a_time_in_minutes(world: World) -> None:
    await world.put("f")
    client = await world.login()
    assert await client.code("SITE UTIME 200102030405 /c/f") == 200
    assert (await client.do("MDTM /c/f")).text == "20010203040500"


async def test_times_that_other_frontends_state_are_shown(world: World) -> None:
    client = await world.login()
    for text, expected in ((f"{THEN}.123456789", True), (f"{THEN}", True), ("tomorrow", False), ("-5", False)):
        await world.store.put(Key("c", "f"), BytesBody(b"x"), Put(props=Props(user={"mtime": text})))
        assert ((await client.do("MDTM /c/f")).text == "20010203040506") is expected, text
        assert (b"modify=20010203040506;" in await download(client, "MLSD /c")) is expected


async def test_an_append_is_newer_than_what_was_stated(world: World) -> None:
    await world.put("f")
    client = await world.login()
    for line in ("APPE /c/f", "STOR /c/f"):
        await client.do("MFMT 20010203040506 /c/f")
        if line.startswith("STOR"):
            await client.do(f"REST {(await stat(world)).size}")
        assert (await upload(client, line, b"more")).code == 226
        assert "mtime" not in (await stat(world)).props.user
        assert (await client.do("MDTM /c/f")).text > "2020"


async def test_the_time_of_creation_and_the_media_type(world: World) -> None:
    await world.put("f")
    client = await world.login()
    assert (await client.do("MFCT 20010203040506 /c/f")).text == "Create=20010203040506; /c/f"
    assert (await stat(world)).props.user == {"btime": str(THEN)}
    assert (await client.do("MFF Media-Type=image/png;Create=20010203040507 /c/f")).code == 213
    assert (await stat(world)).props.content_type == "image/png"
    assert (await client.do("OPTS MLST create;media-type;")).code == 200
    assert await download(client, "MLSD /c") == b"media-type=image/png;create=20010203040507; f\r\n"


async def test_facts_that_can_not_be_changed(world: World) -> None:
    await world.put("f")
    before = await stat(world)
    client = await world.login()
    for line, code in (
        ("MFF Size=5; /c/f", 504),
        ("MFF Modify=20010203040506;UNIX.mode=0777; /c/f", 504),
        ("MFF Modify=2001; /c/f", 501),
        ("MFF Media-Type=nonsense; /c/f", 501),
        ("MFF Modify=20010203040506;", 501),
        ("MFF nothing /c/f", 504),
        ("MFCT x /c/f", 501),
        ("SITE UTIME 20011340000000 /c/f", 501),
        ("SITE UTIME /c/f", 501),
        ("SITE UTIME", 501),
        ("SITE UTIME 20010203040506 /c/no", 550),
        ("MFMT 20010203040506 /c", 550),
    ):
        assert await client.code(line) == code, line
    assert await stat(world) == before
