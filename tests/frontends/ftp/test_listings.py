"""LIST, NLST, MLSD, MLST and STAT."""

import re
import time
from collections.abc import Iterator

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import SECOND
from gateway.core.types import DIRECTORY_TYPE, Key, Put
from gateway.frontends.ftp.listing import fact_time, list_time
from gateway.frontends.ftp.pages import STARTED
from tests.frontends.ftp.world import OTHER, World, download, make_bucket

STORES = ("memory", "catalog")

LINE = re.compile(r"([-d])([rwx-]{9}) +(\d+) (\S+) +(\S+) +(\d+) ([A-Z][a-z]{2} [ \d]\d (?:\d\d:\d\d| \d{4})) (.+)")


@pytest.fixture
def far_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def put_at(world: World, name: str, seconds: int, data: bytes = b"data") -> None:
    await world.store.put(Key("c", name), BytesBody(data), Put(modified=seconds * SECOND))


def parsed(data: bytes) -> dict[str, tuple[str, ...]]:
    rows = {}
    for line in data.decode().split("\r\n")[:-1]:
        match = LINE.fullmatch(line)
        assert match, line
        rows[match[8]] = match.groups()[:-1]
    return rows


@pytest.mark.usefixtures("far_time_zone")
async def test_f18_modes_links_owner_and_times_in_utc(world: World) -> None:
    recent = int(time.time()) - 3600
    await put_at(world, "old", 981173106)
    await put_at(world, "recent", recent, b"1234567890")
    await put_at(world, "d/x", 0)
    created = (await world.store.stat_bucket("c")).created
    client = await world.login()
    rows = parsed(await download(client, "LIST /c"))
    clock = time.strftime("%b %e %H:%M", time.gmtime(recent))
    assert rows == {
        "old": ("-", "rw-r--r--", "1", "test", "test", "4", "Feb  3  2001"),
        "recent": ("-", "rw-r--r--", "1", "test", "test", "10", clock),
        "d": ("d", "rwxr-xr-x", "1", "test", "test", "0", list_time(created, time.time())),
    }
    assert (await download(client, "MLSD /c")).decode().split("\r\n") == [
        f"type=dir;modify={fact_time(created)};perm=cdeflmp; d",
        "type=file;size=4;modify=20010203040506;perm=adfrw; old",
        f"type=file;size=10;modify={time.strftime('%Y%m%d%H%M%S', time.gmtime(recent))};perm=adfrw; recent",
        "",
    ]
    assert (await client.do("MDTM /c/old")).text == "20010203040506"


@pytest.mark.parametrize("line", ("LIST", "LIST .", "LIST -la", "LIST -la /c/d", "LIST -a -l /c/d", "LIST -- /c/d"))
async def test_options_of_list_are_taken(world: World, line: str) -> None:
    await world.put("d/f")
    client = await world.login()
    await client.do("CWD /c/d")
    assert list(parsed(await download(client, line))) == ["f"]


async def test_single_files_and_patterns_are_listed(world: World) -> None:
    for name in ("a.txt", "b.txt", "c.jpg", "d/e.txt"):
        await world.put(name)
    client = await world.login()
    await client.do("CWD /c")
    assert list(parsed(await download(client, "LIST a.txt"))) == ["a.txt"]
    assert list(parsed(await download(client, "LIST *.txt"))) == ["a.txt", "b.txt"]
    assert await download(client, "NLST [ab].*") == b"a.txt\r\nb.txt\r\n"
    assert await download(client, "NLST d/e.txt") == b"d/e.txt\r\n"
    assert await download(client, "NLST d/*") == b"d/e.txt\r\n"
    assert await download(client, "NLST d") == b"e.txt\r\n"
    assert await download(client, "NLST x*") == b""
    assert await download(client, "NLST -la") == b"a.txt\r\nb.txt\r\nc.jpg\r\nd\r\n"


async def test_the_root_lists_the_buckets_that_a_user_may_see(world: World) -> None:
    await make_bucket(world.store, "own")
    await make_bucket(world.store, "foreign", OTHER)
    for user, expected in {"alice": "c own", "nina": "", "olga": "foreign", "opal": "c foreign own"}.items():
        client = await world.login(user)
        assert (await download(client, "NLST")).decode().split() == expected.split(), user
        assert (await download(client, "MLSD /")).decode().count("\r\n") == len(expected.split())


async def test_what_is_missing_is_not_listed(world: World) -> None:
    await world.put("f")
    client = await world.login()
    for line, code in (
        ("LIST /c/no", 550),
        ("LIST /no", 550),
        ("NLST /c/no", 550),
        ("MLSD /c/no", 550),
        ("MLSD /c/f", 501),
        ("MLST /c/no", 550),
        ("STAT /c/no", 550),
    ):
        with await client.passive():
            assert await client.code(line) == code, line


async def test_mlst_shows_one_entry_on_the_control_connection(world: World) -> None:
    await put_at(world, "d/f", 981173106)
    client = await world.login()
    assert (await client.do("MLST /c/d/f")).lines == (
        "250-Listing /c/d/f",
        " type=file;size=4;modify=20010203040506;perm=adfrw; /c/d/f",
        "250 End",
    )
    for path in ("/c/d", "/", "/c"):
        shown = (await client.do(f"MLST {path}")).lines[1]
        assert re.fullmatch(rf" type=dir;modify=20\d{{12}};perm=cdeflmp; {path}", shown)


