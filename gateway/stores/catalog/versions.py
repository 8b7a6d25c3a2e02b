"""Versions: `capabilities.Versions` and `Standing`."""

from collections.abc import Sequence
from functools import partial

from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError
from gateway.core.names import check_bucket, checked_key
from gateway.core.types import Deleted, Key, Meta, Page, Prefix
from gateway.core.versions import Version, Versioning, VersionQuery, VersionRef
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.objects import delete_one
from gateway.stores.catalog.tables import buckets, history, versions


class Versions(Part):
    """What stands lies in one table, what is past in another; a listing walks along both at once."""

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        versioning = Versioning.ENABLED if enabled else Versioning.SUSPENDED
        work = partial(buckets.set_versioning, name=check_bucket(bucket), versioning=versioning)
        return await self._engine.writer.run(work)

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        return await self._engine.readers.away(partial(versions.page, bucket=check_bucket(bucket), query=query))

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        check_bucket(bucket)

        def work(db: Connection) -> Sequence[Deleted | StoreError]:
            buckets.identify(db, bucket)
            return [delete_one(db, Key(bucket, ref.name), ref.version) for ref in refs]

        return await self._engine.writer.run(work, [Key(bucket, ref.name) for ref in refs])

    async def stand(self, key: Key, version: str) -> Meta:
        work = partial(history.stand, key=checked_key(key), version=version)
        return await self._engine.writer.run(work, (key,), brief=True)

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        work = partial(history.withdraw, key=checked_key(key), when=when)
        return await self._engine.writer.run(work, (key,), brief=True)

    async def expunge(self, key: Key, version: str) -> Deleted:
        work = partial(history.delete_version, key=checked_key(key), version=version, promotes=False)
        return await self._engine.writer.run(work, (key,), brief=True)
