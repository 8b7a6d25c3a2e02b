"""Objects: writing, describing, removing."""

import asyncio

import pytest

from tests.frontends.swift.world import DATA, World, md5


async def test_the_life_of_an_object(world: World) -> None:
    await world.container()
    written = await world.do("PUT", "box", "a/b", body=b"hello", X_Object_Meta_Colour="Blue")
    assert (written.status, written.body, written.headers["Etag"]) == (201, b"", md5(b"hello"))
    read = await world.do("GET", "box", "a/b")
    assert (read.status, read.body, read.headers["Etag"]) == (200, b"hello", md5(b"hello"))
    assert read.headers["X-Object-Meta-Colour"] == "Blue"
    assert read.headers["Last-Modified"] == written.headers["Last-Modified"]
    assert read.headers["Accept-Ranges"] == "bytes"
    head = await world.do("HEAD", "box", "a/b")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "5")
    assert head.headers["X-Timestamp"] == read.headers["X-Timestamp"]
    assert (await world.do("DELETE", "box", "a/b")).status == 204
    for method in ("GET", "HEAD", "POST", "DELETE"):
        missing = await world.do(method, "box", "a/b")
        assert missing.status == 404
        assert missing.body == (b"" if method == "HEAD" else missing.body)
        assert (await world.do(method, "none", "a/b")).status == 404


@pytest.mark.parametrize("size", (0, 1, 65536, 65537, len(DATA)))
async def test_bytes_come_back_as_they_were(world: World, size: int) -> None:
    await world.container()
    await world.do("PUT", "box", "thing", body=DATA[:size])
    answer = await world.do("GET", "box", "thing")
    assert (answer.body, answer.headers["Content-Length"]) == (DATA[:size], str(size))
    assert answer.headers["X-Trans-Id"].startswith("tx")


@pytest.mark.parametrize(
    "name",
    ("a//b", "/a", "a/", "ü/日本語/\U0001f600", "100%", "a+b c", "a?b#c", "a;b=c", "...", "a\nb", "%2e%2e", "x" * 1024),
)
async def test_f41_names_of_objects(world: World, name: str) -> None:
    await world.container()
    assert (await world.do("PUT", "box", name, body=b"x")).status == 201
    assert (await world.do("GET", "box", name)).body == b"x"
    assert [row["name"] for row in (await world.do("GET", "box", query="format=json")).rows] == [name]
    assert (await world.do("DELETE", "box", name)).status == 204


async def test_a_name_that_is_too_long(world: World) -> None:
    await world.container()
    answer = await world.do("PUT", "box", "x" * 1025, body=b"x")
    assert (answer.status, answer.body) == (400, b"Object name length of 1025 longer than 1024")


async def test_a_body_in_chunks(world: World) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(
            b"PUT /v1/AUTH_test/box/thing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"X-Auth-Token: " + world.token("alice").encode() + b"\r\n\r\n3\r\nabc\r\n"
        )
        await asyncio.sleep(0)
        await wire.send(b"4\r\ndefg\r\n0\r\n\r\n")
        assert (await wire.answer()).status == 201
    assert (await world.do("GET", "box", "thing")).body == b"abcdefg"


async def test_o10_a_wrong_etag_stores_nothing(world: World) -> None:
    await world.container("box", "thing")
    for name in ("new", "thing"):
        for etag in (md5(b"other"), "nonsense", "0" * 33):
            answer = await world.do("PUT", "box", name, body=b"hello", Etag=etag)
            assert (answer.status, b"Unprocessable Entity" in answer.body) == (422, True)
    assert await world.contents() == {"box", "box/thing"}
    assert (await world.do("GET", "box", "thing")).body == b"thing"
    for etag in (md5(b"hello"), f'"{md5(b"hello")}"', md5(b"hello").upper()):
        assert (await world.do("PUT", "box", "new", body=b"hello", Etag=etag)).status == 201


@pytest.mark.parametrize(
    ("name", "headers", "expected"),
    (
        ("a.txt", {}, "text/plain"),
        ("a.wav", {}, "audio/x-wav"),
        ("a.tar.gz", {}, "application/x-tar"),
        ("a", {}, "application/octet-stream"),
        ("a.txt", {"Content-Type": "image/x"}, "image/x"),
        ("a.txt", {"Content-Type": "image/x", "X-Detect-Content-Type": "true"}, "text/plain"),
        ("a.txt", {"Content-Type": "image/x", "X-Detect-Content-Type": "no"}, "image/x"),
        ("a", {"Content-Type": "text/x; charset=é"}, "text/x; charset=é"),
    ),
)
async def test_types_are_stated_or_detected(world: World, name: str, headers: dict[str, str], expected: str) -> None:
    await world.container()
    await world.do("PUT", "box", name, body=b"", headers=headers)
    assert (await world.do("HEAD", "box", name)).headers["Content-Type"] == expected
    assert (await world.do("GET", "box", query="format=json")).rows[0]["content_type"] == expected