async def test_directories_show_when_their_bucket_was_made(world: World) -> None:
    await put_at(world, "d/", 0, b"")
    await put_at(world, "e/f/y", 0)
    created = (await world.store.stat_bucket("c")).created
    client = await world.login()
    await client.do("CWD /c")
    fact, date = f"modify={fact_time(created)};", list_time(created, time.time())
    for line in ("MLSD", "MLSD e", "MLSD /"):
        assert set(re.findall(r"type=dir;(modify=\d+;)", (await download(client, line)).decode())) == {fact}, line
    for line in ("LIST", "LIST -d d", "LIST d*", "LIST -t e", "LIST /"):
        shown = (await download(client, line)).decode().splitlines()
        assert {row[44:56] for row in shown} == {date}, line
    assert fact in (await client.do("MLST d")).lines[1]
    assert date in (await client.do("STAT e")).lines[1]
    long = (await download(client, "LIST -R /")).decode().splitlines()
    assert {row[44:56] for row in long if row.startswith("d")} == {date}


async def test_the_root_shows_when_the_server_began(world: World) -> None:
    client = await world.login()
    assert f"modify={fact_time(STARTED)};" in (await client.do("MLST /")).lines[1]
    assert list_time(STARTED, time.time()) in (await download(client, "LIST -d /")).decode()


async def test_facts_are_chosen(world: World) -> None:
    await put_at(world, "f", 981173106)
    client = await world.login()
    assert (await client.do("OPTS MLST Size;type;nonsense;UNIX.MODE;media-type;")).text == (
        "MLST OPTS type;size;UNIX.mode;media-type;"
    )
    assert await download(client, "MLSD /c") == (
        b"type=file;size=4;UNIX.mode=0644;media-type=application/octet-stream; f\r\n"
    )
    assert " MLST type*;size*;modify;perm;unique;UNIX.mode*;media-type*;create;" in (await client.do("FEAT")).lines
    assert (await client.do("OPTS MLST unique;")).code == 200
    unique = await download(client, "MLSD /c")
    assert re.fullmatch(rb"unique=[0-9a-f]{20}; f\r\n", unique)
    assert (await client.do("MLST /c/f")).lines[1].encode() == b" " + unique.strip().replace(b" f", b" /c/f")
    assert (await client.do("OPTS MLST")).text == "MLST OPTS "
    assert await download(client, "MLSD /c") == b" f\r\n"


@pytest.mark.parametrize(
    ("user", "file", "folder"),
    (("alice", "adfrw", "cdeflmp"), ("walter", "adfrw", "cdeflmp"), ("rita", "r", "el"), ("opal", "adfrw", "cdeflmp")),
)
async def test_perm_facts_follow_the_role(world: World, user: str, file: str, folder: str) -> None:
    await world.put("f")
    await world.put("d/x")
    client = await world.login(user)
    listing = (await download(client, "MLSD /c")).decode()
    assert f"perm={file}; f\r\n" in listing
    assert f"perm={folder}; d\r\n" in listing


async def test_status_of_a_path_comes_on_the_control_connection(world: World) -> None:
    await world.put("d/f")
    client = await world.login()
    answer = await client.do("STAT -l /c/d")
    assert (answer.code, answer.lines[0], len(answer.lines)) == (213, "213-Status of /c/d", 3)
    assert answer.lines[1].endswith(" f")


async def test_a_long_status_is_as_slow_as_its_client(world: World) -> None:
    for number in range(3000):
        await world.put(f"{number:04}" + "x" * 60, b"")
    client = await world.login()
    assert len((await client.do("STAT /c")).lines) == 3002


async def test_f15_many_entries_are_listed_once_each(world: World) -> None:
    expected = []
    for number in range(2100):
        await world.put(f"{number:05}" + ("/x" if number % 3 == 0 else ""), b"")
        expected.append(f"{number:05}")
    client = await world.login()
    assert (await download(client, "NLST /c")).decode().split() == expected
    assert list(parsed(await download(client, "LIST /c"))) == expected
    assert (await download(client, "MLSD /c")).count(b"\r\n") == 2100


async def test_names_can_not_forge_lines(world: World) -> None:
    await world.put("evil\r\n-rw-r--r-- 1 x x 0 Jan  1  1970 forged", b"")
    await world.put("bell\x07 \x1b[31m", b"")
    client = await world.login()
    assert (await download(client, "NLST /c")).endswith(b"\r\nevil??-rw-r--r-- 1 x x 0 Jan  1  1970 forged\r\n")
    assert await download(client, "RETR /c/bell\x07 \x1b[31m") == b""
    assert (await download(client, "LIST /c")).count(b"\r\n") == 2
    assert (await download(client, "MLSD /c")).count(b"\r\n") == 2
    assert len((await client.do("STAT /c")).lines) == 4


async def test_keys_that_no_path_leads_to_are_not_shown(world: World) -> None:
    for name in ("a//b", "/x", "a/", "a/c", "//"):
        await world.put(name, b"", DIRECTORY_TYPE)
    client = await world.login()
    assert await download(client, "NLST /c") == b"a\r\n"
    assert await download(client, "NLST /c/a") == b"c\r\n"


async def test_listings_without_a_data_connection_are_refused(world: World) -> None:
    client = await world.login()
    for line in ("LIST /c", "NLST /c", "MLSD /c"):
        assert await client.code(line) == 425, line
