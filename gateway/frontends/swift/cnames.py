"""Hosts that are others' own, and lead into the domains of the storage by CNAME records of DNS.

Source: `swift.common.middleware.cname_lookup`.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

from cachetools import TLRUCache
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt, field_validator

from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.hosts import is_within, name_of

logger = logging.getLogger("portico.swift")

MAX_KEPT = 10_000
"""Names whose records are remembered; those that were not needed for longest are forgotten."""
MAX_RUNNING = 64
"""Lookups at a time; others wait for their turn."""
SECONDS = 2.0
"""So long, all the lookups of one request may take."""
DNS_PORT = 53

_NAME = re.compile(r"(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})+", re.ASCII)


class CnameLookupSettings(BaseModel):
    """Which name servers are asked, and for how long their answers hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lookup_depth: PositiveInt = Field(1, le=10, description="How many CNAME records in a row are followed.")
    nameservers: tuple[str, ...] = Field(
        (), description="Name servers, as `address` or `address:port`; none: those of the system."
    )
    max_ttl: NonNegativeFloat = Field(3600, description="Longest that a record is remembered; else for its TTL.")
    negative_ttl: NonNegativeFloat = Field(60, description="How long it is remembered that a name has no such record.")

    @field_validator("nameservers")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            server_of(text)
        return value

    @property
    def info(self) -> dict[str, object]:
        """What `/info` tells of it."""
        return {"lookup_depth": self.lookup_depth}


def server_of(text: str) -> tuple[str, int]:
    """The address and the port of a name server. Raises `ValueError`."""
    name = text if _is_address(text) else name_of(text)
    port = int(text[len(name) + 1 :] or DNS_PORT)
    if not _is_address(name) or not 0 < port < 65536:
        raise ValueError(f"`{text}` is no name server; write an IP address, or `address:port`")
    return name.strip("[]"), port


@dataclass(frozen=True, slots=True)
class Cname:
    """A record: where a name leads, and for how many seconds it does. Names have no dot at their end."""

    target: str
    ttl: float


class LookupFailed(Exception):
    """DNS has not said whether there is a record."""


class Resolver(Protocol):
    """Asks DNS."""

    async def cname(self, name: str) -> Cname | None:
        """The record of a name; None where it has none. Raises `LookupFailed`."""
        ...


class CnameLookup:
    """Finds the hosts in `domains` that other hosts stand for, and remembers what DNS has said of them.

    `clock` is monotonic.
    """

    def __init__(
        self,
        settings: CnameLookupSettings,
        domains: Sequence[str],
        resolver: Resolver,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._domains = domains
        self._resolver = resolver
        self._said: TLRUCache[str, Cname | None] = TLRUCache(MAX_KEPT, self._until, timer=clock)
        self._turns = asyncio.Semaphore(MAX_RUNNING)

    async def resolve(self, host: str) -> str:
        """The name that a request to `host` is for. An address stands for itself, and so does a name without a dot.

        Raises `Refusal` (400) for a host that leads nowhere.
        """
        name = name_of(host).removesuffix(".")
        if "." not in name or _is_address(name) or is_within(name, self._domains):
            return name
        if not _NAME.fullmatch(name):
            raise _nowhere()
        try:
            async with asyncio.timeout(SECONDS):
                return await self._follow(name)
        except (LookupFailed, TimeoutError) as error:
            logger.info("a CNAME was not found out", extra={"host": name, "error": str(error) or "timeout"})
            raise _nowhere() from None

    async def _follow(self, name: str) -> str:
        for _ in range(self._settings.lookup_depth):
            record = await self._record(name.lower())
            if record is None or record.target.lower() == name.lower():
                raise _nowhere()
            name = record.target
            if is_within(name, self._domains):
                return name
        raise Refusal(400, f"CNAME lookup failed after {self._settings.lookup_depth} tries")

    async def _record(self, name: str) -> Cname | None:
        try:
            return self._said[name]
        except KeyError:
            async with self._turns:
                said = await self._resolver.cname(name)
        self._said[name] = said
        return said

    def _until(self, _: str, record: Cname | None, now: float) -> float:
        settings = self._settings
        return now + (settings.negative_ttl if record is None else min(record.ttl, settings.max_ttl))


def lookup_of(settings: CnameLookupSettings | None, domains: Sequence[str]) -> CnameLookup | None:
    """What looks hosts up as the operator has set it; None where nothing does."""
    if settings is None:
        return None
    from gateway.frontends.swift.resolver import DnsResolver

    return CnameLookup(settings, domains, DnsResolver(map(server_of, settings.nameservers)))


def _is_address(name: str) -> bool:
    try:
        ip_address(name[1:-1] if name.startswith("[") and name.endswith("]") else name)
    except ValueError:
        return False
    return True


def _nowhere() -> Refusal:
    return Refusal(400, "CNAME lookup failed to resolve to a valid domain")
