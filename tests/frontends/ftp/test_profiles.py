"""What a user's profile makes of the tree: home, virtual folders, permissions by directory, names, encodings."""

import pytest

from gateway.frontends.ftp.listing import fact_time
from gateway.frontends.ftp.pages import STARTED
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import Client, World, download, make_bucket, upload

STORES = ("memory", "catalog")


async def at_home(serve: Serve, **profile: object) -> tuple[World, Client]:
    """Alice below `/c/home`, with more of a profile."""
    world = await serve(profiles={"alice": {"home": "/c/home", **profile}})
    return world, await world.login()


async def listed(client: Client, line: str = "NLST") -> list[str]:
    return (await download(client, line)).decode().split()


async def test_a_home_is_the_root_and_nothing_leads_out_of_it(serve: Serve) -> None:
    world, client = await at_home(serve)
    await world.put("outside")
    assert (await client.do("PWD")).text == '"/" is the current directory'
    assert (await upload(client, "STOR /../../f", b"1")).code == 226
    assert (await client.do("MKD d")).text == '"/d" created'
    assert (await client.do("CWD d")).text == 'Directory is "/d"'
    assert (await upload(client, "STOR ../d/./g", b"22")).code == 226
    assert await world.names() == ["home/d/", "home/d/g", "home/f", "outside"]
    for line in ("RETR ../outside", "RETR /c/outside", "SIZE /../outside", "CWD /c", "DELE ../../outside"):
        assert await client.code(line) == 550
    assert await download(client, "RETR /d/g") == b"22"


async def test_a_home_stands_before_anything_lies_in_it(serve: Serve) -> None:
    world, client = await at_home(serve)
    assert await client.code("CWD /") == 250
    assert await listed(client) == []
    assert await client.code("MKD first") == 257
    assert await listed(client, "NLST /") == ["first"]
    assert await world.names() == ["home/first/"]


@pytest.mark.parametrize("line", ("RMD /", "RNFR /", "DELE /", "STOR /", "MKD /"))
async def test_a_home_is_not_removed_or_replaced(serve: Serve, line: str) -> None:
    world, client = await at_home(serve)
    await world.put("home/f")
    with await client.passive():
        assert await client.code(line) == 550
    assert await world.names() == ["home/f"]


async def test_replies_and_listings_tell_nothing_of_where_a_home_lies(serve: Serve) -> None:
    world, client = await at_home(serve)
    await world.put("home/d/f")
    lines = ["MLST d/f", "MLST /", "HASH d/f", "MD5 d/f", "STAT d", "MFMT 20200101000000 d/f", "SIZE d/f"]
    for line in lines:
        reply = await client.do(line)
        assert reply.code // 100 == 2
        assert "home" not in " ".join(reply.lines)
    for line in ("LIST -R", "MLSD", "NLST d/*"):
        assert b"home" not in await download(client, line)


async def test_virtual_folders_show_other_buckets(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"home": "/c/home", "folders": {"/pub/shared": "/other/x", "/o": "/other"}}})
    await make_bucket(world.store, "other")
    client = await world.login()
    assert await listed(client) == ["o", "pub"]
    assert await listed(client, "NLST /pub") == ["shared"]
    assert await client.code("CWD /pub/shared") == 250
    assert await listed(client) == []
    assert (await upload(client, "STOR f", b"12")).code == 226
    assert await world.names("other") == ["x/f"]
    assert await download(client, "RETR /o/x/f") == b"12"
    assert await client.code("RNFR f") == 350
    assert await client.code("RNTO /g") == 250
    assert await world.names() == ["home/g"]
    assert (await client.do("CDUP")).text == 'Directory is "/pub"'
    tree = (await download(client, "LIST -R /")).decode()
    assert "/pub/shared:" in tree


async def test_a_virtual_folder_hides_what_lies_below_it(serve: Serve) -> None:
    world, client = await at_home(serve, folders={"/d": "/c/elsewhere"})
    await world.put("home/d/hidden")
    await world.put("elsewhere/f")
    assert await listed(client) == ["d"]
    assert await listed(client, "NLST d") == ["f"]


@pytest.mark.parametrize("line", ("RMD pub/shared", "RMD pub", "RNFR pub/shared", "RNFR pub", "MKD pub/shared"))
async def test_virtual_folders_stay_where_they_are(serve: Serve, line: str) -> None:
    _, client = await at_home(serve, folders={"/pub/shared": "/c/elsewhere"})
    assert await client.code(line) == 550


async def test_virtual_folders_in_the_root_stand_beside_buckets(serve: Serve) -> None:
    world = await serve(profiles={"alice": {"folders": {"/docs": "/c/d"}}})
    await world.put("d/f")
    client = await world.login()
    assert await listed(client, "NLST /") == ["c", "docs"]
    assert await listed(client, "NLST /docs") == ["f"]
    time = f"modify={fact_time(STARTED)};"
    assert f"type=dir;{time}" in (await download(client, "MLSD /")).decode().splitlines()[-1]
    assert time in (await client.do("MLST /docs")).lines[1]


async def test_a_virtual_folder_gives_no_right_that_the_role_does_not(serve: Serve) -> None:
    world = await serve(profiles={"rita": {"home": "/c", "folders": {"/o": "/c/elsewhere"}}})
    client = await world.login("rita")
    assert (await upload(client, "STOR o/f", b"1")).code == 550
    assert await world.names() == []


DROP = {"/": ["list", "read"], "/in": ["write"], "/in/own": ["list", "read", "write", "overwrite", "delete"]}


