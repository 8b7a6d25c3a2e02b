"""Bytes that have come in, as the index takes them over."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inline:
    """Few bytes, which are to lie in the index; as a segment of that id, should they become one."""

    segment: int
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Filed:
    """Bytes that lie in the file of a segment, durably, while no row names it yet."""

    segment: int
    size: int


Stored = Inline | Filed


@dataclass(frozen=True, slots=True)
class Received:
    """A body that has come in, whole and sound. `size` is what it tells of itself, which need not be what is stored."""

    stored: Stored
    size: int
    etag: str
    checksums: Mapping[str, str]
