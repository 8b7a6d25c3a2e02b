"""Swift's access lists of containers: who may read, and who may write, by groups and by the page that refers to it.

Sources: "Access Control Lists (ACLs)" in the OpenStack Swift documentation; `clean_acl`, `parse_acl` and
`referrer_allowed` of `swift.common.middleware.acl`, whose texts are told here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from gateway.auth.access import Action
from gateway.auth.groups import names_of
from gateway.auth.principals import Principal

READ = "swift:read"
"""The property of buckets that says who may read."""

WRITE = "swift:write"
"""The property of buckets that says who may write."""


class Kind(StrEnum):
    """Of what a list speaks."""

    READ = READ
    WRITE = WRITE


LISTINGS = ".rlistings"
_REFERRER = ".r:"
_REFERRERS = frozenset({".r", ".ref", ".referer", ".referrer"})
_NOWHERE = "unknown"
"""The host that a request comes from which does not say so."""

_READS = frozenset({Action.READ})
"""Former versions are for those only whose role or account's list says so, as in Swift."""
_LISTS = frozenset({Action.LIST, Action.LIST_VERSIONS, Action.STAT_BUCKET})
_WRITES = frozenset({Action.WRITE, Action.DELETE, Action.LIST_PARTS, Action.ABORT_UPLOAD, Action.PUT_OBJECT_TAGGING})


@dataclass(frozen=True, slots=True)
class _Entries:
    """What one list holds: rules about referring hosts, in their order, and groups."""

    hosts: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()


_NONE = _Entries()


@dataclass(frozen=True, slots=True)
class ContainerAcl:
    """Both lists of one container of the account `owner`."""

    owner: str
    read: _Entries = _NONE
    write: _Entries = _NONE

    def allows(self, principal: Principal, action: Action, referrer: str, *, public: bool) -> bool:
        """Whether the lists grant `action`. `public`: what is granted to everybody counts."""
        if action in _WRITES:
            return self._names(self.write, principal)
        if action not in _READS and action not in _LISTS:
            return False
        if public and (action in _READS or LISTINGS in self.read.groups) and _admits(self.read.hosts, referrer):
            return True
        return self._names(self.read, principal)

    def _names(self, entries: _Entries, principal: Principal) -> bool:
        return bool(entries.groups) and not entries.groups.isdisjoint(names_of(principal, self.owner))


def clean(kind: Kind, value: str) -> str:
    """A list in the one form that it is kept and told in. Raises `ValueError`; its text is for the client."""
    return ",".join(_clean(kind, item) for raw in value.split(",") if (item := raw.strip()))


def is_public(value: str) -> bool:
    """Whether a cleaned list of readers grants something to everybody whom some page refers."""
    return any(host != "-" and not host.startswith("-") for host in _entries(value).hosts)


def acl_of(system: Mapping[str, str], owner: str) -> ContainerAcl | None:
    """The lists that the properties of a bucket of `owner` hold; None where there are none."""
    read, write = system.get(READ, ""), system.get(WRITE, "")
    return ContainerAcl(owner, _entries(read), _entries(write)) if read or write else None


def _clean(kind: Kind, item: str) -> str:
    first, colon, second = (part.strip() for part in item.partition(":"))
    if not colon or not first.startswith("."):
        return item
    if first not in _REFERRERS:
        raise ValueError(f"Unknown designator {first!r} in ACL: {item!r}")
    if kind is Kind.WRITE:
        raise ValueError(f"Referrers not allowed in write ACL: {item!r}")
    sign = "-" if second.startswith("-") else ""
    host = second.removeprefix("-").strip()
    if host != "*" and host.startswith("*"):
        host = host[1:].strip()
    if host in {"", "."}:
        raise ValueError(f"No host/domain value after referrer designation in ACL: {item!r}")
    return f"{_REFERRER}{sign}{host}"


@lru_cache(1024)
def _entries(value: str) -> _Entries:
    items = [item for item in value.split(",") if item]
    return _Entries(
        tuple(item.removeprefix(_REFERRER) for item in items if item.startswith(_REFERRER)),
        frozenset(unquote(item) for item in items if not item.startswith(_REFERRER)),
    )


def _admits(hosts: tuple[str, ...], referrer: str) -> bool:
    """Whether the last rule that matches the referring host is one that admits it."""
    if not hosts:
        return False
    try:
        found = urlsplit(referrer).hostname or _NOWHERE
    except ValueError:
        found = _NOWHERE
    admitted = False
    for rule in hosts:
        host = rule.removeprefix("-")
        if host == found or (host.startswith(".") and found.endswith(host)) or (rule == "*"):
            admitted = host is rule
    return admitted
