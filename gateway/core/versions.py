"""The ids of versions, and their order.

Ids are opaque to clients, can't be guessed, and begin with the version's rank. Of the versions of one name, the newer
has the lower rank: an index in ascending order has the newest first.
"""

import re
import secrets
import time

from gateway.core.errors import InvalidVersion

NULL = "null"
"""How the version without an id is named, of which a name has one at most."""

VERSIONS_LEFT = "Former versions or delete markers lie in the bucket: remove them one by one, by their version ids"
"""What is said of a bucket that looks empty and can't be deleted."""

_OLDEST = 2**63 - 1
_ID = re.compile("[0-7][0-9a-f]{31}")
_FOREIGN = re.compile("[!-~]{1,1024}")


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
