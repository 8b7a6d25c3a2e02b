"""Objects: writing, reading, describing, removing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from gateway.core.body import BytesBody
from gateway.core.conditions import ANY, When
from gateway.core.errors import Corrupt
from gateway.core.ranges import Span
from gateway.core.store import Multipart, Reader, Store, find
from gateway.core.types import Key, Meta, PartRef, Props, Put
from gateway.stores.memory import Memory
from tests.frontends.swift.world import World, md5, serving

DATA = bytes(range(256)) * 1024
"""More than what is sent in one write."""


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
    assert (await world.do("PUT", "none", "a/b", body=b"x")).status == 404


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


async def test_o19_ranges(world: World) -> None:
    await world.container()
    await world.do("PUT", "box", "thing", body=DATA)
    size = len(DATA)
    for asked, start, stop in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-99999", 5, 100_000),
        ("bytes=-7", size - 7, size),
        (f"bytes=-{size + 9}", 0, size),
        (f"bytes={size - 1}-", size - 1, size),
        (f"bytes=10-{size + 9}", 10, size),
        ("BYTES = 0 - 9", 0, 10),
    ):
        answer = await world.do("GET", "box", "thing", Range=asked)
        assert (answer.status, answer.body) == (206, DATA[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.headers["Etag"] == md5(DATA)
    for ignored in ("bytes=9-5", "bytes=", "bytes=x-y", "parsecs=0-1", "0-4"):
        assert (await world.do("GET", "box", "thing", Range=ignored)).status == 200
    for beyond in (f"bytes={size}-", "bytes=-0", f"bytes={size}-,{size + 5}-"):
        answer = await world.do("GET", "box", "thing", Range=beyond)
        assert (answer.status, answer.headers["Content-Range"]) == (416, f"bytes */{size}")
        assert (answer.headers["Etag"], answer.headers["Accept-Ranges"]) == (md5(DATA), "bytes")
    assert (await world.do("HEAD", "box", "thing", Range="bytes=0-5")).headers["Content-Length"] == str(size)


async def test_the_end_of_an_empty_object_is_empty(world: World) -> None:
    await world.container()
    await world.do("PUT", "box", "none", body=b"")
    assert (await world.do("GET", "box", "none", Range="bytes=-5")).status == 200
    assert (await world.do("GET", "box", "none", Range="bytes=0-")).status == 416


async def test_several_ranges(world: World) -> None:
    await world.container()
    await world.do("PUT", "box", "thing", body=DATA, Content_Type="text/x")
    answer = await world.do("GET", "box", "thing", Range="bytes=0-9,100000-100004,-3,999999999-")
    assert answer.status == 206
    assert "Content-Range" not in answer.headers
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + answer.body
    )
    parts = [
        (part["Content-Range"], part["Content-Type"], part.get_payload(decode=True)) for part in message.iter_parts()
    ]
    size = len(DATA)
    assert parts == [
        (f"bytes 0-9/{size}", "text/x", DATA[:10]),
        (f"bytes 100000-100004/{size}", "text/x", DATA[100000:100005]),
        (f"bytes {size - 3}-{size - 1}/{size}", "text/x", DATA[-3:]),
    ]
    thousands = ",".join(f"{number}-{number}" for number in range(1000))
    assert (await world.do("GET", "box", "thing", Range=f"bytes={thousands}")).status == 200


OLD, NEW = "Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"


@pytest.mark.parametrize("method", ("GET", "HEAD"))
@pytest.mark.parametrize(
    ("headers", "status"),
    (
        ({"If-Match": "TAG"}, 200),
        ({"If-Match": '"TAG"'}, 200),
        ({"If-Match": '"x", "TAG"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": "x"}, 412),
        ({"If-None-Match": "x"}, 200),
        ({"If-None-Match": "TAG"}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-Modified-Since": OLD}, 200),
        ({"If-Modified-Since": NEW}, 304),
        ({"If-Modified-Since": "nonsense"}, 200),
        ({"If-Unmodified-Since": OLD}, 412),
        ({"If-Unmodified-Since": NEW}, 200),
        ({"If-Match": "TAG", "If-Unmodified-Since": OLD}, 412),
        ({"If-Match": "TAG", "If-Unmodified-Since": NEW}, 200),
        ({"If-None-Match": "x", "If-Modified-Since": NEW}, 304),
        ({"X-Newest": "true"}, 200),
    ),
)
async def test_conditional_reads(world: World, method: str, headers: dict[str, str], status: int) -> None:
    await world.container("box", "thing")
    tag = md5(b"thing")
    answer = await world.do(
        method, "box", "thing", headers={name: value.replace("TAG", tag) for name, value in headers.items()}
    )
    assert answer.status == status
    assert answer.headers["Etag"] == tag
    assert answer.headers["Last-Modified"]
    assert (answer.body == b"thing") == (status == 200 and method == "GET")


async def test_the_date_that_a_client_was_given_holds(world: World) -> None:
    await world.container("box", "thing")
    date = (await world.do("HEAD", "box", "thing")).headers["Last-Modified"]
    assert (await world.do("GET", "box", "thing", If_Modified_Since=date)).status == 304
    assert (await world.do("GET", "box", "thing", If_Unmodified_Since=date)).status == 200


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


@pytest.mark.parametrize(
    ("method", "headers", "query"),
    (
        ("PUT", {"X-Delete-At": "9999999999"}, ""),
        ("POST", {"X-Delete-After": "60"}, ""),
        ("PUT", {"X-Object-Manifest": "box/seg"}, ""),
        ("PUT", {"X-Symlink-Target": "box/other"}, ""),
        ("PUT", {}, "multipart-manifest=put"),
        ("DELETE", {}, "multipart-manifest=delete"),
        ("DELETE", {}, "version-id=1"),
        ("GET", {}, "version-id=1"),
        ("DELETE", {"X-If-Delete-At": "1"}, ""),
    ),
)
async def test_what_is_missing_is_refused_not_ignored(
    world: World, method: str, headers: dict[str, str], query: str
) -> None:
    await world.container("box", "thing")
    answer = await world.do(method, "box", "thing", headers=headers, query=query)
    assert (answer.status, b"not supported" in answer.body) == (501, True)
    assert (await world.do("GET", "box", "thing")).body == b"thing"


async def test_times_to_vanish_are_checked_before_they_are_refused(world: World) -> None:
    await world.container("box", "thing")
    for method in ("PUT", "POST", "COPY"):
        answer = await world.do(method, "box", "thing", X_Delete_At="1", Destination="box/copy", Content_Length="0")
        assert (answer.status, answer.body) == (400, b"X-Delete-At in past")
    answer = await world.do("DELETE", "box", "thing", X_If_Delete_At="bad")
    assert (answer.status, answer.body) == (400, b"Bad X-If-Delete-At header value")
    assert await world.contents() == {"box", "box/thing"}


async def test_versions_of_the_old_kind_are_switched_off(world: World) -> None:
    for name in ("X-Versions-Location", "X-History-Location"):
        answer = await world.do("PUT", "box", headers={name: "other"})
        assert (answer.status, answer.body) == (412, b"Versioned Writes is disabled")
    assert await world.contents() == set()


@pytest.mark.parametrize(
    ("method", "path", "headers", "query"),
    (
        ("PUT", ("box",), {"X-Container-Read": ".r:*"}, ""),
        ("POST", ("box",), {"X-Container-Write": "a:b"}, ""),
        ("POST", ("box",), {"X-Versions-Enabled": "true"}, ""),
        ("GET", ("box",), {}, "versions"),
        ("PUT", ("box",), {}, "extract-archive=tar"),
        ("POST", (), {"X-Account-Access-Control": "{}"}, ""),
        ("POST", (), {}, "bulk-delete"),
    ),
)
async def test_what_containers_and_accounts_miss_is_refused(
    world: World, method: str, path: tuple[str, ...], headers: dict[str, str], query: str
) -> None:
    await world.container()
    assert (await world.do(method, *path, headers=headers, query=query)).status == 501
    assert (await world.do(method, *path, headers=dict.fromkeys(headers, ""))).status in {200, 202, 204}


async def composite(world: World, name: str = "big") -> Meta:
    """An object as S3's multipart upload makes it."""
    multipart = find(world.store, Multipart)
    assert multipart is not None
    key = Key("box", name)
    upload = await multipart.create_upload(key, Put(props=Props(content_type="text/x")))
    parts = [await multipart.put_part(key, upload.id, number, BytesBody(b"part")) for number in (1, 2)]
    return await multipart.complete_upload(key, upload.id, [PartRef(part.number, part.etag) for part in parts])


