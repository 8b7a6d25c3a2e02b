"""Bodies, sound and unsound: whatever is wrong with one, nothing of it is stored."""

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from gateway.core.store import Store
from tests.frontends.s3.chunks import (
    SIGNED,
    SIGNED_TRAILER,
    UNSIGNED_TRAILER,
    chunked,
    crc32,
    signed_body,
    unsigned_body,
)
from tests.frontends.s3.world import MIB, Request, S3Client, World, read_answer, serving

DATA = b"0123456789" * 2000
PIECES = (DATA[:8192], DATA[8192:16384], DATA[16384:])


async def stored(s3: S3Client) -> bytes:
    answer = await s3.get_object(Bucket="bucket", Key="k")
    async with answer["Body"] as body:
        data: bytes = await body.read()
        return data


async def test_chunks_without_signatures(s3: S3Client, world: World) -> None:
    request = chunked(UNSIGNED_TRAILER, len(DATA), **{"x-amz-trailer": "x-amz-checksum-crc32"})
    request.body = unsigned_body(PIECES, f"x-amz-checksum-crc32:{crc32(DATA)}\r\n")
    answer = await world.send(request)
    assert (answer.status, answer.headers["x-amz-checksum-crc32"]) == (200, crc32(DATA))
    assert await stored(s3) == DATA
    head = await s3.head_object(Bucket="bucket", Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == crc32(DATA)
    assert "ContentEncoding" not in head


async def test_chunks_with_signatures(s3: S3Client, world: World) -> None:
    request = chunked(SIGNED, len(DATA))
    request.body = signed_body(request, PIECES)
    assert (await world.send(request)).status == 200
    assert await stored(s3) == DATA


async def test_chunks_and_trailer_with_signatures(s3: S3Client, world: World) -> None:
    request = chunked(SIGNED_TRAILER, len(DATA), **{"x-amz-trailer": "x-amz-checksum-crc32"})
    request.body = signed_body(request, PIECES, f"x-amz-checksum-crc32:{crc32(DATA)}")
    assert (await world.send(request)).status == 200
    assert await stored(s3) == DATA


async def test_other_codings_stay(s3: S3Client, world: World) -> None:
    request = chunked(UNSIGNED_TRAILER, 1, **{"content-encoding": "aws-chunked, gzip"})
    request.body = unsigned_body([b"x"])
    assert (await world.send(request)).status == 200
    assert (await s3.head_object(Bucket="bucket", Key="k"))["ContentEncoding"] == "gzip"


async def test_o30_chunks_that_are_wrong(bucket: str, world: World) -> None:
    trailer = {"x-amz-trailer": "x-amz-checksum-crc32"}
    good = unsigned_body(PIECES, f"x-amz-checksum-crc32:{crc32(DATA)}\r\n")
    signed = chunked(SIGNED, len(DATA))
    sound = signed_body(signed, PIECES)
    cases: tuple[tuple[Request, bytes, str], ...] = (
        (chunked(UNSIGNED_TRAILER, len(DATA) - 1, **trailer), good, "InvalidRequest"),
        (chunked(UNSIGNED_TRAILER, len(DATA) + 1, **trailer), good, "IncompleteBody"),
        (chunked(UNSIGNED_TRAILER, len(DATA), **trailer), good.replace(b"2000\r\n", b"zz\r\n", 1), "InvalidRequest"),
        (chunked(UNSIGNED_TRAILER, len(DATA), **trailer), b"f" * 5000, "InvalidRequest"),
        (chunked(UNSIGNED_TRAILER, len(DATA), **trailer), b"-5\r\nabcde\r\n0\r\n\r\n", "InvalidRequest"),
        (chunked(UNSIGNED_TRAILER, len(DATA), **trailer), good[:9000], "IncompleteBody"),
        (chunked(UNSIGNED_TRAILER, len(DATA), **trailer), unsigned_body(PIECES), "MalformedTrailerError"),
        (
            chunked(UNSIGNED_TRAILER, len(DATA), **trailer),
            unsigned_body(PIECES, f"x-amz-checksum-crc32:{crc32(b'other')}\r\n"),
            "BadDigest",
        ),
        (
            chunked(UNSIGNED_TRAILER, len(DATA), **trailer),
            unsigned_body(PIECES, "x-amz-checksum-crc32:%%%\r\n"),
            "InvalidRequest",
        ),
        (chunked(UNSIGNED_TRAILER, len(DATA), **{"x-amz-trailer": "x-amz-checksum-md4"}), good, "InvalidRequest"),
        (chunked(UNSIGNED_TRAILER, "many", **trailer), good, "InvalidArgument"),
        (chunked(UNSIGNED_TRAILER, 6 * 1024**3, **trailer), good, "EntityTooLarge"),
        (signed, sound.replace(b"0123", b"3210", 1), "SignatureDoesNotMatch"),
        (signed, sound.replace(b"signature=", b"signature=0", 1), "InvalidRequest"),
        (signed, sound[:21] + b"0" * 64 + sound[85:], "SignatureDoesNotMatch"),
        (signed, signed_body(signed, [*PIECES[:1], PIECES[1]]) + b"", "IncompleteBody"),
        (signed, signed_body(signed, (PIECES[1], PIECES[0], PIECES[2]))[:8281] + sound[8281:], "SignatureDoesNotMatch"),
    )
    for request, body, code in cases:
        request.body = body
        answer = await world.send(request)
        assert answer.status in {400, 403}
        assert answer.code == code, (body[:40], answer.body)
        assert await world.contents() == {"bucket"}


async def test_chunked_without_its_length(bucket: str, world: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"content-encoding": "aws-chunked"}).sign(payload=UNSIGNED_TRAILER)
    request.body = unsigned_body([b"x"])
    answer = await world.send(request)
    assert (answer.status, answer.code) == (411, "MissingContentLength")
    assert await world.contents() == {"bucket"}


