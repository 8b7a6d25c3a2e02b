"""How the owners of things are shown."""

from gateway.auth.principals import Principal
from gateway.frontends.s3.xmlout import Members


def owner(account: str, principal: Principal) -> Members:
    """An account as an Owner or Initiator element. The name of another account than the caller's own is not told."""
    name = principal.account.name if principal.account.id == account else account
    return {"DisplayName": name, "ID": account}
