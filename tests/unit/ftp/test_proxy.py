"""Headers of the PROXY protocol, from the examples of its specification."""

import socket
import struct
from ipaddress import ip_address

import pytest

from gateway.frontends.ftp.proxy import MAX_BINARY, MAX_TEXT, Header, parse

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
V4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("198.51.100.1") + struct.pack("!HH", 56324, 21)
V6 = ip_address("2001:db8::7").packed + ip_address("2001:db8::1").packed + struct.pack("!HH", 56324, 21)


def binary(command: int, family: int, body: bytes) -> bytes:
    return SIGNATURE + bytes((command, family)) + struct.pack("!H", len(body)) + body


GOOD = (
    (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 21\r\n", "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 21\r\n", "2001:db8::7"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 56324 21\r\n", "192.0.2.7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", None),
    (binary(0x21, 0x11, V4), "192.0.2.7"),
    (binary(0x21, 0x21, V6), "2001:db8::7"),
    (binary(0x21, 0x11, V4 + b"\x03\x00\x04abcd"), "192.0.2.7"),
    (binary(0x20, 0x00, b""), None),
    (binary(0x21, 0x00, b"x" * 9), None),
)


@pytest.mark.parametrize(("header", "client"), GOOD)
def test_a_header_tells_its_client_and_where_it_ends(header: bytes, client: str | None) -> None:
    expected = Header(ip_address(client) if client else None, len(header))
    assert parse(header + b"USER a\r\n") == expected
    assert [parse(header[:size]) for size in range(len(header))] == [None] * len(header)


@pytest.mark.parametrize(
    "data",
    (
        b"USER alice\r\n",
        b"PROXY\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.300 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 x 2\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n",
        b"PROXY TCP4 \xff 198.51.100.1 1 2\r\n",
        b"PROXY " + b"x" * MAX_TEXT,
        binary(0x22, 0x11, V4),
        binary(0x11, 0x11, V4),
        binary(0x21, 0x11, V4[:8]),
        SIGNATURE + b"\x21\x11" + struct.pack("!H", MAX_BINARY),
    ),
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(data)
