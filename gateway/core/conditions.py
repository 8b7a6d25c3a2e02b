"""Preconditions of reads and writes (RFC 9110, section 13), evaluated in this one place."""

import re
from dataclasses import dataclass
from typing import Protocol

from gateway.core.encryption import CustomerKey
from gateway.core.errors import ConditionFailed, NotModified
from gateway.core.expiry import has_vanished

ANYTHING = "*"

SECOND = 1_000_000_000
TICK = 10_000
"""Nanoseconds of one step of Swift's clock."""

_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"][^\s,]*)')


class Validators(Protocol):
    """What a precondition looks at."""

    @property
    def etag(self) -> str: ...

    @property
    def modified(self) -> int: ...

    @property
    def size(self) -> int: ...


class Standing(Validators, Protocol):
    """What a precondition of a write looks at."""

    @property
    def expires(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What must hold for an operation to go ahead.

    `secret` is the key that the object has to be encrypted with; it opens the object to a reader.

    Entity tags stand without quotes; the tuple `("*",)` means any object at all. Dates are in whole seconds
    since the epoch; times of objects are rounded down to compare them, or up with `up`. `size` (bytes) and `modified`
    are what an object must have that is to be written over or deleted; readers have no such conditions. Nor have they
    those of deletes: `expires` is the very time at which the object is to vanish, whether or not it has come; `past`:
    it is a version that does not stand.
    """

    if_match: tuple[str, ...] = ()
    if_none_match: tuple[str, ...] = ()
    if_modified_since: int | None = None
    if_unmodified_since: int | None = None
    up: bool = False
    secret: CustomerKey | None = None
    size: int | None = None
    modified: int | None = None
    expires: int | None = None
    past: bool = False


ANY = When()
ABSENT = When(if_none_match=(ANYTHING,))


def check_read(when: When, found: Validators) -> None:
    """Raise `ConditionFailed` (412) or `NotModified` (304) unless `found` may be sent (RFC 9110, 13.2.2)."""
    if when is ANY:
        return
    _check_current(when, found)
    if when.if_none_match:
        if _matches(when.if_none_match, found):
            raise NotModified
    elif when.if_modified_since is not None and _second(when, found) <= when.if_modified_since:
        raise NotModified


def check_write(when: When, found: Standing | None) -> None:
    """Raise `ConditionFailed` unless the object that stands (`None`: there is none) may be replaced or deleted."""
    if when is ANY:
        return
    if when.expires is not None:
        _check_expires(when.expires, found)
    elif found is not None and has_vanished(found.expires):
        found = None
    _check_current(when, found)
    if when.if_none_match and _matches(when.if_none_match, found):
        raise ConditionFailed
    if when.size is not None or when.modified is not None:
        _check_same(when, found)


def _check_expires(expires: int, found: Standing | None) -> None:
    if found is None or found.expires != expires:
        raise ConditionFailed(missing=found is None)


def _check_same(when: When, found: Validators | None) -> None:
    if found is None:
        raise ConditionFailed(missing=True)
    if when.size not in {None, found.size} or when.modified not in {None, found.modified // SECOND}:
        raise ConditionFailed


def _check_current(when: When, found: Validators | None) -> None:
    if when.if_match:
        if not _matches(when.if_match, found):
            raise ConditionFailed(missing=found is None)
    elif when.if_unmodified_since is not None and found and _second(when, found) > when.if_unmodified_since:
        raise ConditionFailed


def _second(when: When, found: Validators) -> int:
    return rounded_up(found.modified) if when.up else found.modified // SECOND


def rounded_up(moment: int) -> int:
    """The whole second that a time is dated with where no change may be dated before it happened, as Swift does."""
    return -(-(moment // TICK) * TICK // SECOND)


def _matches(tags: tuple[str, ...], found: Validators | None) -> bool:
    return found is not None and (ANYTHING in tags or found.etag in tags)


def parse_etags(header: str) -> tuple[str, ...]:
    """The entity tags of an If-Match or If-None-Match header, without quotes and weakness marks (RFC 9110, 8.8.3).

    Tags without quotes, which many clients send, are understood. A star in quotes is a tag like any other, not
    `ANYTHING`: it keeps its quotes. A weak tag is taken for its strong form: stores give out strong ones only, and what
    weakens them on the way (a proxy that compresses) means the same bytes.
    """
    return tuple(_unquoted(match) for match in _TAG.finditer(header))


def _unquoted(match: re.Match[str]) -> str:
    quoted, bare = match.groups()
    if quoted is None:
        return bare.removeprefix("W/")
    return match[0] if quoted == ANYTHING else quoted
