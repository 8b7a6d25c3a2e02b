"""Bodies from their chunks: signatures, trailers and checks, as a store sees them."""

import asyncio
import io
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from hashlib import sha256

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.sigv4 import PayloadKind
from gateway.core.body import Body, BytesBody, CheckedBody, StreamBody
from gateway.core.digest import Algorithm, digest
from gateway.core.digest import encode as base64
from gateway.core.errors import BadDigest, BadRequest, IncompleteBody, StoreError
from gateway.frontends.s3.chunked import ChunkedBody, declared_trailers, expect_payload, expect_trailer
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody, S3Error, of_store
from tests.unit.s3.encoding import SEED, encode, verified

SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER = (
    PayloadKind.STREAMING,
    PayloadKind.STREAMING_TRAILER,
    PayloadKind.STREAMING_UNSIGNED_TRAILER,
)
KINDS = (SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER)
CRC = "x-amz-checksum-crc32c"


def crc(data: bytes) -> str:
    return base64(digest(Algorithm.CRC32C, data))


def trailers_of(kind: PayloadKind, data: bytes) -> dict[str, str]:
    return {} if kind is SIGNED else {CRC: crc(data)}


def body(raw: bytes | Body, size: int, kind: PayloadKind, trailers: Collection[str] = ()) -> ChunkedBody:
    source = BytesBody(raw) if isinstance(raw, bytes) else raw
    return ChunkedBody(source, size, kind, verified=verified(kind), trailers=trailers)


def whole(raw: bytes | Body, size: int, kind: PayloadKind) -> CheckedBody:
    """The body with all its checks, as the frontend makes it."""
    if kind is SIGNED:
        return CheckedBody(body(raw, size, kind))
    chunked = body(raw, size, kind, [CRC])
    return CheckedBody(chunked, [Algorithm.CRC32C], [expect_trailer(chunked, Algorithm.CRC32C)])


async def read(source: Body) -> bytes:
    return b"".join([chunk async for chunk in source.chunks()])


async def pieces(raw: bytes, edges: list[int]) -> AsyncIterator[bytes]:
    for start, stop in zip([0, *edges], [*edges, len(raw)], strict=True):
        yield raw[start:stop]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", ((), (5,), (8192, 1), (70_000, 70_000, 3), (1_000_000, 20_000)))
async def test_a_sound_body_gives_its_data(kind: PayloadKind, sizes: tuple[int, ...]) -> None:
    chunks = [bytes([index + 65]) * size for index, size in enumerate(sizes)]
    data = b"".join(chunks)
    found = whole(encode(chunks, kind, trailers_of(kind, data)), len(data), kind)
    assert found.size == len(data)
    assert await read(found) == data


async def test_awss_example_of_a_signed_body() -> None:
    data = b"a" * 66560
    raw = (
        b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        + data[:65536]
        + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        + data[65536:]
        + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
    )
    assert len(raw) == 66824
    assert await read(body(raw, 66560, SIGNED)) == data


