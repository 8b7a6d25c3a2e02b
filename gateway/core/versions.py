"""Versions: their records, their ids, and the order of these.

Ids are opaque to clients, can't be guessed, and begin with the version's rank. Of the versions of one name, the newer
has the lower rank: an index in ascending order has the newest first.
"""

import re
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.errors import InvalidVersion
from gateway.core.types import Meta

NULL = "null"
"""How the version without an id is named, of which a name has one at most."""

VERSIONS_LEFT = "Former versions or delete markers lie in the bucket: remove them one by one, by their version ids"
"""What is said of a bucket that looks empty and can't be deleted."""

_OLDEST = 2**63 - 1
_ID = re.compile("[0-7][0-9a-f]{31}")
_FOREIGN = re.compile("[!-~]{1,1024}")


class Versioning(StrEnum):
    """Whether a bucket keeps what is replaced or deleted. `OFF` is the state before versioning was first enabled."""

    OFF = "off"
    ENABLED = "enabled"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One row of a listing of versions. `latest`: it is what the name stands for.

    `marker`: a delete marker; its `meta` has no bytes, no ETag and no properties.
    """

    meta: Meta
    latest: bool
    marker: bool = False

    @property
    def name(self) -> str:
        return self.meta.key.name


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version as a caller names it. `version`: an id, or `NULL`; None is the current one."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionQuery:
    """Which versions a listing shows, ordered by name, then from the newest to the oldest. The markers are exclusive.

    `version_marker`: an id, or `NULL`, of a version of `key_marker`; empty: behind all of that name. A name without a
    version without an id begins behind that.
    """

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    version_marker: str = ""
    limit: int = 1000


def stands(version: str | None) -> bool:
    """Whether a store that keeps no versions has it: what stands is all that there is, and bears no id."""
    return version in {None, NULL}


def next_rank(newest: int | None) -> int:
    """A rank for a version newer than that of rank `newest` (None: it is the first), whatever the clock says."""
    rank = _OLDEST - time.time_ns()
    return rank if newest is None else min(rank, newest - 1)


def new_id(rank: int) -> str:
    """An id for a new version."""
    return f"{rank:016x}{secrets.token_hex(8)}"


def rank_of(version: str) -> int:
    """The rank in an id. Raises `InvalidVersion` for what is none."""
    if not _ID.fullmatch(version):
        raise InvalidVersion
    return int(version[:16], 16)


def check_foreign(version: str) -> None:
    """Let pass an id that some other server gave, in whatever form. Raises `InvalidVersion` for what can be none."""
    if not _FOREIGN.fullmatch(version):
        raise InvalidVersion


def id_of(version: str) -> str | None:
    """The id that a caller names; None for `NULL`. Raises `InvalidVersion`."""
    if version == NULL:
        return None
    rank_of(version)
    return version
