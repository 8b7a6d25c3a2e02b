"""The keys that temporary URLs and forms are signed with, and how far each of them opens."""

from collections.abc import Callable
from enum import Enum, StrEnum, auto

from gateway.auth.digests import keys_of
from gateway.auth.principals import Account, Principal, Role
from gateway.core.errors import NoSuchBucket
from gateway.core.ops import stat_account
from gateway.core.store import Store
from gateway.frontends.swift.call import locate
from gateway.frontends.swift.target import Target


class Scope(Enum):
    """What a key is for: all of an account, or one container."""

    ACCOUNT = auto()
    CONTAINER = auto()


async def scope_of(store: Store, target: Target, owner: str, fits: Callable[[str], bool]) -> Scope | None:
    """How far the key opens that `fits`; None where none does."""
    if any(fits(key) for key in keys_of((await stat_account(store, owner)).user)):
        return Scope.ACCOUNT
    try:
        container = (await locate(store, target, owner)).container
    except NoSuchBucket:
        return None
    return Scope.CONTAINER if any(fits(key) for key in keys_of(container.user)) else None


class Bearer(StrEnum):
    """What policies and logs call whoever came with a signature."""

    TEMPURL = ".tempurl"
    FORMPOST = ".formpost"

    def of(self, account: Account) -> Principal:
        """His signature says what he may do, and a policy may deny it all the same."""
        return Principal(account, self, Role.WRITER)