async def test_permissions_are_those_of_the_nearest_directory(serve: Serve) -> None:
    world, client = await at_home(serve, permissions=DROP)
    await world.put("home/f")
    assert (await upload(client, "STOR g", b"1")).code == 550
    assert (await upload(client, "STOR in/g", b"1")).code == 226
    assert (await upload(client, "STOR in/deep/g", b"1")).code == 226
    assert (await upload(client, "STOR in/own/g", b"1")).code == 226
    for line in ("RETR in/g", "NLST in"):
        with await client.passive():
            assert await client.code(line) == 550
    assert await client.code("CWD in") == 250
    for line in ("SIZE g", "DELE g", "MKD d", "RNFR g", "STAT .", "MLST g", "XMD5 g", "DELE /f"):
        assert await client.code(line) == 550
    assert await listed(client, "NLST own") == ["g"]
    assert await client.code("DELE own/g") == 250
    assert await download(client, "RETR /f") == b"data"


async def test_who_may_write_and_not_overwrite_changes_nothing_that_stands(serve: Serve) -> None:
    world, client = await at_home(serve, permissions={"/": ["list", "read", "write", "rename"]})
    await world.put("home/f", b"old")
    await world.put("home/d/g", b"old")
    assert (await upload(client, "STOR f", b"new")).code == 550
    assert (await upload(client, "APPE f", b"new")).code == 550
    assert (await upload(client, "STOR g", b"g")).code == 226
    for target in ("f", "d"):
        assert await client.code("RNFR g") == 350
        assert await client.code(f"RNTO {target}") == 550
    assert await client.code("RNFR g") == 350
    assert await client.code("RNTO h") == 250
    assert {name: await world.get(name) for name in await world.names()} == {
        "home/d/g": b"old",
        "home/f": b"old",
        "home/h": b"g",
    }


async def test_a_file_that_comes_meanwhile_is_not_overwritten(serve: Serve) -> None:
    world, client = await at_home(serve, permissions={"/": ["write"]})
    with await client.passive():
        assert await client.code("STOR f") == 150
        await world.put("home/f", b"first")
    assert (await client.answer()).code == 450
    assert await world.get("home/f") == b"first"


async def test_perm_facts_tell_what_the_profile_allows(serve: Serve) -> None:
    world, client = await at_home(serve, permissions={"/": ["list", "read"], "/in": ["list", "write"]})
    await world.put("home/f")
    await world.put("home/in/f")
    assert "perm=r;" in (await client.do("MLST f")).lines[1]
    assert (await download(client, "MLSD")).decode().count("perm=el;") == 1
    assert b"perm=;" not in await download(client, "MLSD in")


async def test_listings_pass_over_directories_that_may_not_be_listed(serve: Serve) -> None:
    world, client = await at_home(serve, permissions={"/secret": ["write"]})
    await world.put("home/secret/f")
    await world.put("home/open/g")
    tree = (await download(client, "LIST -R")).decode()
    assert "./open:" in tree
    assert "./secret:" not in tree
    with await client.passive():
        assert await client.code("NLST secret/*") == 550


async def test_comb_needs_what_its_sources_lose(serve: Serve) -> None:
    world, client = await at_home(serve, permissions={"/": ["list", "read", "write"]})
    await world.put("home/a", b"1")
    assert await client.code("COMB all a") == 550
    assert await world.names() == ["home/a"]


async def test_names_of_uploads_are_filtered(serve: Serve) -> None:
    world, client = await at_home(serve, allow_names=["*.jpg", "*.part"], deny_names=["thumb*"])
    for line, code in (
        ("STOR a.jpg", 226),
        ("STOR b.JPG", 226),
        ("STOR a.exe", 553),
        ("STOR d.jpg/a.exe", 553),
        ("STOR Thumbs.jpg", 553),
        ("APPE a.exe", 553),
        ("STOU", 553),
        ("STOR c.part", 226),
    ):
        assert (await upload(client, line, b"1")).code == code
    assert await client.code("RNFR c.part") == 350
    assert await client.code("RNTO c.exe") == 553
    assert await client.code("MKD folder") == 257
    assert await client.code("RNFR folder") == 350
    assert await client.code("RNTO renamed") == 250
    assert await world.names() == ["home/a.jpg", "home/b.JPG", "home/c.part", "home/renamed/"]


async def test_names_of_old_devices_are_taken_in_their_encoding(serve: Serve) -> None:
    world, client = await at_home(serve, encoding="cp1252")
    with await client.passive():
        assert await client.code("STOR B\u00e4r \u20ac".encode("cp1252") + b"\r\n") == 150
    assert (await client.answer()).code == 226
    assert (await upload(client, "STOR F\u00fc\u00dfe", b"1")).code == 226
    assert await world.names() == ["home/B\u00e4r \u20ac", "home/F\u00fc\u00dfe"]
    assert await client.code(b"SIZE \x81\r\n") == 501


async def test_without_an_encoding_names_are_utf_8(serve: Serve) -> None:
    _, client = await at_home(serve)
    assert await client.code(b"SIZE B\xe4r\r\n") == 501


async def test_a_rename_tells_where_the_file_stood(serve: Serve) -> None:
    world, client = await at_home(serve)
    await world.put("home/f")
    assert await client.code("RNFR f") == 350
    assert await client.code("RNTO g") == 250
    event = world.events[-1]
    assert (event.operation, event.source, event.bucket, event.key) == ("RNTO", "/c/home/f", "c", "home/g")
