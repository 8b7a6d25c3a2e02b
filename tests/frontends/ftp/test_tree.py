"""Directories, names, removals and renames, seen by a client."""

import hashlib
import zlib

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import SECOND
from gateway.core.types import DIRECTORY_TYPE, Key, Put
from gateway.core.uploads import PartRef
from tests.frontends.ftp.world import Client, World, download, make_bucket, upload
from tests.unit.ftp.reference import REFUSALS

ODD = (
    "é",
    "e\u0301",
    "日本語",
    "\U0001f600",
    "a b",
    "-l",
    "100%",
    "#?;",
    "back\\slash",
    "'\"",
    "~",
    " lead",
    "trail ",
    "..x",
)

STORES = ("memory", "catalog")


async def rename(client: Client, source: str, target: str) -> int:
    first = await client.code(f"RNFR {source}")
    return await client.code(f"RNTO {target}") if first == 350 else first


async def test_f01_paths_map_to_buckets_and_keys(world: World) -> None:
    client = await world.login()
    assert (await upload(client, "STOR /c/a/b", b"x")).code == 226
    assert await world.names() == ["a/b"]
    await client.do("CWD c/a")
    assert (await upload(client, "STOR ../a/./d", b"y")).code == 226
    assert await world.names() == ["a/b", "a/d"]


@pytest.mark.parametrize("path", ("/x", "/c", "/", "/c/..", "/c/d", "/c/d/", "/no/x", "/c/f/x", "/c/older"))
@pytest.mark.parametrize("verb", ("STOR", "APPE"))
async def test_f02_files_need_a_key(world: World, verb: str, path: str) -> None:
    await world.put("f")
    await world.put("d/x")
    await world.put("older", b"", DIRECTORY_TYPE)
    client = await world.login()
    assert (await upload(client, f"{verb} {path}", b"data")).code == 550
    assert await world.names() == ["d/x", "f", "older"]


async def test_directories_are_entered_and_left(world: World) -> None:
    await world.put("d/e/f")
    client = await world.login()
    for line, directory in (
        ("CWD c", "/c"),
        ("CWD d/e", "/c/d/e"),
        ("CDUP", "/c/d"),
        ("XCUP", "/c"),
        ("XCWD /c/d/", "/c/d"),
        ("CWD ../../..", "/"),
        ("CDUP", "/"),
        ("CWD", "/"),
    ):
        assert await client.code(line) == 250, line
        assert (await client.do("XPWD")).text.startswith(f'"{directory}"')
    for path in ("/no", "/c/no", "/c/d/e/f", "/c/d/e/f/.."):
        assert await client.code(f"CWD {path}") == (250 if path.endswith("..") else 550)


async def test_quotes_in_directories_are_doubled(world: World) -> None:
    client = await world.login()
    answer = await client.do('MKD /c/say "hi"')
    assert (answer.code, answer.text) == (257, '"/c/say ""hi""" created')
    await client.do('CWD /c/say "hi"')
    assert (await client.do("PWD")).text.startswith('"/c/say ""hi"""')
    assert await client.code('RMD /c/say "hi"') == 250


async def test_directories_are_made_and_removed(world: World) -> None:
    client = await world.login()
    assert await client.code("MKD /c/d") == 257
    assert await client.code("XMKD /c/d/e") == 257
    assert await world.names() == ["d/", "d/e/"]
    assert await client.code("XRMD /c/d/e") == 250
    assert await client.code("RMD /c/d") == 250
    assert await world.names() == []
    assert await client.code("MKD /new") == 257
    assert (await world.store.stat_bucket("new")).owner == "acc-test"
    assert await client.code("RMD /new") == 250


async def test_f33_a_directory_is_not_made_onto_anything(world: World) -> None:
    await world.put("f", b"whole")
    await world.put("d/x")
    client = await world.login()
    for path in ("/c/f", "/c/d", "/c", "/", "/c/no/x", "/no/x", "/c/f/x"):
        assert await client.code(f"MKD {path}") == 550, path
    assert await world.get("f") == b"whole"
    assert await world.names() == ["d/x", "f"]


