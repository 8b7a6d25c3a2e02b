"""Symbolic links, as OpenStack Swift has them: objects without bytes of their own, which read as other objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

LINK = "swift:symlink"
"""The system property of a link: see `Link`."""
FOLLOWED = "swift:symlink-target"
"""What tells of an object that was reached by a link: see `Followed`. Nothing is ever stored with it."""

MAX_HOPS = 2
"""Links that are followed one after the other (Swift's `symloop_max`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a link leads to. `owner`: the id of an account; empty: the one that the link's own bucket belongs to.

    With `etag` it is static: the object has to have that ETag, and had `size` bytes when the link was made. `large`:
    the ETag that a static large object had as a whole.
    """

    container: str
    name: str
    owner: str = ""
    etag: str = ""
    size: int = 0
    large: str = ""

    @property
    def packed(self) -> str:
        """The value of the system property."""
        return f"{self.path} {quote(self.etag, safe='')} {self.size} {self.large}"

    @property
    def path(self) -> str:
        """The place, quoted part by part: account, container and name."""
        return "/".join((quote(self.owner, safe=":"), quote(self.container, safe=""), quote(self.name)))


class Followed(NamedTuple):
    """Where an object lies that was reached by a link (as `Link.path`), and which version of it that is."""

    place: str
    version: str | None

    @property
    def packed(self) -> str:
        """The value of the system property."""
        return self.place if self.version is None else f"{self.place} {self.version}"


def followed_of(system: Mapping[str, str]) -> Followed | None:
    """Where an object with these system properties was found; None for one that was reached by its own name."""
    value = system.get(FOLLOWED) if system else None
    if value is None:
        return None
    place, _, version = value.partition(" ")
    return Followed(place, version or None)


def link_of(system: Mapping[str, str]) -> Link | None:
    """Where an object with these system properties leads to; None for any that is no link."""
    value = system.get(LINK) if system else None
    if value is None:
        return None
    path, etag, size, large = value.split(" ")
    owner, container, name = map(unquote, path.split("/", 2))
    return Link(container=container, name=name, owner=owner, etag=unquote(etag), size=int(size), large=large)


def without_link(system: Mapping[str, str]) -> Mapping[str, str]:
    """The properties of an object that is no link, and is where it is."""
    if not (system and (LINK in system or FOLLOWED in system)):
        return system
    return {name: value for name, value in system.items() if name not in {LINK, FOLLOWED}}
