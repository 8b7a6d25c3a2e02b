"""What the cluster can do, as its `/info` tells."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from gateway.core.errors import StoreError
from gateway.stores.swift.client import Client


class _Swift(msgspec.Struct):
    max_file_size: int = 5 * 1024**3
    account_listing_limit: int = 10_000
    container_listing_limit: int = 10_000


class _Slo(msgspec.Struct):
    max_manifest_segments: int = 1000


class _Bulk(msgspec.Struct):
    max_deletes_per_request: int = 1000


class _Info(msgspec.Struct):
    swift: _Swift = msgspec.field(default_factory=_Swift)
    slo: _Slo | None = None
    bulk_delete: _Bulk | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """`max_file_size`: bytes that one object holds. `max_segments` of a manifest, `max_deletes` of a bulk delete;
    0: the cluster has no such thing. `page_limit`: rows of a listing that may be asked for at once.
    """

    max_file_size: int
    max_segments: int
    max_deletes: int
    page_limit: int = 10_000


def read(document: bytes) -> Abilities:
    """The abilities that `/info` tells; those of every Swift where it tells nothing that can be understood."""
    try:
        info = msgspec.json.decode(document, type=_Info)
    except msgspec.DecodeError:
        info = _Info()
    return Abilities(
        info.swift.max_file_size,
        0 if info.slo is None else info.slo.max_manifest_segments,
        0 if info.bulk_delete is None else info.bulk_delete.max_deletes_per_request,
        max(1, min(info.swift.account_listing_limit, info.swift.container_listing_limit)),
    )


class Info:
    """Asks once: at the start, or when first somebody wants to know. An upstream that is down is asked again then."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: Abilities | None = None
        self._asking = asyncio.Lock()
        self._early: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._early = asyncio.create_task(self._learn())

    async def aclose(self) -> None:
        if self._early is not None:
            self._early.cancel()
            await asyncio.wait((self._early,))

    async def get(self) -> Abilities:
        """Raises `Unavailable` while the upstream does not answer."""
        if self._known is None:
            async with self._asking:
                if self._known is None:
                    self._known = read(await self._client.info())
        return self._known

    async def _learn(self) -> None:
        with suppress(StoreError):
            await self.get()
