"""A door, or an account, that is read-only (`swift.common.middleware.read_only`).

That an account is, only operators may say; it holds at all doors (`core.readonly`).
"""

from collections.abc import Mapping

from gateway.auth.access import Action
from gateway.auth.principals import Principal, Role
from gateway.core import ops
from gateway.core.buckets import AccountMeta
from gateway.core.errors import ReadOnly
from gateway.core.readonly import NO, READ_ONLY, YES
from gateway.core.store import Store
from gateway.frontends.swift.parameters import truth

HEADER = "X-Account-Sysmeta-Read-Only"

DELETES = frozenset({Action.DELETE, Action.DELETE_VERSION, Action.DELETE_BUCKET})
WRITES = frozenset(
    {Action.WRITE, Action.CREATE_BUCKET, Action.UPDATE_BUCKET, Action.PUT_VERSIONING, Action.UPDATE_ACCOUNT}
)


def of_account(headers: Mapping[str, str], *, operator: bool) -> dict[str, str | None]:
    """What a request does to an account; None removes. Others than operators have nothing to say here."""
    value = headers.get(HEADER)
    if value is None or not operator:
        return {}
    return {READ_ONLY: (YES if truth(value) else NO) if value else None}


def shown(account: AccountMeta, *, operator: bool) -> list[tuple[str, str]]:
    """The header that tells operators of it."""
    return [(HEADER, account.system[READ_ONLY])] if operator and READ_ONLY in account.system else []


def changes(action: Action, principal: Principal, *, deletes: bool) -> bool:
    """Whether a read-only door is closed to an action; `deletes`: but to deletes. Operators may open accounts."""
    if action is Action.UPDATE_ACCOUNT and principal.role is Role.OPERATOR:
        return False
    return action in WRITES or (action in DELETES and not deletes)


async def check(store: Store, owner: str) -> None:
    """Raise `ReadOnly` for an account that is not excepted from what holds for the door."""
    if (await ops.stat_account(store, owner)).system.get(READ_ONLY) != NO:
        raise ReadOnly
