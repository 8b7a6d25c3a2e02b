"""The groups that a user is in, as Swift's access lists name them.

Sources: `_get_user_groups` of `swift.common.middleware.tempauth`, and `_authorize_cross_tenant` of `keystoneauth`.
"""

from gateway.auth.principals import ANONYMOUS, Principal, Role
from gateway.auth.resellers import in_paths


def groups_of(principal: Principal) -> frozenset[str]:
    """The account, the user in it, his own groups, and for its administrators the accounts as paths name them."""
    if principal is ANONYMOUS:
        return frozenset()
    account = principal.account
    groups = {account.name, f"{account.name}:{principal.user}", *principal.standing.groups}
    if principal.role is Role.ADMIN:
        groups.update(map(in_paths, (account.id, *principal.standing.accounts)))
    return frozenset(groups)


def wildcards_of(principal: Principal) -> frozenset[str]:
    """Keystone's names for all users of an account, a user of any account, and all who have proved who they are."""
    if principal is ANONYMOUS:
        return frozenset()
    return frozenset({f"{principal.account.name}:*", f"*:{principal.user}", "*:*"})


def names_of(principal: Principal, owner: str) -> frozenset[str]:
    """All names that the list of a container of `owner` may mean somebody by; roles count among an account's own."""
    roles = principal.standing.roles if principal.is_of(owner) else frozenset()
    return groups_of(principal) | wildcards_of(principal) | roles