async def test_f34_only_empty_directories_are_removed(world: World) -> None:
    await world.put("f")
    await world.put("d/x")
    await world.put("empty/", b"", DIRECTORY_TYPE)
    client = await world.login()
    for path in ("/c/d", "/c/f", "/c/no", "/c", "/no", "/"):
        assert await client.code(f"RMD {path}") == 550, path
    assert await client.code("RMD /c/empty") == 250
    assert await world.names() == ["d/x", "f"]


async def test_f35_only_files_are_deleted(world: World) -> None:
    await world.put("f")
    await world.put("d/x")
    client = await world.login()
    for path in ("/c", "/c/d", "/", "/c/no", "/no/x"):
        assert await client.code(f"DELE {path}") == 550, path
    assert await client.code("DELE /c/f") == 250
    assert await client.code("DELE /c/f") == 550
    assert await world.names() == ["d/x"]


async def test_an_explicit_directory_stays_when_its_last_file_goes(world: World) -> None:
    client = await world.login()
    await client.do("MKD /c/d")
    await upload(client, "STOR /c/d/f", b"x")
    await upload(client, "STOR /c/i/f", b"x")
    assert await client.code("DELE /c/d/f") == 250
    assert await client.code("DELE /c/i/f") == 250
    assert await client.code("CWD /c/d") == 250
    assert await client.code("CWD /c/i") == 550


async def test_a_file_beside_a_directory_of_its_name_stays_reachable(world: World) -> None:
    await world.put("a", b"file")
    await world.put("a/b", b"below")
    client = await world.login()
    assert await download(client, "NLST /c") == b"a\r\n"
    assert await client.code("CWD /c/a") == 250
    assert await download(client, "RETR /c/a") == b"file"
    assert (await client.do("SIZE /c/a")).text == "4"
    assert (await upload(client, "STOR /c/a", b"newer")).code == 226
    assert await client.code("DELE /c/a") == 250
    assert await world.names() == ["a/b"]


async def test_f36_the_rules_of_renames(world: World) -> None:
    for name in ("f", "g", "d/x", "e/y", "h/d/z"):
        await world.put(name, name.encode())
    await make_bucket(world.store, "other")
    client = await world.login()
    for source, target in (
        ("/c/d", "/c/f"),
        ("/c/d", "/"),
        ("/c/f", "/"),
        ("/", "/c/x"),
        ("/c/f", "/x"),
        ("/c/f", "/c/no/x"),
        ("/c/f", "/no/x"),
        ("/c/f", "/c/g/x"),
        ("/c/no", "/c/x"),
        ("/c/d", "/c/d/x"),
        ("/c/d", "/c/h"),
        ("/c", "/other"),
        ("/c", "/other/x"),
    ):
        assert await rename(client, source, target) == 550, (source, target)
    assert await world.names() == ["d/x", "e/y", "f", "g", "h/d/z"]
    for source, target in (("/c/f", "/c/f"), ("/c/d", "/c/d"), ("/c/f", "/c/d"), ("/c/g", "/c/d/f"), ("/c/d", "/c/e")):
        assert await rename(client, source, target) == 250, (source, target)
    assert await world.names() == ["e/d/f", "e/d/x", "e/y", "h/d/z"]
    assert await world.get("e/d/f") == b"g"
    assert await rename(client, "/c/e/y", "/other") == 250
    assert await world.names("other") == ["y"]


async def test_f37_a_directory_that_is_not_empty_moves_whole(world: World) -> None:
    names = [f"d/{number:03}/x" for number in range(150)]
    for name in [*names, "d/", "dd"]:
        await world.put(name, name.encode())
    client = await world.login()
    assert await rename(client, "/c/d", "/c/n") == 250
    assert await world.names() == ["dd", "n/", *("n" + name[1:] for name in names)]
    assert await world.get("n/007/x") == b"d/007/x"


