import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.ftp.lines import MAX_LINE, Lines, Request, Telnet, parse

PIECES = st.lists(st.integers(1, 50), max_size=30)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(data[start : start + size])
        start += size
    return [*pieces, data[start:]]


def fed(*pieces: bytes) -> list[Request]:
    lines = Lines()
    return [request for piece in pieces for request in lines.feed(piece)]


@pytest.mark.parametrize(
    ("line", "expected"),
    (
        (b"NOOP\r", Request("NOOP")),
        (b"noop", Request("NOOP")),
        (b"CWD  a b \r", Request("CWD", b" a b ")),
        (b"XMD5 x", Request("XMD5", b"x")),
        (b"CWD\ta", Request("")),
        (b" CWD a", Request("", b"CWD a")),
        (b"4242", Request("")),
        (b"NO\xc3\x89P a", Request("", b"a")),
        (b"ABCDEFGHIJKLMNOPQ", Request("")),
        (b"CWD a\r\r", Request("CWD", b"a\r")),
        (b"\xf4\xf2abor", Request("ABOR")),
    ),
)
def test_a_line_is_a_verb_and_what_follows_one_space(line: bytes, expected: Request) -> None:
    assert parse(line) == expected


@given(st.binary(max_size=200).map(lambda data: data.replace(b"\n", b"")))
def test_any_line_is_parsed(line: bytes) -> None:
    request = parse(line)
    assert request.verb == request.verb.upper()
    assert request.verb.isascii()
    assert request.argument in line


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\xff" not in line)), PIECES)
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], sizes: list[int]) -> None:
    data = b"".join(line + b"\r\n" for line in lines)
    assert fed(*cut(data, sizes)) == [parse(line + b"\r") for line in lines if line.strip()]


@pytest.mark.parametrize("size", (MAX_LINE, MAX_LINE + 1, 100_000))
@pytest.mark.parametrize("piece", (1000, 8192, 1_000_000))
def test_lines_longer_than_the_limit_are_dropped_and_told(size: int, piece: int) -> None:
    data = b"x" * (size - 1) + b"\r\nNOOP\r\n"
    requests = fed(*(data[start : start + piece] for start in range(0, len(data), piece)))
    assert [request.too_long for request in requests] == [size > MAX_LINE, False]
    assert requests[1] == Request("NOOP")


def test_a_line_without_end_is_not_kept() -> None:
    lines = Lines()
    for _ in range(1000):
        assert list(lines.feed(b"x" * 1000)) == []
    assert sum(len(value) for value in vars(lines).values() if isinstance(value, bytes)) <= MAX_LINE
    assert [request.too_long for request in lines.feed(b"\nNOOP\n")] == [True, False]


@pytest.mark.parametrize(
    ("data", "text"),
    (
        (b"plain", b"plain"),
        (b"\xff\xf4\xff\xf2ABOR\r\n", b"ABOR\r\n"),
        (b"a\xff\xffb", b"a\xffb"),
        (b"\xff\xfb\x01\xff\xfc\x02\xff\xfd\x03\xff\xfe\x04x", b"x"),
        (b"\xff\xfb\xffx", b"x"),
        (b"x\xff", b"x"),
        (b"\xffabor\r\n", b"abor\r\n"),
        (b"x\xff\xfb", b"x"),
    ),
)
@given(sizes=PIECES)
def test_telnet_commands_are_taken_out_however_they_are_cut(data: bytes, text: bytes, sizes: list[int]) -> None:
    telnet = Telnet()
    assert b"".join(telnet.strip(piece) for piece in cut(data, sizes)) == text


@given(st.binary(), PIECES)
def test_telnet_never_adds_and_never_keeps_much(data: bytes, sizes: list[int]) -> None:
    telnet = Telnet()
    text = b"".join(telnet.strip(piece) for piece in cut(data, sizes))
    assert len(text) <= len(data)
    if b"\xff" not in data:
        assert text == data
