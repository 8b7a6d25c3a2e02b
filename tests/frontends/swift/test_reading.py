"""Reading objects: ranges, conditions, objects of parts, reads that fail."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.parser import BytesParser
from email.policy import HTTP

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.conditions import ANY, SECOND, When
from gateway.core.errors import Corrupt
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key, Meta, Props, Put
from gateway.core.uploads import PartRef
from gateway.frontends.http.headers import http_date
from gateway.stores.memory import Memory
from tests.frontends.swift.world import DATA, World, md5, serving


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
        broken = world.seen[-1]
        assert (broken.status, broken.error) == (200, "Corrupt")
        assert broken.sent < len(DATA)
        assert (await world.do("HEAD", "box", "thing")).status == 200


async def test_who_asks_to_keep_the_connection_is_told_so(world: World) -> None:
    await world.container("box", "a")
    assert (await world.do("GET", "box", "a", Connection="keep-alive")).headers["Connection"] == "keep-alive"
    assert "Connection" not in (await world.do("GET", "box", "a")).headers


async def test_dates_are_compared_as_they_have_been_told(world: World) -> None:
    """Last-Modified is rounded up: what has changed since is not told unchanged for the rest of that second."""
    await world.container("box", "thing")
    moment = (await world.store.stat(Key("box", "thing"))).modified
    told = (await world.do("HEAD", "box", "thing")).headers["Last-Modified"]
    below = http_date(moment // SECOND * SECOND)
    for since, read, guarded in ((told, 304, 200), (below, 200, 412)):
        for method in ("GET", "HEAD"):
            assert (await world.do(method, "box", "thing", If_Modified_Since=since)).status == read
            assert (await world.do(method, "box", "thing", If_Unmodified_Since=since)).status == guarded
    copied = await world.do("COPY", "box", "thing", Destination="box/copy", If_Modified_Since=told)
    assert copied.status == 304
