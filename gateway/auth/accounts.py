"""All accounts: those of the configuration, and those that an operator has entered beside them.

An account that is entered has no users of its own. Operators reach it, and whomever its access lists name; it lives in
the namespace of the operator who entered it, in whose store it is kept (`capabilities.Roster`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.auth.principals import Account, Registry
from gateway.auth.tenancy import Tenancy
from gateway.core import ops
from gateway.core.buckets import AccountMeta
from gateway.core.capabilities import find
from gateway.core.capabilities.accounts import Roster
from gateway.core.listing import Seek, paginate
from gateway.core.types import ListQuery, Page

IDENTIFIER = r"^[A-Za-z0-9._@+-]{1,128}$"
"""An account's id, or an access key: what fits into a path and into a signature as it is."""


def is_identifier(account_id: str) -> bool:
    """Whether an account may be entered under that id."""
    return re.fullmatch(IDENTIFIER, account_id) is not None


class Accounts:
    """Finds accounts, and lists them. Those of the configuration win, whatever is entered."""

    def __init__(self, registry: Registry, tenancy: Tenancy) -> None:
        self._registry = registry
        self._tenancy = tenancy
        self._rosters: Mapping[str, Roster] = {
            name: roster for name, store in tenancy.namespaces.items() if (roster := find(store, Roster)) is not None
        }

    def configured(self, account_id: str) -> Account | None:
        """The account of that id, if the configuration has it."""
        return self._registry.account(account_id)

    def of_email(self, email: str) -> Account | None:
        """The account of that address, in whatever case it is written."""
        return self._registry.account_of_email(email)

    async def find(self, account_id: str) -> Account | None:
        """The account of that id."""
        return self.configured(account_id) or await self.entered(account_id)

    async def entered(self, account_id: str) -> Account | None:
        """The account of that id, if it stands beside those of the configuration."""
        if is_identifier(account_id):
            for namespace, roster in self._rosters.items():
                if await roster.has_account(account_id):
                    return Account(account_id, account_id, namespace)
        return None

    async def page(self, query: ListQuery) -> Page[AccountMeta]:
        """One page of all accounts by id, with their totals. Groups are not told (`ListQuery.delimiter`)."""
        query = replace(query, delimiter="")
        pages = [await roster.accounts(query) for roster in self._rosters.values()]
        found = {row.name: row for page in pages for row in page.items if isinstance(row, AccountMeta)}
        configured = paginate(self._configured(query.reverse), query)
        for row in configured.items:
            if account := self.configured(row.name):
                found[row.name] = await ops.stat_account(self._tenancy.of(account), row.name)
        names = sorted(found, reverse=query.reverse)[: query.limit]
        last = len(found) <= query.limit and all(page.next is None for page in (configured, *pages))
        return Page(tuple(found[name] for name in names), None if last or not names else names[-1])

    def _configured(self, reverse: bool) -> Seek[AccountMeta]:
        ids = sorted((account.id for account in self._registry.accounts), reverse=reverse)

        def seek(start: str, included: bool) -> Iterator[AccountMeta]:
            for each in ids:
                behind = not start or (each < start if reverse else each > start)
                if behind or (included and each == start):
                    yield AccountMeta(name=each, buckets=0, objects=0, bytes=0)

        return seek
