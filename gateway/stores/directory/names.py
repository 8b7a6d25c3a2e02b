"""Names of objects as places in a tree of files, and which of them a file system can't hold."""

from dataclasses import dataclass

from gateway.core.errors import InvalidName
from gateway.core.names import check_bucket, check_key
from gateway.core.paths import SEPARATOR

HIDDEN = ".portico"
"""The folder, of the root and of each bucket, that holds what is no object."""

MAX_SEGMENT = 255
"""Bytes of the name of a file."""


class Unholdable(InvalidName):
    """A name that is right in itself, but that no file can have."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object lies in its bucket's folder. `is_directory`: its name ends with a slash."""

    parents: tuple[str, ...]
    leaf: str
    is_directory: bool

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.parents, self.leaf)


def place(name: str) -> Place:
    """The place of an object. Raises `InvalidName`, and `Unholdable` with what is wrong."""
    segments = check_key(name).removesuffix(SEPARATOR).split(SEPARATOR)
    if "" in segments:
        raise Unholdable("This store keeps files: a name must not begin with a slash or have two in a row")
    if segments[0] == HIDDEN:
        raise Unholdable(f"This store keeps files: the name {HIDDEN} is its own")
    if any(len(segment.encode()) > MAX_SEGMENT for segment in segments):
        raise Unholdable(f"This store keeps files: no part of a name between slashes may pass {MAX_SEGMENT} bytes")
    return Place(tuple(segments[:-1]), segments[-1], name.endswith(SEPARATOR))


def folder(bucket: str) -> str:
    """The name of a bucket's folder. Raises `InvalidName`, and `Unholdable` with what is wrong."""
    if check_bucket(bucket) == HIDDEN or len(bucket.encode()) > MAX_SEGMENT:
        raise Unholdable(f"This store keeps files: a bucket has up to {MAX_SEGMENT} bytes and is not called {HIDDEN}")
    return bucket


def is_holdable(name: str) -> bool:
    """Whether a name is one that an object can have here."""
    try:
        place(name)
    except InvalidName:
        return False
    return True