async def test_a_type_with_swifts_own_parameters_is_refused(world: World) -> None:
    await world.container()
    assert (await world.do("PUT", "box", "a", body=b"", Content_Type="a/b; swift_bytes=9")).status == 400


KEPT = {
    "Content-Encoding": "gzip",
    "Content-Disposition": 'attachment; filename="x"',
    "Cache-Control": "max-age=1",
    "Content-Language": "de",
    "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
    "X-Robots-Tag": "noindex",
}


async def test_a_post_replaces_metadata_and_nothing_else(world: World) -> None:
    await world.container()
    sent = {**KEPT, "X-Object-Meta-One": "1", "X-Object-Meta-Two": "2", "Content-Type": "text/x"}
    await world.do("PUT", "box", "thing", body=b"hello", headers=sent)
    before = (await world.do("HEAD", "box", "thing")).headers
    assert {name: before[name] for name in sent} == sent
    posted = await world.do("POST", "box", "thing", X_Object_Meta_Two="zwei", Content_Disposition="inline")
    assert (posted.status, b"accepted for processing" in posted.body) == (202, True)
    after = await world.do("GET", "box", "thing")
    assert after.body == b"hello"
    assert after.headers["Content-Type"] == "text/x"
    assert after.headers["X-Object-Meta-Two"] == "zwei"
    assert after.headers["Content-Disposition"] == "inline"
    gone = (set(sent) | {"X-Object-Meta-One"}) - {"Content-Type", "X-Object-Meta-Two", "Content-Disposition"}
    assert not gone & set(after.headers)
    assert after.headers["Etag"] == before["Etag"]
    assert float(after.headers["X-Timestamp"]) > float(before["X-Timestamp"])
    await world.do("POST", "box", "thing", Content_Type="image/y")
    row = (await world.do("GET", "box", query="format=json")).rows[0]
    assert (row["content_type"], row["bytes"]) == ("image/y", 5)


async def test_metadata_over_the_limits_stores_nothing(world: World) -> None:
    await world.container("box", "thing")
    for headers in (
        {f"X-Object-Meta-N{number}": "v" for number in range(91)},
        {"X-Object-Meta-A": "v" * 257},
        {"X-Object-Meta-" + "n" * 129: "v"},
        {"X-Object-Meta-": "v"},
        {"X-Other": "v" * 8193},
        {f"X-Object-Meta-N{number}": "v" * 250 for number in range(17)},
    ):
        for method, name in (("PUT", "new"), ("POST", "thing"), ("COPY", "thing")):
            answer = await world.do(method, "box", name, headers={**headers, "Destination": "box/new"})
            assert (answer.status, method) == (400, method)
    assert await world.contents() == {"box", "box/thing"}


async def test_metadata_in_any_encoding(world: World) -> None:
    await world.container()
    async with world.wire() as wire:
        await wire.send(
            b"PUT /v1/AUTH_test/box/thing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nX-Object-Meta-A: caf\xe9\r\n"
            b"X-Object-Meta-B: caf\xc3\xa9\r\nContent-Disposition: caf\xe9\r\nX-Auth-Token: "
            + world.token("alice").encode()
            + b"\r\n\r\n"
        )
        assert (await wire.answer()).status == 201
    headers = (await world.do("HEAD", "box", "thing")).headers
    assert headers["X-Object-Meta-A"] == headers["X-Object-Meta-B"] == headers["Content-Disposition"] == "café"


async def test_conditional_writes(world: World) -> None:
    await world.container("box", "thing")
    assert (await world.do("PUT", "box", "thing", body=b"2", If_None_Match="*")).status == 412
    assert (await world.do("PUT", "box", "new", body=b"2", If_None_Match="*")).status == 201
    odd = await world.do("PUT", "box", "new", body=b"3", If_None_Match="tag")
    assert (odd.status, odd.body) == (400, b"If-None-Match only supports *")
    assert (await world.do("PUT", "box", "thing", body=b"4", If_Match=md5(b"other"))).status == 412
    assert (await world.do("PUT", "box", "thing", body=b"5", If_Match=md5(b"thing"))).status == 201
    assert (await world.do("DELETE", "box", "thing", If_Match=md5(b"other"))).status == 412
    assert (await world.do("GET", "box", "thing")).body == b"5"


async def test_one_of_many_creators_wins(world: World) -> None:
    await world.container()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(world.do("PUT", "box", "one", body=b"%d" % number, If_None_Match="*"))
            for number in range(16)
        ]
    assert sorted(task.result().status for task in tasks) == [201] + [412] * 15


async def test_o09_containers_are_not_made_by_the_way(world: World) -> None:
    assert (await world.do("PUT", "none", "a/b", body=b"x")).status == 404
    assert "none" not in await world.contents()
