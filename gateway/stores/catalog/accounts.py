"""Accounts: `capabilities.Accounts` and `Roster`."""

from functools import partial

from gateway.core.buckets import AccountMeta
from gateway.core.listing import paginate
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.engine import Part
from gateway.stores.catalog.tables import accounts


class Accounts(Part):
    """Totals, properties, and the accounts that are entered beside those of the configuration."""

    async def stat_account(self, owner: str) -> AccountMeta:
        return await self._engine.readers.away(partial(accounts.find, owner=owner))

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        return await self._engine.writer.run(partial(accounts.update, owner=owner, change=change))

    async def has_account(self, owner: str) -> bool:
        return self._engine.readers.here(partial(accounts.is_entered, owner=owner))

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        return await self._engine.writer.run(partial(accounts.create, owner=owner, change=change))

    async def delete_account(self, owner: str) -> None:
        await self._engine.writer.run(partial(accounts.delete, owner=owner))

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        def page(db: Connection) -> Page[AccountMeta | Prefix]:
            return paginate(partial(accounts.walk, db, query.reverse), query)

        return await self._engine.readers.away(page)
