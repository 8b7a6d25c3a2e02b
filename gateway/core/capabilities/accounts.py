"""What a store can tell and keep of accounts, and of what they hold."""

from typing import Protocol

from gateway.core.buckets import AccountMeta, BucketMeta
from gateway.core.types import ListQuery, Page, Prefix, PropsChange


class Accounts(Protocol):
    """Totals and properties of accounts. An account that was never written to exists with zeros."""

    async def stat_account(self, owner: str) -> AccountMeta: ...

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta: ...


class Roster(Protocol):
    """Accounts that are entered beside those of the configuration, and have no users of their own.

    A bucket may be made for an owner who is not entered, or no longer: he has it once he is.
    """

    async def has_account(self, owner: str) -> bool:
        """Whether an account is entered; costs no more than that."""
        ...

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        """Enter an account, and change its properties; False where it was entered before, which changes nothing."""
        ...

    async def delete_account(self, owner: str) -> None:
        """Strike an account out, with its properties. Raises `NoSuchAccount`; `NotEmpty` while it owns a bucket."""
        ...

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        """Those that are entered, by id."""
        ...


class Recount(Protocol):
    """Counters that are kept beside what they count, and can be made anew of it."""

    async def recount(self, bucket: str) -> BucketMeta:
        """Count what stands in a bucket, and have its counters say so. Raises `NoSuchBucket`."""
        ...
