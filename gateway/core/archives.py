"""Former versions in a container of their own, as OpenStack Swift's older kind of versioning keeps them.

Source: `swift.common.middleware.versioned_writes.legacy`.
"""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from gateway.core.buckets import BucketMeta
from gateway.core.types import Meta

LOCATION = "swift:versions-location"
"""The system property of a bucket that names, quoted, the one that its former versions go to."""
MODE = "swift:versions-mode"
"""The system property of such a bucket that holds its `Mode`; without it, it is a `STACK`."""

MARKER_TYPE = "application/x-deleted;swift_versions_deleted=1"
"""The type of an object that tells of a delete. No client can state it."""

_TICK = 10_000
"""Nanoseconds of the last digit of a time in Swift's names."""


class Mode(StrEnum):
    """What a delete does: a `STACK` has its newest former version stand again, a `HISTORY` gets all, and a mark."""

    STACK = "stack"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the former versions of a bucket go to, and whose both buckets are."""

    bucket: str
    mode: Mode
    owner: str


def archive_of(bucket: BucketMeta) -> Archive | None:
    """The archive of a bucket; None where it has none."""
    location = unquote(bucket.system.get(LOCATION, "")).partition("/")[0] if bucket.system else ""
    return Archive(location, Mode(bucket.system.get(MODE, Mode.STACK)), bucket.owner) if location else None


def folder_of(name: str) -> str:
    """What the names of all former versions of an object begin with."""
    return f"{len(name.encode()):03x}{name}/"


def past_name(name: str, modified: int) -> str:
    """The name of a former version that was written at `modified`, in ns since the epoch."""
    seconds, ticks = divmod(modified // _TICK, 10**9 // _TICK)
    return f"{folder_of(name)}{seconds:010d}.{ticks:05d}"


def is_marker(row: Meta) -> bool:
    """Whether an object of an archive tells of a delete."""
    return row.props.content_type == MARKER_TYPE
