"""The groups that a user is in, as Swift's access lists name them.

Sources: `_get_user_groups` of `swift.common.middleware.tempauth`, and `_authorize_cross_tenant` of `keystoneauth`.
"""

from gateway.auth.principals import ANONYMOUS, Principal, Role

RESELLER_PREFIX = "AUTH_"
"""What stands before an account's id in Swift's paths."""


def groups_of(principal: Principal) -> frozenset[str]:
    """The account, the user in it, and for its administrators the account as paths name it."""
    if principal is ANONYMOUS:
        return frozenset()
    account = principal.account
    groups = {account.name, f"{account.name}:{principal.user}"}
    if principal.role is Role.ADMIN:
        groups.add(RESELLER_PREFIX + account.id)
    return frozenset(groups)


def wildcards_of(principal: Principal) -> frozenset[str]:
    """Keystone's names for all users of an account, a user of any account, and all who have proved who they are."""
    if principal is ANONYMOUS:
        return frozenset()
    return frozenset({f"{principal.account.name}:*", f"*:{principal.user}", "*:*"})
