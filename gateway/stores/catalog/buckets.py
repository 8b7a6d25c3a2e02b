"""Buckets and their counters."""

from functools import partial

from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.listing import paginate
from gateway.core.locks import check_change
from gateway.core.names import check_bucket
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.tables import buckets, completions, uploads


class Buckets(Part):
    """The methods of `Store` that are about buckets, and `capabilities.Recount`."""

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        def page(db: Connection) -> Page[BucketMeta | Prefix]:
            return paginate(partial(buckets.walk, db, owner, query.reverse), query)

        return await self._engine.readers.away(page)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        check_bucket(name)
        return await self._engine.writer.run(partial(buckets.create, name=name, props=props))

    async def stat_bucket(self, name: str) -> BucketMeta:
        return self._engine.known.find(name)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        check_bucket(name)
        check_change(change)
        return await self._engine.writer.run(partial(buckets.update, name=name, change=change))

    async def delete_bucket(self, name: str) -> None:
        check_bucket(name)

        def work(db: Connection) -> None:
            bucket = buckets.identify(db, name)
            buckets.delete(db, bucket)
            uploads.drop_bucket(db, bucket)
            completions.drop_bucket(db, bucket)

        await self._engine.writer.run(work)

    async def recount(self, bucket: str) -> BucketMeta:
        check_bucket(bucket)
        return await self._engine.writer.run(partial(buckets.recount, name=bucket))
