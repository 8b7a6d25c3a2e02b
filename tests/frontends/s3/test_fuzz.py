"""Requests that nobody has thought of: each is answered in S3's words or its connection closed, never by a fault."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.auth.errors import AuthError
from gateway.frontends.s3.address import address_of, query_of, split
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import load
from gateway.frontends.s3.route import Router
from gateway.stores.memory import Memory
from tests.frontends.s3.plain import MODEL, PATHS
from tests.frontends.s3.world import Request, World, serving
from tests.unit.s3.documents import DOCUMENTS, damaged, written

WORLD = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
SILENCE = 0.2
"""Seconds after which a server has nothing more to say."""
STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3}) ", re.MULTILINE)

METHODS = st.sampled_from(("GET", "HEAD", "PUT", "POST", "DELETE"))
KEYS = st.sampled_from(
    sorted({key for one in MODEL.values() for key in (*one.query, *one.required_query)} | {"versionId", "max-keys"})
)
HEADERS = st.sampled_from(
    (
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "Range",
        "Expect",
        "Content-Type",
        "Content-MD5",
        "Content-Encoding",
        "Origin",
        "x-amz-acl",
        "x-amz-checksum-crc32",
        "x-amz-checksum-type",
        "x-amz-copy-source",
        "x-amz-copy-source-range",
        "x-amz-decoded-content-length",
        "x-amz-grant-read",
        "x-amz-metadata-directive",
        "x-amz-object-attributes",
        "x-amz-object-lock-retain-until-date",
        "x-amz-rename-source",
        "x-amz-tagging",
        "x-amz-trailer",
    )
)
WORDS = st.sampled_from(
    (
        "",
        "0",
        "1",
        "-1",
        "*",
        '"',
        "bytes=0-",
        "bytes=9-1",
        "bucket/key",
        "/",
        "private",
        "id=x",
        "a=1",
        "CRC32",
        "\xff",
    )
)
VALUES = st.one_of(WORDS, st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12))
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.builds(
        damaged,
        st.sampled_from([written(operation) for operation in DOCUMENTS]),
        st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=9)), max_size=2),
    ),
)
QUERIES = st.dictionaries(KEYS, VALUES, max_size=2).map(
    lambda pairs: "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs.items())
)


@asynccontextmanager
async def world_of_one() -> AsyncIterator[World]:
    store = Memory()
    await store.start()
    async with serving(store, stall_timeout=0.5) as world:
        assert (await world.do("PUT", "/bucket")).status == 200
        assert (await world.do("PUT", "/bucket/key", b"hello")).status == 200
        yield world
    await store.aclose()


@WORLD
@given(METHODS, st.sampled_from(sorted(PATHS.values())), QUERIES, st.dictionaries(HEADERS, VALUES, max_size=3), BODIES)
async def test_whoever_may_do_everything_meets_no_fault(
    caplog: pytest.LogCaptureFixture, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    """Whatever is asked for by an operator with a sound signature."""
    stated = {name: value.strip() for name, value in headers.items()}
    request = Request(method, f"{path}?{query}" if query else path, body, stated).sign("opal")
    request.headers = {"Content-Length": str(len(body)), **request.headers, "Connection": "close"}
    async with world_of_one() as world:
        status = await exchanged(world, request.head() + body)
        assert status, "the connection was closed without an answer"
        assert all(code < 500 or code == 501 for code in status)
        assert (await world.do("GET", "/")).status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


LINES = st.one_of(
    st.binary(max_size=30).map(lambda data: data + b"\r\n"),
    st.sampled_from(
        (
            b"PUT /bucket/new HTTP/1.1\r\n",
            b"GET / HTTP/1.1\r\n",
            b"POST /bucket?delete HTTP/1.1\r\n",
            b"Host: x\r\n",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Authorization: AWS4-HMAC-SHA256 Credential=ALICE/20260101/us-east-1/s3/aws4_request\r\n",
            b"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n",
            b"Upgrade: h2c\r\n",
            b" folded\r\n",
            b"\r\n",
            b"0\r\n",
            b"\0",
        )
    ),
)


@WORLD
@given(st.lists(LINES, max_size=12))
async def test_any_bytes_store_nothing_and_meet_no_fault(caplog: pytest.LogCaptureFixture, lines: list[bytes]) -> None:
    async with world_of_one() as world:
        assert all(code < 500 or code == 501 for code in await exchanged(world, b"".join(lines)))
        assert await world.contents() == {"bucket", "bucket/key"}
        assert (await world.do("GET", "/")).status == 200
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def exchanged(world: World, data: bytes) -> list[int]:
    """The codes of all that is answered to some bytes, until the server closes or waits for more."""
    answered = bytearray()
    async with world.connect() as (reader, writer):
        writer.write(data)
        with suppress(TimeoutError, ConnectionResetError):
            while block := await asyncio.wait_for(reader.read(65536), SILENCE):
                answered += block
    return [int(code) for code in STATUS.findall(answered)]


ROUTER = Router(load())


@given(st.text(max_size=60), st.text(max_size=30), METHODS)
def test_any_target_is_understood_or_refused(target: str, host: str, method: str) -> None:
    try:
        path, query = split("/" + target)
        found = address_of(path, host, "s3.example.test")
        ROUTER.route(method, found.level, query_of(query), {})
    except (S3Error, AuthError):
        return
    assert found.key.bucket or not found.key.name
