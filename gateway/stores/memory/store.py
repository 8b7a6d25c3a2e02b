"""The store, whole."""

from dataclasses import replace

from gateway.core.types import AccountMeta, PropsChange
from gateway.stores.memory.entry import frozen
from gateway.stores.memory.expiry import Expiring
from gateway.stores.memory.locks import Locks
from gateway.stores.memory.renames import Renames
from gateway.stores.memory.uploads import Uploads
from gateway.stores.memory.versions import Versions


class Memory(Uploads, Renames, Versions, Expiring, Locks):
    """A store with every capability of the contract, and `capabilities.Accounts` of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._accounts: dict[str, AccountMeta] = {}

    async def aclose(self) -> None:
        await super().aclose()
        self._accounts.clear()

    async def stat_account(self, owner: str) -> AccountMeta:
        stated = self._accounts.get(owner) or AccountMeta(name=owner, buckets=0, objects=0, bytes=0)
        own = [bucket for bucket in self._buckets.index.walk("", included=True) if bucket.owner == owner]
        return replace(
            stated,
            buckets=len(own),
            objects=sum(len(bucket.objects) for bucket in own),
            bytes=sum(bucket.bytes for bucket in own),
        )

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta:
        found = await self.stat_account(owner)
        user, system = frozen(change.apply_user(found.user)), frozen(change.apply_system(found.system))
        self._accounts[owner] = replace(found, user=user, system=system)
        return self._accounts[owner]
