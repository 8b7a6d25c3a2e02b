"""Swift's access list of a whole account, which lets others into all that lies in it.

Source: "Account ACLs" in the OpenStack Swift documentation, and `tempauth`, whose texts are told here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from gateway.auth.access import ALLOWED, Action
from gateway.auth.groups import groups_of
from gateway.auth.principals import Principal, Role

ACCESS_CONTROL = "swift:access-control"
"""The property of accounts that holds the list."""


class Access(StrEnum):
    """How far somebody is let in, the furthest first. The values are Swift's words."""

    ADMIN = "admin"
    READ_WRITE = "read-write"
    READ_ONLY = "read-only"


_CONTAINERS = frozenset({Action.CREATE_BUCKET, Action.UPDATE_BUCKET, Action.DELETE_BUCKET})

GRANTED: Mapping[Access, frozenset[Action]] = {
    Access.ADMIN: ALLOWED[Role.ADMIN],
    Access.READ_WRITE: ALLOWED[Role.WRITER] | _CONTAINERS,
    Access.READ_ONLY: ALLOWED[Role.READER],
}


@dataclass(frozen=True, slots=True)
class AccountAcl:
    """Which groups are let in how far."""

    groups: Mapping[Access, frozenset[str]]

    def access_of(self, principal: Principal) -> Access | None:
        """How far somebody is let in; None where he is not named."""
        own = groups_of(principal)
        return next((access for access, named in self.groups.items() if not named.isdisjoint(own)), None)

    def allows(self, principal: Principal, action: Action) -> bool:
        """Whether the list grants `action`."""
        access = self.access_of(principal)
        return access is not None and action in GRANTED[access]


def clean(value: str) -> str:
    """A list in the one form that it is kept and told in; empty where it names nobody at all.

    Raises `ValueError`; its text is for the client.
    """
    stated = _parse(value)
    return json.dumps(stated, separators=(",", ":"), sort_keys=True) if stated else ""


@lru_cache(256)
def unpack(text: str) -> AccountAcl:
    """The list that a property holds."""
    stated = _parse(text)
    return AccountAcl({access: frozenset(stated.get(access, ())) for access in Access})


def _parse(value: str) -> dict[str, list[str]]:
    try:
        stated = json.loads(value) if value else {}
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, dict):
        raise ValueError(f"Syntax error in input ({value!r})")
    for key in stated:
        if key not in set(Access):
            raise ValueError(f"Key {json.dumps(key)} not recognized")
    for key in Access:
        names = stated.get(key, [])
        if not isinstance(names, list):
            raise ValueError(f"Value for key {json.dumps(key)} must be a list")
        if not all(isinstance(name, str) for name in names):
            raise ValueError(f"Elements of {json.dumps(key)} list must be strings")
    return stated