async def test_an_object_of_parts_does_not_pass_its_etag_for_an_md5(world: World) -> None:
    await world.container()
    meta = await composite(world)
    for method in ("GET", "HEAD"):
        answer = await world.do(method, "box", "big")
        assert answer.headers["Etag"] == f'"{meta.etag}"'
        assert answer.headers["X-Static-Large-Object"] == "False"
        assert answer.headers["Content-Length"] == "8"
    assert (await world.do("GET", "box", "big")).body == b"partpart"
    assert (await world.do("GET", "box", "big", If_None_Match=f'"{meta.etag}"')).status == 304
    assert (await world.do("GET", "box", query="format=json")).rows[0]["hash"] == meta.etag
    assert "X-Static-Large-Object" not in (await world.do("PUT", "box", "plain", body=b"x")).headers


async def test_an_object_of_parts_has_no_segments_to_touch(world: World) -> None:
    await world.container("box", "plain")
    await composite(world)
    answer = await world.do("GET", "box", "big", query="multipart-manifest=get")
    assert json.loads(answer.body) == []
    assert answer.headers["X-Static-Large-Object"] == "True"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    compared = await world.do("GET", "box", "big", query="multipart-manifest=get", If_None_Match=md5(b""))
    assert (compared.body, compared.headers["X-Static-Large-Object"]) == (b"partpart", "False")
    plain = await world.do("GET", "box", "plain", query="multipart-manifest=get")
    assert (plain.body, "X-Static-Large-Object" in plain.headers) == (b"plain", False)


class Failing(Memory):
    """A store whose reads fail when half of the bytes have gone."""

    @asynccontextmanager
    async def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AsyncIterator[Reader]:
        async with super().open(key, span=span, version=version, when=when) as reader:
            yield HalfReader(reader)


class HalfReader(Reader):
    def __init__(self, inner: Reader) -> None:
        self.meta, self.extent = inner.meta, inner.extent

    async def chunks(self) -> AsyncIterator[bytes]:
        yield DATA[: len(self.extent) // 2]
        raise Corrupt


async def test_a_read_that_fails_on_its_way_breaks_the_connection(far: Store) -> None:
    async with serving(Failing(), far) as world:
        await world.container()
        await world.do("PUT", "box", "thing", body=DATA)
        async with world.wire() as wire:
            token = world.token("alice")
            await wire.send(
                f"GET /v1/AUTH_test/box/thing HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n".encode()
            )
            head = await wire.reader.readuntil(b"\r\n\r\n")
            assert f"Content-Length: {len(DATA)}\r\n".encode() in head
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await wire.reader.readexactly(len(DATA))
        assert (world.seen[-1].status, world.seen[-1].error) == (200, "Corrupt")
        assert (await world.do("HEAD", "box", "thing")).status == 200
