"""Renames: `capabilities.Rename`."""

from functools import partial

from gateway.core.conditions import ANY, When
from gateway.core.names import check_bucket, checked_key
from gateway.core.types import Key, Meta
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.tables import buckets, renames


class Renames(Part):
    """Each rename is one transaction, which moves no bytes."""

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        checked_key(source)
        checked_key(target)
        rename = partial(renames.rename, source=source, target=target, when=when, source_when=source_when)
        return await self._engine.writer.run(rename)

    async def rename_prefix(self, source: Key, target: Key) -> int:
        check_bucket(source.bucket)
        check_bucket(target.bucket)
        return await self._engine.writer.run(partial(renames.rename_prefix, source=source, target=target))

    async def rename_bucket(self, source: str, target: str) -> None:
        check_bucket(source)
        check_bucket(target)
        await self._engine.writer.run(partial(buckets.rename, source=source, target=target))