async def test_o10_bodies_that_are_not_what_was_said(bucket: str, world: World) -> None:
    def md5(data: bytes) -> str:
        return b64encode(hashlib.md5(data).digest()).decode()

    cases: tuple[tuple[dict[str, str], str], ...] = (
        ({"Content-MD5": md5(b"other")}, "BadDigest"),
        ({"Content-MD5": "%%%"}, "InvalidDigest"),
        ({"Content-MD5": "AAAA"}, "InvalidDigest"),
        ({"x-amz-checksum-crc32": crc32(b"other")}, "BadDigest"),
        ({"x-amz-checksum-crc32": "AAAA"}, "BadDigest"),
        ({"x-amz-checksum-crc32": "%%%%"}, "BadDigest"),
        ({"x-amz-checksum-crc32": crc32(b"x"), "x-amz-checksum-sha1": "A" * 27 + "="}, "InvalidRequest"),
        ({"x-amz-sdk-checksum-algorithm": "CRC32"}, "InvalidRequest"),
        ({"x-amz-sdk-checksum-algorithm": "SHA1", "x-amz-checksum-crc32": crc32(b"x")}, "InvalidRequest"),
        ({"x-amz-checksum-xxhash64": "AAAAAAAAAAA="}, "NotImplemented"),
        ({"x-amz-trailer": "x-amz-checksum-crc32"}, "InvalidRequest"),
    )
    for headers, code in cases:
        answer = await world.do("PUT", "/bucket/k", b"x", headers)
        assert answer.code == code, headers
    wrong = Request("PUT", "/bucket/k", b"x").sign(payload=hashlib.sha256(b"y").hexdigest())
    assert (await world.send(wrong)).code == "XAmzContentSHA256Mismatch"
    odd = Request("PUT", "/bucket/k", b"x").sign(payload="SOMETHING")
    assert (await world.send(odd)).code == "InvalidArgument"
    assert await world.contents() == {"bucket"}
    right = await world.do("PUT", "/bucket/k", b"x", {"Content-MD5": md5(b"x"), "x-amz-checksum-crc32": crc32(b"x")})
    assert right.status == 200


async def test_put_without_length(s3: S3Client, world: World) -> None:
    answer = await world.send(Request("PUT", "/bucket/k").sign())
    assert (answer.status, answer.code) == (411, "MissingContentLength")
    empty = await world.do("PUT", "/bucket/k", headers={"Content-Length": "0"})
    assert empty.status == 200
    assert await stored(s3) == b""


