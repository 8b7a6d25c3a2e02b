"""Times of files that travel as metadata of objects: `mtime` as rclone and python-swiftclient write it, and `btime`.

Both are seconds since the epoch in decimal. Any frontend can read and state them: they are the client's own metadata.
"""

import re
from collections.abc import Mapping

from gateway.core.types import Meta

MODIFIED = "mtime"
CREATED = "btime"

_SECONDS = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?", re.ASCII)

_SECOND = 1_000_000_000


def modified(meta: Meta) -> int:
    """When a file was changed last, in ns since the epoch: what its writer stated, else the time of the object."""
    found = _time(meta.props.user, MODIFIED)
    return meta.modified if found is None else found


def created(meta: Meta) -> int | None:
    """When a file was made, in ns since the epoch, where that was stated."""
    return _time(meta.props.user, CREATED)


def stated(time: int) -> str:
    """A time in ns since the epoch as metadata."""
    seconds, rest = divmod(time, _SECOND)
    return f"{seconds}.{rest:09}" if rest else str(seconds)


def _time(user: Mapping[str, str], name: str) -> int | None:
    match = _SECONDS.fullmatch(user.get(name, ""))
    return int(match[1]) * _SECOND + int((match[2] or "").ljust(9, "0")) if match else None
