"""Times of files that travel as metadata of objects: `mtime` as rclone and python-swiftclient write it, and `btime`.

Both are seconds since the epoch in decimal. Any frontend can read and state them: they are the client's own metadata.
"""

import re
from collections.abc import Mapping

from gateway.core.capabilities.listings import Row

MODIFIED = "mtime"
CREATED = "btime"

_SECONDS = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?", re.ASCII)

_SECOND = 1_000_000_000


def modified(row: Row) -> int:
    """When a file was changed last, in ns since the epoch: what its writer stated, else the time of the object."""
    found = _time(row.user, MODIFIED)
    return row.modified if found is None else found


def created(row: Row) -> int | None:
    """When a file was made, in ns since the epoch, where that was stated."""
    return _time(row.user, CREATED)


def stated(time: int) -> str:
    """A time in ns since the epoch as metadata."""
    seconds, rest = divmod(time, _SECOND)
    return f"{seconds}.{rest:09}" if rest else str(seconds)


def _time(user: Mapping[str, str] | None, name: str) -> int | None:
    text = user.get(name) if user else None
    match = _SECONDS.fullmatch(text) if text else None
    return int(match[1]) * _SECOND + int((match[2] or "").ljust(9, "0")) if match else None
