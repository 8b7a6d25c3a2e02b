"""The address that PASV tells clients, where it is not the one that they have connected to."""

import asyncio
import socket
import time
from collections.abc import Mapping
from ipaddress import IPv4Address

from gateway.frontends.ftp.addresses import Address, Network
from gateway.frontends.ftp.replies import Refused
from gateway.frontends.ftp.sources import CANNOT_CONNECT

FRESH = 60.0
"""Seconds after which a name is resolved again."""

PATIENCE = 5.0
"""Seconds that this may take."""

LOCAL = "local"
"""In place of an address: the one that the client has connected to."""


class Masquerade:
    """Addresses, or names of such, by the client's network; the narrowest network counts, then `otherwise`."""

    def __init__(self, otherwise: str | None, networks: Mapping[Network, str]) -> None:
        self._otherwise = otherwise or LOCAL
        self._networks = sorted(networks.items(), key=lambda item: -item[0].prefixlen)
        self._resolved: dict[str, tuple[float, IPv4Address]] = {}

    def _name(self, client: Address) -> str:
        return next((name for network, name in self._networks if client in network), self._otherwise)

    def known(self, client: Address, local: Address) -> Address | None:
        """What to tell `client`, who has connected to `local`; None where a name has to be resolved before."""
        name = self._name(client)
        if name == LOCAL:
            return local
        try:
            return IPv4Address(name)
        except ValueError:
            resolved, address = self._resolved.get(name, (0.0, None))
            return address if time.monotonic() - resolved < FRESH else None

    async def resolve(self, client: Address) -> Address:
        """Resolve the name. Where that fails its last address counts; raises `Refused` (425) where there is none."""
        name, loop = self._name(client), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await loop.getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError):
            if name not in self._resolved:
                raise Refused(CANNOT_CONNECT, "The server's address is not known now; use EPSV") from None
            return self._resolved[name][1]
        address = IPv4Address(found[0][4][0])
        self._resolved[name] = time.monotonic(), address
        return address
