"""Accounts: `capabilities.Accounts`, `Roster` and `Recount`."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.core.buckets import BUCKETS_LEFT, AccountMeta, BucketMeta
from gateway.core.errors import NoSuchAccount, NotEmpty
from gateway.core.listing import paginate
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.stores.memory.bucket import Bucket
from gateway.stores.memory.entry import frozen, now
from gateway.stores.memory.index import Index
from gateway.stores.memory.objects import Objects


class Accounts(Objects):
    """Totals are added up whenever they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._accounts: Index[str, AccountMeta] = Index()

    async def aclose(self) -> None:
        await super().aclose()
        self._accounts = Index()

    async def stat_account(self, owner: str) -> AccountMeta:
        return self._totalled(self._stated(owner))

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        return self._totalled(self._changed(self._stated(owner), change))

    async def has_account(self, owner: str) -> bool:
        return self._stated(owner).created is not None

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        if self._stated(owner).created is not None:
            return False
        self._changed(replace(self._stated(owner), created=now()), change)
        return True

    async def delete_account(self, owner: str) -> None:
        if self._stated(owner).created is None:
            raise NoSuchAccount
        if self._owned(owner):
            raise NotEmpty(BUCKETS_LEFT)
        self._accounts.pop(owner)

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        def seek(start: str, included: bool) -> Iterator[AccountMeta]:
            rows = self._accounts.walk(start, included, query.reverse)
            return (self._totalled(row) for row in rows if row.created is not None)

        return paginate(seek, query)

    async def recount(self, bucket: str) -> BucketMeta:
        found = self._buckets.get(bucket)
        found.bytes = sum(entry.meta.size for entry in found.objects.walk("", included=True))
        found.former = sum(entry.meta.size for _, entry in found.history.walk())
        return found.meta

    def _stated(self, owner: str) -> AccountMeta:
        return self._accounts.get(owner) or AccountMeta(name=owner, buckets=0, objects=0, bytes=0)

    def _changed(self, found: AccountMeta, change: PropsChange) -> AccountMeta:
        user, system = frozen(change.apply_user(found.user)), frozen(change.apply_system(found.system))
        changed = replace(found, user=user, system=system)
        self._accounts.put(found.name, changed)
        return changed

    def _owned(self, owner: str) -> list[Bucket]:
        return [bucket for bucket in self._buckets.index.walk("", included=True) if bucket.owner == owner]

    def _totalled(self, stated: AccountMeta) -> AccountMeta:
        own = self._owned(stated.name)
        return replace(
            stated,
            buckets=len(own),
            objects=sum(len(bucket.objects) for bucket in own),
            bytes=sum(bucket.bytes for bucket in own),
            former=sum(bucket.former for bucket in own),
        )
