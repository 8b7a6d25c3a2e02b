"""How the owners of things are shown."""

from collections.abc import Mapping

from gateway.auth.principals import ANONYMOUS, Principal
from gateway.auth.rules import OWNER
from gateway.frontends.s3.xmlout import Members

NOBODY = "65a011a29cdf8ec533ec3d1ccaae921c"
"""S3's canonical id of whoever sent a request without a signature."""


def owner(account: str, principal: Principal) -> Members:
    """An account as an Owner or Initiator element. The name of another account than the caller's own is not told."""
    if account == ANONYMOUS.account.id:
        return {"ID": NOBODY}
    name = principal.account.name if principal.account.id == account else account
    return {"ID": account, "DisplayName": name}


def owner_of(system: Mapping[str, str] | None, principal: Principal, shown: Members) -> Members:
    """The owner of an object, also of one to be, as listings show it: mostly the bucket's, `shown`; empty for none.

    `system`: the object's properties.
    """
    account = system.get(OWNER) if system and shown else None
    return shown if account is None else owner(account, principal)
