"""The PROXY protocol, versions 1 and 2: a load balancer says before all else for whom it connects.

Source: https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, sections 2.1 and 2.2. No I/O but that of `Proxied`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from gateway.frontends.ftp.addresses import Address, address_of

PATIENCE = 5.0
"""Seconds that a trusted proxy has to send its header."""

MAX_TEXT = 107
MAX_BINARY = 2048
"""Bytes of the longest header that is read."""

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}
"""Bytes of an address, by family and protocol: TCP over IPv4 and over IPv6."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says: the client, None where the proxy speaks for itself; and how many bytes the header has."""

    client: Address | None
    size: int


def parse(data: bytes) -> Header | None:
    """The header that `data` begins with; None while more of it has to come. Raises `ValueError` where it is none."""
    if data[: len(_SIGNATURE)] == _SIGNATURE[: len(data)]:
        return _binary(data)
    return _text(data)


def _text(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, MAX_TEXT)
    if end < 0:
        if len(data) >= MAX_TEXT or not data.startswith(b"PROXY "[: len(data)]):
            raise ValueError("no PROXY header")
        return None
    match data[:end].decode("ascii").split(" "):
        case ["PROXY", "UNKNOWN", *_]:
            return Header(None, end + 2)
        case ["PROXY", "TCP4" | "TCP6" as family, source, _, port, _]:
            client = ip_address(source)
            if client.version != int(family[-1]) or not port.isdecimal():
                raise ValueError("a PROXY header whose addresses are of another kind")
            return Header(address_of(source), end + 2)
        case _:
            raise ValueError("no PROXY header")


def _binary(data: bytes) -> Header | None:
    if len(data) < _FIXED:
        return None
    command, family, length = data[12], data[13], int.from_bytes(data[14:_FIXED])
    size = _FIXED + length
    if command not in (_LOCAL, _PROXY) or size > MAX_BINARY:
        raise ValueError("a PROXY header of an unknown kind")
    if len(data) < size:
        return None
    count = _ADDRESS_BYTES.get(family)
    if command == _LOCAL or count is None:
        return Header(None, size)
    if length < 2 * count + 4:
        raise ValueError("a PROXY header that is too short")
    return Header(address_of(str(ip_address(data[_FIXED : _FIXED + count]))), size)


class Proxied(asyncio.Protocol):
    """A connection whose header has yet to come.

    `meet` is called with the client and with what stands behind the header. All that wait so are in `waiting`.
    """

    def __init__(
        self, transport: asyncio.Transport, meet: Callable[[Address | None, bytes], None], waiting: "set[Proxied]"
    ) -> None:
        self._transport = transport
        self._meet = meet
        self._waiting = waiting
        self._data = b""
        self._timer = asyncio.get_running_loop().call_later(PATIENCE, transport.abort)
        waiting.add(self)

    def data_received(self, data: bytes) -> None:
        self._data += data
        try:
            header = parse(self._data)
        except ValueError:
            self._transport.abort()
            return
        if header is not None:
            self._leave()
            self._meet(header.client, self._data[header.size :])

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def abort(self) -> None:
        self._transport.abort()

    def _leave(self) -> None:
        self._timer.cancel()
        self._waiting.discard(self)