async def test_awss_example_of_a_body_with_a_signed_trailer() -> None:
    data = b"a" * 66560
    raw = (
        b"10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"
        + data[:65536]
        + b"\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"
        + data[65536:]
        + b"\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
        b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
        b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
    found = ChunkedBody(BytesBody(raw), 66560, SIGNED_TRAILER, verified=verified(SIGNED_TRAILER, seed), trailers=[CRC])
    checked = CheckedBody(found, [Algorithm.CRC32C], [expect_trailer(found, Algorithm.CRC32C)])
    assert await read(checked) == data
    assert found.trailers == {CRC: "sOO8/Q=="}


@pytest.mark.parametrize("size", (0, 1, 1024 * 1024, 3 * 1024 * 1024 + 7))
async def test_what_botocore_sends_by_default_is_decoded(size: int) -> None:
    data = b"z" * size
    raw = AwsChunkedWrapper(
        io.BytesIO(data), checksum_cls=Crc32Checksum, checksum_name="x-amz-checksum-crc32", chunk_size=1024 * 1024
    ).read()
    found = ChunkedBody(BytesBody(raw), size, UNSIGNED_TRAILER, trailers=["x-amz-checksum-crc32"])
    checked = CheckedBody(found, [Algorithm.CRC32], [expect_trailer(found, Algorithm.CRC32)])
    assert await read(checked) == data


async def test_a_signed_trailer_may_end_as_minio_go_sends_it() -> None:
    raw = encode([b"hello"], SIGNED_TRAILER, {CRC: crc(b"hello")}).replace(
        f"{crc(b'hello')}\r\n".encode(), f"{crc(b'hello')}\n\r\n".encode()
    )
    assert await read(whole(raw, 5, SIGNED_TRAILER)) == b"hello"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_body_cut_anywhere_raises(kind: PayloadKind) -> None:
    raw = encode([b"hello world"], kind, trailers_of(kind, b"hello world"))
    for cut in range(len(raw)):
        with pytest.raises(IncompleteBody):
            await read(whole(raw[:cut], 11, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flip", (0x01, 0x20, 0x80))
async def test_a_flipped_bit_raises_or_changes_nothing(kind: PayloadKind, flip: int) -> None:
    raw = encode([b"hello world"], kind, trailers_of(kind, b"hello world"))
    harmless = 0
    for index in range(len(raw)):
        changed = raw[:index] + bytes([raw[index] ^ flip]) + raw[index + 1 :]
        try:
            assert await read(whole(changed, 11, kind)) == b"hello world"
            harmless += 1
        except StoreError:
            pass
    assert harmless <= 1  # the case of the one letter in the size


@settings(max_examples=40)
@given(st.sampled_from(KINDS), st.lists(st.integers(0, 17_200), max_size=8))
def test_however_the_bytes_come_the_result_is_the_same(kind: PayloadKind, cuts: list[int]) -> None:
    data = b"a" * 8192 + b"b" * 8200 + b"c" * 9
    raw = encode([data[:8192], data[8192:16392], data[16392:]], kind, trailers_of(kind, data))
    edges = sorted(min(cut, len(raw)) for cut in cuts)
    found = whole(StreamBody(pieces(raw, edges)), len(data), kind)
    assert asyncio.run(read(found)) == data


@pytest.mark.parametrize("size", (5, 400_000))
@pytest.mark.parametrize("kind", (SIGNED, SIGNED_TRAILER))
async def test_a_wrong_signature_raises_before_the_end(kind: PayloadKind, size: int) -> None:
    data = b"x" * size
    raw = encode([data], kind, trailers_of(kind, data)).replace(b"xxxxx", b"yxxxx", 1)
    with pytest.raises(BadBody) as caught:
        await read(whole(raw, size, kind))
    assert of_store(caught.value).code is Code.SIGNATURE_DOES_NOT_MATCH


async def test_swapped_chunks_do_not_match() -> None:
    first, second = b"a" * 8192, b"b" * 8192
    raw = encode([first, second], SIGNED)
    half = len(raw.split(b"\r\n0;")[0]) // 2 + 1
    swapped = raw[half : 2 * half] + raw[:half] + raw[2 * half :]
    assert sorted(swapped) == sorted(raw)
    with pytest.raises(BadBody):
        await read(body(swapped, 16384, SIGNED))


async def test_chunks_of_another_request_do_not_match() -> None:
    raw = encode([b"hello"], SIGNED, seed="0" * 64)
    with pytest.raises(BadBody):
        await read(body(raw, 5, SIGNED))
    assert SEED != "0" * 64


async def test_a_trailer_that_was_changed_does_not_match() -> None:
    raw = encode([b"hello"], SIGNED_TRAILER, {CRC: crc(b"hello")})
    with pytest.raises(BadBody) as caught:
        await read(whole(raw.replace(crc(b"hello").encode(), crc(b"other").encode()), 5, SIGNED_TRAILER))
    assert caught.value.code is Code.SIGNATURE_DOES_NOT_MATCH


async def test_a_wrong_checksum_in_a_trailer() -> None:
    with pytest.raises(BadDigest) as caught:
        await read(whole(encode([b"hello"], UNSIGNED_TRAILER, {CRC: crc(b"other")}), 5, UNSIGNED_TRAILER))
    assert caught.value.algorithm == "crc32c"


@pytest.mark.parametrize("value", ("no base64", "AAA", b64encode(b"12345").decode(), "Ä".encode().hex()))
async def test_a_checksum_that_is_none(value: str) -> None:
    with pytest.raises(BadBody) as caught:
        await read(whole(encode([b"hello"], UNSIGNED_TRAILER, {CRC: value}), 5, UNSIGNED_TRAILER))
    assert caught.value.code is Code.INVALID_REQUEST
    assert CRC in caught.value.message


async def test_a_missing_trailer() -> None:
    with pytest.raises(BadBody) as caught:
        await read(whole(encode([b"hello"], UNSIGNED_TRAILER), 5, UNSIGNED_TRAILER))
    assert caught.value.code is Code.MALFORMED_TRAILER


@pytest.mark.parametrize(("stated", "error"), ((4, BadRequest), (6, IncompleteBody), (0, BadRequest)))
async def test_the_stated_length_counts_exactly(stated: int, error: type[StoreError]) -> None:
    with pytest.raises(error):
        await read(body(encode([b"hello"], SIGNED), stated, SIGNED))


async def test_bytes_behind_the_end_in_another_piece() -> None:
    raw = encode([b"hello"], SIGNED)
    with pytest.raises(BadRequest):
        await read(body(StreamBody(pieces(raw + b"x", [len(raw)])), 5, SIGNED))


def test_signed_chunks_need_a_signed_request() -> None:
    with pytest.raises(ValueError, match="signature"):
        ChunkedBody(BytesBody(b""), 0, SIGNED)


async def test_trailers_are_not_there_before_the_end() -> None:
    found = body(encode([], UNSIGNED_TRAILER, {CRC: crc(b"")}), 0, UNSIGNED_TRAILER, [CRC])
    with pytest.raises(RuntimeError):
        _ = found.trailers
    await read(found)
    assert found.trailers == {CRC: crc(b"")}


class Watched(Body):
    """A source that tells whether it was closed."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.closed = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            for start in range(0, len(self._raw), 200_000):
                yield self._raw[start : start + 200_000]
        finally:
            self.closed = True


@pytest.mark.parametrize("damaged", (0, 1, 2))
async def test_large_pieces_are_verified_beside_the_stream(damaged: int) -> None:
    chunks = [bytes([65 + index]) * 300_000 for index in range(3)]
    raw = encode(chunks, SIGNED)
    assert await read(body(Watched(raw), 900_000, SIGNED)) == b"".join(chunks)
    with pytest.raises(BadBody):
        await read(body(Watched(raw.replace(chunks[damaged][:9], b"?" + chunks[damaged][:8], 1)), 900_000, SIGNED))


async def test_a_consumer_that_leaves_closes_the_source_and_loses_no_error() -> None:
    raw = encode([b"x" * 400_000], SIGNED)
    source = Watched(raw.replace(b"x", b"y", 1))
    stream = body(source, 400_000, SIGNED).chunks()
    assert await anext(stream)
    await stream.aclose()
    assert source.closed


async def test_a_source_that_breaks_off_breaks_the_body() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield encode([b"x" * 100_000], SIGNED)[:50_000]
        raise IncompleteBody

    with pytest.raises(IncompleteBody):
        await read(body(StreamBody(broken()), 100_000, SIGNED))


@pytest.mark.parametrize(
    ("header", "names"),
    (
        ("", set()),
        ("x-amz-checksum-crc32", {"x-amz-checksum-crc32"}),
        ("X-Amz-Checksum-SHA256", {"x-amz-checksum-sha256"}),
        (" x-amz-checksum-crc32 , x-amz-checksum-crc64nvme,", {"x-amz-checksum-crc32", "x-amz-checksum-crc64nvme"}),
    ),
)
def test_declared_trailers(header: str, names: set[str]) -> None:
    assert declared_trailers(header) == names


@pytest.mark.parametrize("header", ("content-length", "x-amz-checksum-crc32, host", "x-amz-checksum-"))
def test_other_trailers_can_not_be_declared(header: str) -> None:
    with pytest.raises(S3Error) as caught:
        declared_trailers(header)
    assert caught.value.code is Code.INVALID_REQUEST


def test_the_digest_of_a_whole_body() -> None:
    digests: Mapping[Algorithm, bytes] = {Algorithm.SHA256: sha256(b"a").digest()}
    expect_payload(sha256(b"a").hexdigest())(digests)
    with pytest.raises(BadBody) as caught:
        expect_payload(sha256(b"b").hexdigest())(digests)
    assert caught.value.code is Code.X_AMZ_CONTENT_SHA256_MISMATCH