async def test_put_in_chunks_of_http(s3: S3Client, world: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Transfer-Encoding": "chunked"}).sign(payload="UNSIGNED-PAYLOAD")
    request.body = b"5\r\nhello\r\n0\r\n\r\n"
    assert (await world.send(request)).status == 200
    assert await stored(s3) == b"hello"


async def test_put_in_chunks_of_http_that_are_broken(bucket: str, world: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Transfer-Encoding": "chunked"}).sign(payload="UNSIGNED-PAYLOAD")
    request.body = b"5\r\nhello\r\nzz\r\n"
    answer = await world.send(request)
    assert answer.status == 400
    assert await world.contents() == {"bucket"}


@pytest.fixture
async def small(store: Store) -> AsyncIterator[World]:
    """A frontend with little patience and small limits."""
    async with serving(store, stall_timeout=0.2, max_put=MIB) as world:
        assert (await world.do("PUT", "/bucket", headers={"Content-Length": "0"})).status == 200
        yield world
        assert (await world.do("GET", "/bucket")).status == 200
        assert await world.contents() == {"bucket"}


async def test_o30_client_that_stalls(small: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Content-Length": "1000"}).sign(payload="UNSIGNED-PAYLOAD")
    async with small.connect() as (reader, writer):
        writer.write(request.head() + b"x" * 10)
        answer = await read_answer(reader)
        assert (answer.status, answer.code) == (400, "RequestTimeout")
        assert answer.headers["Connection"] == "close"


async def test_o30_client_that_leaves(small: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Content-Length": "1000"}).sign(payload="UNSIGNED-PAYLOAD")
    async with small.connect() as (_, writer):
        writer.write(request.head() + b"x" * 10)
        await writer.drain()
        await asyncio.sleep(0.05)
    assert (await small.record(2)).error == "IncompleteBody"


async def test_o30_client_that_leaves_amid_chunks(small: World) -> None:
    request = chunked(UNSIGNED_TRAILER, len(DATA))
    async with small.connect() as (_, writer):
        writer.write(request.head().replace(b"\r\n\r\n", b"\r\nContent-Length: 30000\r\n\r\n") + b"2000\r\n0123")
        await writer.drain()
        await asyncio.sleep(0.05)
    assert (await small.record(2)).error == "IncompleteBody"


async def test_too_large_by_its_length(small: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Content-Length": str(MIB + 1)}).sign(payload="UNSIGNED-PAYLOAD")
    async with small.connect() as (reader, writer):
        writer.write(request.head())
        answer = await read_answer(reader)
    assert (answer.status, answer.code) == (400, "EntityTooLarge")
    assert (answer.element("ProposedSize"), answer.element("MaxSizeAllowed")) == (str(MIB + 1), str(MIB))


async def test_too_large_as_it_turns_out(small: World) -> None:
    request = Request("PUT", "/bucket/k", headers={"Transfer-Encoding": "chunked"}).sign(payload="UNSIGNED-PAYLOAD")
    request.body = b"%x\r\n%s\r\n0\r\n\r\n" % (2 * MIB, b"x" * 2 * MIB)
    answer = await small.send(request)
    assert (answer.status, answer.code) == (400, "EntityTooLarge")


async def test_refusal_arrives_although_the_body_is_not_read(small: World) -> None:
    request = Request("PUT", "/bucket/k", b"x" * MIB).sign(user="rita")
    async with small.connect() as (reader, writer):
        writer.write(request.head())
        for start in range(0, MIB, 65536):
            writer.write(request.body[start : start + 65536])
            await writer.drain()
        answer = await read_answer(reader)
        assert (answer.status, answer.code, answer.headers["Connection"]) == (403, "AccessDenied", "close")
        assert await reader.read() == b""


async def test_body_is_invited_only_when_all_else_is_well(small: World) -> None:
    headers = {"Expect": "100-continue", "Content-Length": "5"}
    refused = (
        Request("PUT", "/bucket/k", headers=headers),
        Request("PUT", "/bucket/k", headers=headers).sign(user="rita", payload="UNSIGNED-PAYLOAD"),
        Request("PUT", "/missing/k", headers=headers).sign(payload="UNSIGNED-PAYLOAD"),
        Request("PUT", "/bucket/k", headers={**headers, "Content-MD5": "x"}).sign(payload="UNSIGNED-PAYLOAD"),
        Request("PUT", "/bucket/k", headers={**headers, "x-amz-tagging": "<"}).sign(payload="UNSIGNED-PAYLOAD"),
    )
    for request in refused:
        async with small.connect() as (reader, writer):
            writer.write(request.head())
            assert (await reader.readline()).startswith(b"HTTP/1.1 4")


async def test_body_is_invited(s3: S3Client, world: World) -> None:
    headers = {"Expect": "100-continue", "Content-Length": "5"}
    request = Request("PUT", "/bucket/k", headers=headers).sign(payload="UNSIGNED-PAYLOAD")
    async with world.connect() as (reader, writer):
        writer.write(request.head())
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"hello")
        assert (await read_answer(reader)).status == 200
    assert await stored(s3) == b"hello"