async def test_f38_buckets_are_renamed(world: World) -> None:
    await world.put("f")
    client = await world.login()
    assert await rename(client, "/c", "/renamed") == 250
    assert await world.names("renamed") == ["f"]
    assert (await world.store.stat_bucket("renamed")).owner == "acc-test"


async def test_rnto_needs_rnfr_right_before_it(world: World) -> None:
    await world.put("f")
    client = await world.login()
    assert await client.code("RNTO /c/g") == 503
    assert await client.code("RNFR /c/f") == 350
    assert await client.code("NOOP") == 200
    assert await client.code("RNTO /c/g") == 250
    assert await client.code("RNTO /c/h") == 503
    assert await client.code("RNFR /c/g") == 350
    assert await client.code("PWD") == 257
    assert await client.code("RNTO /c/h") == 503
    assert await client.code("RNFR /c/no") == 550
    assert await client.code("RNTO /c/h") == 503
    assert await world.names() == ["g"]


@pytest.mark.parametrize("name", ODD)
async def test_f41_names_of_every_script_are_the_same_everywhere(world: World, name: str) -> None:
    client = await world.login()
    await client.do("CWD /c")
    assert (await upload(client, f"STOR {name}", name.encode())).code == 226
    assert await world.names() == [name]
    assert (await download(client, "NLST")).decode() == name + "\r\n"
    assert (await download(client, "MLSD")).decode().endswith(f"; {name}\r\n")
    assert (await client.do(f"SIZE {name}")).text == str(len(name.encode()))
    assert await download(client, f"RETR {name}") == name.encode()
    assert await rename(client, name, "plain") == 250
    assert await rename(client, "plain", name) == 250
    assert await client.code(f"DELE {name}") == 250


@pytest.mark.parametrize("verb", ("STOR", "RETR", "MKD", "CWD", "DELE", "SIZE", "LIST", "RNFR"))
async def test_f41_names_that_are_no_utf8_are_refused(world: World, verb: str) -> None:
    client = await world.login()
    await client.do("CWD /c")
    await client.do("PASV")
    assert await client.code(verb.encode() + b" caf\xe9\r\n") == 501
    assert await client.code("NOOP") == 200
    assert await world.names() == []


async def test_f40_what_is_not_supported_is_refused_politely(world: World) -> None:
    client = await world.login()
    for line in (
        "SITE CHMOD 644 /c",
        "SITE UMASK 022",
        "SITE EXEC ls",
        "SITE POLICY gold",
        "SITE",
        "AUTH TLS",
        "PBSZ 0",
        "LANG fr",
        "SMNT /",
    ):
        assert 500 <= await client.code(line) < 600, line
    for line in ("XYZZY", "stor\x01", "é", "RETR2D2RETR2D2RETR"):
        assert await client.code(line) == 500, line
    assert await client.code("SITE HELP") == 214
    assert await client.code("NOOP") == 200


async def test_f40_what_the_page_of_commands_says_is_refused_is_refused(world: World) -> None:
    client = await world.login()
    expected = {line: each.code for each in REFUSALS for line in each.lines}
    assert {line: await client.code(line) for line in expected} == expected


async def test_facts_of_a_file(world: World) -> None:
    await world.put("f", b"data")
    await world.put("d/x")
    client = await world.login()
    assert await client.code("MFMT 20010203040506 /c/f") == 213
    assert (await world.store.stat(Key("c", "f"))).modified == 981173106 * SECOND
    assert (await client.do("MDTM /c/f")).text == "20010203040506"
    assert (await client.do("SIZE /c/f")).text == "4"
    for verb in ("SIZE", "MDTM", "HASH", "MD5", "XMD5", "XCRC", "XSHA256", "MFMT 20010203040506", "RETR"):
        for path in ("/c/d", "/c", "/", "/c/no", "/no/x"):
            await client.do("PASV")
            assert await client.code(f"{verb} {path}") == 550, (verb, path)
        if verb != "MFMT 20010203040506":
            assert await client.code(verb) == 501
    assert await client.code("MFMT 20010203040506") == 501
    for text in ("2001", "20011340000000", "19690101000000", "x"):
        assert await client.code(f"MFMT {text} /c/f") == 501, text


