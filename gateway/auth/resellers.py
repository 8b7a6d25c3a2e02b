"""Reseller prefixes: what stands before an account's id in Swift's paths, and the further accounts they make of it.

`SERVICE_x` is another account than `AUTH_x`, in the same namespace. A service keeps there what it keeps for the users
of `x`, who reach it through the service alone. Sources: "The Auth System" in the OpenStack Swift documentation, and
`tempauth` and `keystoneauth` for `reseller_prefix`, `require_group` and `service_roles`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.auth.principals import MARK_OF_RESELLERS, Account, Principal, Standing, User

RESELLER_PREFIX = "AUTH_"
"""What stands before an account's id in Swift's paths."""


def owner_of(account: str) -> str | None:
    """The id of an account from its name in paths; None where it can't be one.

    Under any other prefix than the usual one, the id is the whole name with a mark before it.
    """
    owner = account.removeprefix(RESELLER_PREFIX)
    if len(owner) == len(account):
        return MARK_OF_RESELLERS + account if 0 < account.find("_") < len(account) - 1 else None
    return owner if owner and owner[0] != MARK_OF_RESELLERS else None


def in_paths(owner: str) -> str:
    """The name of an account in paths, from its id."""
    return owner[1:] if owner.startswith(MARK_OF_RESELLERS) else RESELLER_PREFIX + owner


@dataclass(frozen=True, slots=True)
class Reseller:
    """A prefix beside the usual one, with its underscore.

    `services`: who has none of these groups or roles does not serve there; empty: no service is needed.
    """

    prefix: str
    services: frozenset[str] = frozenset()

    def account(self, account_id: str) -> str:
        """The id of the account that this prefix makes of another one."""
        return f"{MARK_OF_RESELLERS}{self.prefix}{account_id}"


class Resellers:
    """The prefixes of an installation beside the usual one."""

    def __init__(self, resellers: Iterable[Reseller] = ()) -> None:
        self._resellers = tuple(resellers)
        self._open = [each for each in self._resellers if not each.services]
        self._served = [each for each in self._resellers if each.services]

    @property
    def have_services(self) -> bool:
        """Whether there are accounts for which it takes a service as well as a user."""
        return bool(self._served)

    def origin(self, owner: str) -> str | None:
        """The id of the account of which a prefix made `owner`; None where none did."""
        for each in self._resellers:
            origin = owner.removeprefix(each.account(""))
            if len(origin) < len(owner):
                return origin if origin and origin[0] != MARK_OF_RESELLERS else None
        return None

    def standing(self, account: Account, standing: Standing) -> Standing:
        """With the accounts that users of `account` reach without a service."""
        return _with_accounts(standing, (each.account(account.id) for each in self._open))

    def admitted(self, user: User) -> User:
        """A user with the accounts that he reaches without a service."""
        return replace(user, standing=self.standing(user.account, user.standing)) if self._open else user

    def vouched(self, principal: Principal, service: Principal) -> Principal:
        """A user for whom a service speaks, with the accounts that this opens to him."""
        names = {name.lower() for name in service.standing.groups | service.standing.roles}
        opened = [each.account(principal.account.id) for each in self._served if not names.isdisjoint(each.services)]
        return principal._replace(standing=_with_accounts(principal.standing, opened))


def _with_accounts(standing: Standing, accounts: Iterable[str]) -> Standing:
    further = standing.accounts.union(accounts)
    return replace(standing, accounts=further) if further else standing


NO_RESELLERS = Resellers()
