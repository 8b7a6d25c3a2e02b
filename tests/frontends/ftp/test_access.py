"""Who may do what, and what others see of it."""

import pytest

from gateway.frontends.ftp.commands import COMMANDS, PathCommand
from tests.frontends.ftp.world import OTHER, Client, World, make_bucket

READS = (
    *("RETR /c/f", "SIZE /c/f", "MDTM /c/f", "MLST /c/f", "HASH /c/f", "XSHA256 /c/f"),
    *("CWD /c", "LIST /c", "NLST /c", "MLSD /c", "STAT /c"),
)
WRITES = (
    "STOR /c/new",
    "APPE /c/f",
    "STOU /c/u",
    "MKD /c/made",
    "DELE /c/gone",
    "RMD /c/empty",
    "RNFR /c/f",
    "MFMT 20010203040506 /c/f",
    "MFCT 20010203040506 /c/f",
    "MFF Modify=20010203040506; /c/f",
    "SITE UTIME 20010203040506 /c/f",
)
AHEAD = {
    **dict.fromkeys(("MFMT", "MFCT", "SITE UTIME"), "20010203040506 "),
    "MFF": "Modify=20010203040506; ",
}
"""What stands before the path."""

BUCKETS = ("MKD /made", "RMD /vacant", "RNFR /c")


@pytest.fixture(autouse=True)
async def tree(world: World) -> None:
    await world.put("f")
    await world.put("gone")
    await world.put("empty/", b"")
    await make_bucket(world.store, "vacant")
    await make_bucket(world.store, "foreign", OTHER)


async def code(client: Client, line: str) -> int:
    """The last code of a command, with a data connection at hand that ends at once."""
    with await client.passive():
        first = await client.code(line)
        if first != 150:
            return first
    return (await client.answer()).code


@pytest.mark.parametrize(
    ("user", "reads", "writes", "buckets"),
    (
        ("alice", True, True, True),
        ("opal", True, True, True),
        ("walter", True, True, False),
        ("rita", True, False, False),
        ("nina", False, False, False),
    ),
)
async def test_roles_allow_what_they_say_and_no_more(
    world: World, user: str, reads: bool, writes: bool, buckets: bool
) -> None:
    client = await world.login(user)
    for lines, allowed in ((READS, reads), (WRITES, writes), (BUCKETS, buckets)):
        for line in lines:
            assert (await code(client, line) < 400) is allowed, line
    assert await client.code("PWD") == 257


async def test_every_command_on_a_path_is_denied_to_who_has_no_rights(world: World) -> None:
    """Whatever is added to the table: dispatch asks before a handler is called."""
    before = await world.names()
    client = await world.login("nina")
    for verb, command in COMMANDS.items():
        if isinstance(command, PathCommand) and verb not in ("CDUP", "XCUP", "RNTO"):
            for path in ("/c/f", "/c/empty", "/c"):
                answer = await client.do(f"{verb} {AHEAD.get(verb, '')}{path}")
                assert (answer.code, answer.text[:13]) == (550, "Access denied"), (verb, path)
    await client.do("CWD /c")
    assert await client.code("CDUP") == 250
    assert await world.names() == before


async def test_foreign_buckets_are_closed_in_every_direction(world: World) -> None:
    client = await world.login("alice")
    for line in ("CWD /foreign", "STOR /foreign/x", "RETR /foreign/x", "LIST /foreign", "RMD /foreign", "MKD /foreign"):
        assert await code(client, line) == 550, line
    assert await client.code("RNFR /c/f") == 350
    assert await client.code("RNTO /foreign") == 550
    assert await client.code("RNFR /c/f") == 350
    assert await client.code("RNTO /foreign/f") == 550
    assert await client.code("RNFR /foreign") == 550
    assert await world.names("foreign") == []
    assert await world.names() == ["empty/", "f", "gone"]


async def test_a_writer_moves_files_into_buckets_but_makes_none(world: World) -> None:
    client = await world.login("walter")
    assert await client.code("RNFR /c/f") == 350
    assert await client.code("RNTO /vacant") == 250
    assert await world.names("vacant") == ["f"]
    assert await client.code("RNFR /vacant/f") == 350
    assert await client.code("RNTO /new") == 550


async def test_an_operator_works_in_every_account(world: World) -> None:
    client = await world.login("opal")
    assert await client.code("CWD /foreign") == 250
    assert await code(client, "STOR x") == 226
    assert await world.names("foreign") == ["x"]