async def test_f39_digests_are_the_stored_etag(world: World) -> None:
    await world.put("f", b"data")
    etag = (await world.store.stat(Key("c", "f"))).etag
    client = await world.login()
    assert (await client.do("HASH /c/f")).lines == (f"213 MD5 0-4 {etag} /c/f",)
    assert (await client.do("MD5 /c/f")).lines == (f'251 "/c/f" {etag.upper()}',)
    assert (await client.do("XMD5 /c/f")).lines == (f"250 {etag}",)


async def test_f39_digests_that_are_not_kept_are_made_from_the_file(world: World) -> None:
    multipart = find(world.store, Multipart)
    assert multipart is not None
    key, data = Key("c", "f"), b"data" * 50_000
    upload_id = (await multipart.create_upload(key, Put())).id
    part = await multipart.put_part(key, upload_id, 1, BytesBody(data))
    await multipart.complete_upload(key, upload_id, [PartRef(1, part.etag)])
    client = await world.login()
    expected = {
        "CRC32": f"{zlib.crc32(data):08x}",
        "MD5": hashlib.md5(data).hexdigest(),
        "SHA-1": hashlib.sha1(data).hexdigest(),
        "SHA-256": hashlib.sha256(data).hexdigest(),
        "SHA-512": hashlib.sha512(data).hexdigest(),
    }
    for name, digest in expected.items():
        assert (await client.do(f"OPTS HASH {name.lower()}")).text == name
        assert (await client.do("OPTS HASH")).text == name
        assert (await client.do("HASH /c/f")).text == f"{name} 0-200000 {digest} /c/f"
        assert f"{name}*" in next(line for line in (await client.do("FEAT")).lines if "HASH" in line)
    assert await client.code("OPTS HASH WHIRLPOOL") == 504
    old = {
        "XCRC": "CRC32",
        "XMD5": "MD5",
        "XSHA": "SHA-1",
        "XSHA1": "SHA-1",
        "XSHA256": "SHA-256",
        "XSHA512": "SHA-512",
    }
    for verb, name in old.items():
        assert (await client.do(f"{verb} /c/f")).lines == (f"250 {expected[name]}",)


async def test_what_other_servers_ask_for_is_answered(world: World) -> None:
    client = await world.connect()
    codes = {"HOST": 501, "HOST ftp.example": 220, "HOST [::1]": 220, "ACCT": 501, "ACCT x": 202, "LANG": 200}
    assert {line: await client.code(line) for line in codes} == codes
    client = await world.login()
    codes = {"HOST ftp.example": 503, "LANG en-GB": 200, "LANG fr": 504, "CWD /c": 250}
    assert {line: await client.code(line) for line in codes} == codes
    assert [await client.code("REIN"), await client.code("PWD"), await client.code("USER alice")] == [220, 530, 331]
    assert await client.code("PASS alice-secret") == 230
    assert (await client.do("PWD")).text.startswith('"/"')


async def test_mutations_tell_what_they_did(world: World) -> None:
    client = await world.login()
    await client.do("MKD /c/d")
    await client.do("RMD /c/no")
    await client.do("PWD")
    await rename(client, "/c/d", "/c/e")
    assert [(e.operation, e.status, e.bucket, e.key, e.error) for e in world.events] == [
        ("MKD", 257, "c", "d", ""),
        ("RMD", 550, "c", "no", "NoSuchKey"),
        ("RNTO", 250, "c", "e", ""),
    ]
