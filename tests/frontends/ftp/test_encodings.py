"""Names of old devices: in what they come and go (`encoding` of a profile), and what OPTS UTF8 says of that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.ftp.names import Names, encoded
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import Client, World, download, upload

NAME = "B\u00e4r \u20ac"
OLD, NEW = NAME.encode("cp1252"), NAME.encode()


async def device(serve: Serve, encoding: str | None = "cp1252") -> tuple[World, Client]:
    """A client of a user whose home holds a file and a directory of that name."""
    world = await serve({"alice": {"home": "/c", "encoding": encoding}})
    await world.put(f"{NAME}/{NAME}")
    await world.put(f"f {NAME}")
    return world, await world.login()


def raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


async def shown(client: Client) -> dict[str, bytes]:
    """What each command that tells names tells, from the directory of that name."""
    told = {line: await download(client, line) for line in ("LIST", "NLST", "MLSD", "LIST -R ..")}
    for line in ("PWD", "STAT .", "MLST", "SIZE missing"):
        told[line] = raw("\n".join((await client.do(line)).lines))
    return told


async def test_f41_names_go_out_as_they_came_in(serve: Serve) -> None:
    _, client = await device(serve)
    answer = await client.do(b"CWD " + OLD + b"\r\n")
    assert (answer.code, OLD in raw(answer.text)) == (250, True)
    told = await shown(client)
    assert [line for line, text in told.items() if OLD not in text] == ["SIZE missing"]
    assert [line for line, text in told.items() if NEW in text] == []
    made = raw((await client.do(b"MKD /" + OLD + b" 2\r\n")).text)
    assert b'"/' + OLD + b' 2"' in made
    assert sorted((await download(client, "NLST ..")).split(b"\r\n")) == [b"", OLD, OLD + b" 2", b"f " + OLD]


async def test_other_clients_of_the_same_user_have_utf_8(serve: Serve) -> None:
    world, client = await device(serve)
    assert NEW in await download(client, "NLST")
    other = await world.login()
    assert await other.code(b"SIZE f " + OLD + b"\r\n") == 213
    assert OLD in await download(other, "NLST")
    assert NEW in await download(client, "NLST")
    assert await other.code(f"SIZE f {NAME}") == 213
    assert NEW in await download(other, "NLST")


async def test_opts_utf8_on_has_all_go_out_in_utf_8(serve: Serve) -> None:
    world, _ = await device(serve)
    client = await world.connect()
    assert await client.code("OPTS UTF8 ON") == 200
    assert [await client.code(line) for line in ("USER alice", "PASS alice-secret")] == [331, 230]
    assert await client.code(b"CWD " + OLD + b"\r\n") == 250
    assert all(OLD not in text for text in (await shown(client)).values())


async def test_opts_utf8_off_has_all_come_and_go_in_the_encoding(serve: Serve) -> None:
    """What two characters of the device's are is no letter of UTF-8 then."""
    world, client = await device(serve)
    assert (await client.do("OPTS UTF8 OFF")).lines == ("200 Names are CP1252",)
    assert OLD in await download(client, "NLST")
    await world.put("\u00c3\u00a4")
    assert await client.code("\u00c3\u00a4".encode("cp1252").join((b"SIZE ", b"\r\n"))) == 213
    assert await client.code("OPTS UTF8") == 200
    assert await client.code("\u00c3\u00a4".encode("cp1252").join((b"SIZE ", b"\r\n"))) == 550
    assert NEW in await download(client, "NLST")


async def test_what_the_encoding_lacks_goes_out_in_utf_8_and_comes_back(serve: Serve) -> None:
    world, client = await device(serve)
    await world.put("\u732b")
    assert await client.code(b"SIZE f " + OLD + b"\r\n") == 213
    assert (await download(client, "NLST")).split(b"\r\n") == [OLD, b"f " + OLD, "\u732b".encode(), b""]
    assert await client.code(b"SIZE " + "\u732b".encode() + b"\r\n") == 213


async def test_without_an_encoding_utf_8_is_not_switched_off(serve: Serve) -> None:
    world, client = await device(serve, encoding=None)
    assert [await client.code(f"OPTS UTF8{each}") for each in (" OFF", " ON", "", " MAYBE")] == [504, 200, 200, 501]
    stranger = await world.connect()
    assert await stranger.code("OPTS UTF8 OFF") == 504


async def test_who_logs_in_next_has_a_device_of_his_own(serve: Serve) -> None:
    world, client = await device(serve)
    await client.do("OPTS UTF8 OFF")
    assert [await client.code(line) for line in ("USER walter", "PASS walter-secret", "CWD /c")] == [331, 230, 250]
    assert NEW in await download(client, "NLST")
    assert (await upload(client, f"STOR {NAME}2", b"1")).code == 226
    assert f"{NAME}2" in await world.names()


@pytest.mark.parametrize("encoding", ("cp1252", "shift_jis", "euc_kr", "cp437", "koi8-r"))
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6))
def test_what_goes_out_comes_back(encoding: str, text: str) -> None:
    names = Names()
    names.fallback = encoding
    names.choose(utf8=False)
    sent = encoded(text, names.encoding)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        assert sent == text.encode()
    else:
        assert names.decode(sent) == text.encode(encoding).decode(encoding)
