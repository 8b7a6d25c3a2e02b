"""The framing alone: events, limits and everything that is no such body."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.sigv4 import PayloadKind
from gateway.core.errors import BadRequest, IncompleteBody, StoreError
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import BadBody
from gateway.frontends.s3.framing import MAX_LINE, MAX_TRAILERS, ChunkDecoder, ChunkEnd, Data, Event, Trailer
from tests.unit.s3.encoding import encode

SIGNATURE = b"0" * 64
CRC = "x-amz-checksum-crc32"


def plain(size: int, *trailers: str) -> ChunkDecoder:
    return ChunkDecoder(size, signed=False, trailers=trailers)


def decode(decoder: ChunkDecoder, *pieces: bytes) -> list[Event]:
    events = [event for piece in pieces for event in decoder.feed(piece)]
    decoder.finish()
    return events


def data(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Data))


def test_events_of_a_signed_body() -> None:
    decoder = ChunkDecoder(5, signed=True)
    events = decode(
        decoder, b"5;chunk-signature=" + b"a" * 64 + b"\r\nhe", b"llo\r\n0;chunk-signature=", SIGNATURE + b"\r\n\r\n"
    )
    assert [(type(event), bytes(event.data) if isinstance(event, Data) else event[-1]) for event in events] == [
        (Data, b"he"),
        (Data, b"llo"),
        (ChunkEnd, "a" * 64),
        (ChunkEnd, "0" * 64),
        (Trailer, ""),
    ]


def test_trailers_are_given_by_name() -> None:
    events = decode(plain(2, CRC), f"2\r\nhi\r\n0\r\n{CRC}: AAAA \r\n\r\n".encode())
    assert events[-1] == Trailer({CRC: "AAAA"}, "")


def test_the_signature_of_the_trailers_stands_apart() -> None:
    decoder = ChunkDecoder(0, signed=False, trailers=[CRC], signed_trailers=True)
    events = decode(decoder, f"0\r\n{CRC}:AAAA\n\r\nx-amz-trailer-signature:abc\r\n\r\n".encode())
    assert events[-1] == Trailer({CRC: "AAAA"}, "abc")


@pytest.mark.parametrize("size", (b"5", b"005", b"0000000000000005"))
def test_sizes_may_have_leading_zeros(size: bytes) -> None:
    assert data(decode(plain(5), size + b"\r\nhello\r\n0\r\n\r\n")) == b"hello"


@pytest.mark.parametrize("size", (b"a", b"A"))
def test_sizes_may_be_in_either_case_as_the_dotnet_sdk_has_them(size: bytes) -> None:
    assert data(decode(plain(10), size + b"\r\n0123456789\r\n0\r\n\r\n")) == b"0123456789"


@pytest.mark.parametrize(
    "body",
    (
        b"\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5;ext=1\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\n\r\nx",
        b"5\r\nhello\r\n0\r\n\r\n0\r\n\r\n",
        b"6\r\nhello!\r\n0\r\n\r\n",
        b"ffffffffffffffff\r\nhello",
        b"11111111111111115\r\nhello",
        b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
        b"x" * (MAX_LINE + 2),
        b"5\r\nhello\r\n0\r\n" + b"x" * (MAX_TRAILERS + 4),
        b"\xd9\xa5\r\nhello\r\n0\r\n\r\n",
    ),
)
def test_what_is_no_such_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        plain(5).feed(body)


@pytest.mark.parametrize(
    "line",
    (
        b"5",
        b"5;chunk-signature=",
        b"5;chunk-signature=" + b"0" * 63,
        b"5;chunk-signature=" + b"0" * 65,
        b"5;chunk-signature=" + b"G" * 64,
        b"5;Chunk-Signature=" + SIGNATURE,
        b"5;chunk-signature=" + SIGNATURE + b";x=1",
    ),
)
def test_a_signed_chunk_needs_its_signature(line: bytes) -> None:
    with pytest.raises(BadRequest):
        ChunkDecoder(5, signed=True).feed(line + b"\r\nhello\r\n")


def test_chunks_that_end_too_early_are_incomplete() -> None:
    with pytest.raises(IncompleteBody):
        plain(5).feed(b"4\r\nhell\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "section",
    (
        "",
        f"{CRC}:AAAA\r\n{CRC}:AAAA\r\n",
        f"{CRC}:AAAA\r\nx-amz-checksum-sha1:BBBB\r\n",
        "x-amz-checksum-sha1:BBBB\r\n",
        f"{CRC}\r\n",
        f"{CRC}:\r\n",
        f"{CRC} :AAAA\r\n",
        f" {CRC}:AAAA\r\n",
        f"{CRC}:AA\nAA\r\n",
        f"{CRC}:AA\rAA\r\n",
        f"{CRC}:AA\0AA\r\n",
        f"{CRC}:ÄÄ\r\n",
        f"{CRC}:AAAA\r\nx-amz-trailer-signature:{'0' * 64}\r\n",
        f"{CRC}:AAAA\r\n continued\r\n",
    ),
)
def test_trailers_are_those_that_were_announced_and_no_other(section: str) -> None:
    with pytest.raises(BadBody) as caught:
        plain(0, CRC).feed(f"0\r\n{section}\r\n".encode())
    assert caught.value.code is Code.MALFORMED_TRAILER


def test_trailers_that_nobody_announced_are_refused() -> None:
    with pytest.raises(BadBody):
        plain(0).feed(f"0\r\n{CRC}:AAAA\r\n\r\n".encode())


def test_signed_trailers_need_their_signature() -> None:
    decoder = ChunkDecoder(0, signed=False, trailers=[CRC], signed_trailers=True)
    with pytest.raises(BadBody):
        decoder.feed(f"0\r\n{CRC}:AAAA\r\n\r\n".encode())


def test_only_the_last_chunk_may_be_small() -> None:
    small, large = b"x" * 8191, b"x" * 8192
    kind = PayloadKind.STREAMING_UNSIGNED_TRAILER
    assert data(decode(plain(8192 + 8191), encode([large, small], kind))) == large + small
    with pytest.raises(BadBody) as caught:
        plain(8192 + 8191).feed(encode([small, large], kind))
    assert caught.value.code is Code.INVALID_CHUNK_SIZE


BODY = encode([b"a" * 8192, b"bc"], PayloadKind.STREAMING_UNSIGNED_TRAILER, {CRC: "AAAA"})


@given(st.lists(st.integers(0, len(BODY)), max_size=12))
def test_however_the_bytes_are_split_the_result_is_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(BODY)]
    events = decode(plain(8194, CRC), *(BODY[start:stop] for start, stop in itertools.pairwise(edges)))
    assert data(events) == b"a" * 8192 + b"bc"
    assert events[-1] == Trailer({CRC: "AAAA"}, "")


def test_byte_by_byte_the_result_is_the_same() -> None:
    events = decode(plain(8194, CRC), *(BODY[index : index + 1] for index in range(len(BODY))))
    assert data(events) == b"a" * 8192 + b"bc"


def test_a_body_cut_anywhere_is_refused() -> None:
    for cut in range(len(BODY)):
        decoder = plain(8194, CRC)
        decoder.feed(BODY[:cut])
        with pytest.raises(IncompleteBody):
            decoder.finish()


@given(st.binary(max_size=200), st.booleans(), st.integers(0, 50))
def test_any_bytes_are_decoded_or_refused(body: bytes, signed: bool, size: int) -> None:
    decoder = ChunkDecoder(size, signed=signed, trailers=[CRC])
    try:
        decode(decoder, body)
    except StoreError as error:
        assert isinstance(error, BadRequest)  # noqa: PT017


PIECES = st.sampled_from(
    [
        b"0", b"5", b"a", b"\r\n", b"\r", b"\n", b"hello", b"x", b";", b";chunk-signature=", SIGNATURE,
        CRC.encode(), b":", b"AAAA",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=20), st.booleans(), st.integers(0, 10))
def test_no_body_gives_more_or_less_than_its_size(pieces: list[bytes], signed: bool, size: int) -> None:
    decoder = ChunkDecoder(size, signed=signed)
    try:
        events = decode(decoder, *pieces)
    except BadRequest:
        return
    assert len(data(events)) == size
