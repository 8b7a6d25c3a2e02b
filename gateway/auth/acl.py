"""Access control lists of buckets and objects.

Source: "Access control list (ACL) overview" in the Amazon S3 User Guide.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from gateway.auth.access import Action
from gateway.auth.principals import ANONYMOUS, Principal

MAX_GRANTS = 100


class Permission(StrEnum):
    """What a grant gives. The values are S3's words."""

    READ = "READ"
    WRITE = "WRITE"
    READ_ACP = "READ_ACP"
    WRITE_ACP = "WRITE_ACP"
    FULL_CONTROL = "FULL_CONTROL"


class Group(StrEnum):
    """Groups that S3 knows by a URI. Nobody here is of the last one, which stands for S3's own log writer."""

    ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
    AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
    LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"


PUBLIC = frozenset({Group.ALL_USERS, Group.AUTHENTICATED_USERS})


class Grant(NamedTuple):
    """`grantee` is a group, or the id of an account, which means all of its users."""

    grantee: str | Group
    permission: Permission

    def reaches(self, principal: Principal) -> bool:
        """Whether `principal` is who the grant is made to."""
        match self.grantee:
            case Group.ALL_USERS:
                return True
            case Group.AUTHENTICATED_USERS:
                return principal is not ANONYMOUS
            case Group.LOG_DELIVERY:
                return False
            case account:
                return principal is not ANONYMOUS and principal.account.id == account


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may do what to one bucket or object, beside what its owner may do in any case."""

    grants: tuple[Grant, ...]

    @property
    def is_public(self) -> bool:
        """Whether something is granted to everybody, or to everybody with an account."""
        return any(grant.grantee in PUBLIC for grant in self.grants)

    def without_public(self) -> "Acl":
        """The list as it stands where public grants are ignored."""
        return Acl(tuple(grant for grant in self.grants if grant.grantee not in PUBLIC))

    def pack(self) -> str:
        """The list as a property holds it."""
        return json.dumps([[grant.grantee, grant.permission] for grant in self.grants], separators=(",", ":"))


_GROUPS = {group.value: group for group in Group}


@lru_cache(1024)
def unpack(text: str) -> Acl:
    """The list that a property holds."""
    return Acl(
        tuple(Grant(_GROUPS.get(grantee, grantee), Permission(permission)) for grantee, permission in json.loads(text))
    )


def private(owner: str) -> Acl:
    """The list that a bucket or object has where nothing else was asked for."""
    return Acl((Grant(owner, Permission.FULL_CONTROL),))


_CANNED: Mapping[str, tuple[tuple[Group, Permission], ...]] = {
    "private": (),
    "public-read": ((Group.ALL_USERS, Permission.READ),),
    "public-read-write": ((Group.ALL_USERS, Permission.READ), (Group.ALL_USERS, Permission.WRITE)),
    "authenticated-read": ((Group.AUTHENTICATED_USERS, Permission.READ),),
    "log-delivery-write": ((Group.LOG_DELIVERY, Permission.WRITE), (Group.LOG_DELIVERY, Permission.READ_ACP)),
}

BUCKET_OWNER_FULL_CONTROL = "bucket-owner-full-control"

_FOR_BUCKET_OWNER = {
    "bucket-owner-read": Permission.READ,
    BUCKET_OWNER_FULL_CONTROL: Permission.FULL_CONTROL,
}


def canned(name: str, owner: str, bucket_owner: str) -> Acl | None:
    """The list of that name for something of `owner`; None where S3 has none of that name.

    Source: "Canned ACL" in the Amazon S3 User Guide.
    """
    own = private(owner)
    if name in _FOR_BUCKET_OWNER:
        return own if owner == bucket_owner else with_grants(own, [Grant(bucket_owner, _FOR_BUCKET_OWNER[name])])
    if (found := _CANNED.get(name)) is None:
        return None
    return with_grants(own, [Grant(*pair) for pair in found])


def with_grants(acl: Acl, grants: Iterable[Grant]) -> Acl:
    """`acl` with further grants."""
    return Acl((*acl.grants, *grants))


_ACP = {
    Permission.READ_ACP: frozenset({Action.GET_BUCKET_ACL}),
    Permission.WRITE_ACP: frozenset({Action.PUT_BUCKET_ACL}),
}
_LISTS = frozenset({Action.LIST, Action.LIST_VERSIONS, Action.LIST_UPLOADS})
_CHANGES = frozenset({Action.WRITE, Action.DELETE, Action.LIST_PARTS, Action.ABORT_UPLOAD, Action.PUT_OBJECT_TAGGING})
"""Whoever may replace an object, tags and all, may as well tag it."""

ON_BUCKET: Mapping[Permission, frozenset[Action]] = {
    Permission.READ: _LISTS,
    Permission.WRITE: _CHANGES,
    **_ACP,
    Permission.FULL_CONTROL: frozenset({*_LISTS, *_CHANGES, *_ACP[Permission.READ_ACP], *_ACP[Permission.WRITE_ACP]}),
}
"""What a permission on a bucket is good for. Source: "Mapping of ACL permissions and access policy permissions"."""

_OBJECT_READS = frozenset({Action.READ, Action.READ_VERSION})
_OBJECT_ACL = {
    Permission.READ_ACP: frozenset({Action.GET_OBJECT_ACL, Action.GET_VERSION_ACL}),
    Permission.WRITE_ACP: frozenset({Action.PUT_OBJECT_ACL, Action.PUT_VERSION_ACL}),
}

ON_OBJECT: Mapping[Permission, frozenset[Action]] = {
    Permission.READ: _OBJECT_READS,
    Permission.WRITE: frozenset(),
    **_OBJECT_ACL,
    Permission.FULL_CONTROL: frozenset(
        {*_OBJECT_READS, *_OBJECT_ACL[Permission.READ_ACP], *_OBJECT_ACL[Permission.WRITE_ACP]}
    ),
}
"""The same for an object: who may overwrite or delete it is a matter of its bucket."""
