"""The address arguments of PORT, EPRT, PASV and EPSV (RFC 959, RFC 2428). No I/O."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.frontends.ftp.replies import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNPRIVILEGED = 1024

_PORT = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})", re.ASCII)
_EPRT = re.compile(r"([!-~])(\d{1,2})\1([0-9A-Fa-f.:]{2,45})\1(\d{1,5})\1", re.ASCII)
_VERSIONS = {"1": 4, "2": 6}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a data connection leads."""

    address: Address
    port: int


@lru_cache(1024)
def address_of(host: str) -> Address:
    """The address that a socket names; an IPv4 one that came mapped into IPv6 as IPv4. Raises `ValueError`."""
    address = ip_address(host.partition("%")[0])
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def parse_port(text: str) -> Endpoint:
    """The argument of PORT: `h1,h2,h3,h4,p1,p2`. Raises `Refused`."""
    match = _PORT.fullmatch(text.strip())
    numbers = [int(digits) for digits in match.groups()] if match else []
    if not numbers or max(numbers) > 255:
        raise Refused(501, "PORT takes h1,h2,h3,h4,p1,p2")
    return Endpoint(IPv4Address(bytes(numbers[:4])), numbers[4] * 256 + numbers[5])


def parse_eprt(text: str) -> Endpoint:
    """The argument of EPRT: `|1|132.235.1.2|6275|` or `|2|1080::8:800:200C:417A|5282|`. Raises `Refused`."""
    match = _EPRT.fullmatch(text.strip())
    if match is None:
        raise Refused(501, "EPRT takes |protocol|address|port|")
    if match[2] not in _VERSIONS:
        raise Refused(522, "Network protocol not supported, use (1,2)")
    try:
        address = ip_address(match[3])
    except ValueError:
        raise Refused(501, "This is not an address") from None
    if address.version != _VERSIONS[match[2]] or int(match[4]) > 65535:
        raise Refused(501, "EPRT takes |protocol|address|port|")
    return Endpoint(address, int(match[4]))


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def check_target(endpoint: Endpoint, client: Address, others: Iterable[Network] = ()) -> None:
    """Let the gateway be sent nowhere but back to its client, or to one of the networks `others`. Raises `Refused`.

    RFC 2577 tells of the bounce attack.
    """
    if endpoint.address != client and not is_in(endpoint.address, others):
        raise Refused(501, "Data connections lead to your own address only")
    if endpoint.port < UNPRIVILEGED:
        raise Refused(501, f"Data connections lead to ports from {UNPRIVILEGED} on only")


def pasv_text(address: IPv4Address, port: int) -> str:
    """The address in a 227 reply."""
    return "(" + ",".join(map(str, (*address.packed, port >> 8, port & 255))) + ")"


def epsv_text(port: int) -> str:
    """The address in a 229 reply."""
    return f"(|||{port}|)"
