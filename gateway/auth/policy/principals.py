"""Whom a statement speaks of: the Principal and NotPrincipal elements.

Source: "AWS JSON policy elements: Principal" in the IAM User Guide. An account's id stands in the place of AWS's own.
"""

import re
from dataclasses import dataclass

from gateway.auth.principals import ANONYMOUS, Principal

ANYBODY = "*"

_ARN = re.compile(r"arn:aws[a-z-]*:iam::([^:*?]*):(root|user/(?:[^*?]*/)?([^/*?]+))")
_FOREIGN = re.compile(r"arn:aws[a-z-]*:(?:iam|sts|cloudfront)::[^*?]*")
_ACCOUNT = re.compile(r"[^\s:/*?]+")

_AMAZONS_OWN = frozenset({"Service", "Federated"})
"""Kinds of principals that there are none of here."""


@dataclass(frozen=True, slots=True)
class Who:
    """Everybody, an account's users (`user` is empty), one of its users, or (all empty) nobody that exists here."""

    anybody: bool = False
    account: str = ""
    user: str = ""

    def includes(self, principal: Principal) -> bool:
        if self.anybody:
            return True
        if principal is ANONYMOUS or principal.account.id != self.account:
            return False
        return not self.user or principal.user == self.user


_NOBODY = Who()


def parse_principal(element: object) -> tuple[Who, ...]:
    """Those that an element names. Raises `ValueError`; its text is for the client."""
    if element == ANYBODY:
        return (Who(anybody=True),)
    if not isinstance(element, dict) or not element:
        raise ValueError("Invalid policy syntax: a principal is * or an object.")
    found: list[Who] = []
    for kind, stated in element.items():
        names = stated if isinstance(stated, list) else [stated]
        if not names or not all(isinstance(name, str) for name in names):
            raise ValueError("Invalid principal in policy")
        found += [_who(kind, name) for name in names]
    return tuple(found)


def _who(kind: str, name: str) -> Who:
    if kind in _AMAZONS_OWN:
        return _NOBODY
    if kind == "CanonicalUser" and _ACCOUNT.fullmatch(name):
        return Who(account=name)
    if kind == "AWS":
        if name == ANYBODY:
            return Who(anybody=True)
        if match := _ARN.fullmatch(name):
            # Ceph's ARNs of users have no account; its users are what accounts are here.
            return Who(account=match[1], user=match[3] or "") if match[1] else Who(account=match[3] or "")
        if _FOREIGN.fullmatch(name):
            return _NOBODY
        if _ACCOUNT.fullmatch(name):
            return Who(account=name)
    raise ValueError("Invalid principal in policy")
