"""Mappings as columns hold them, and bounds of names."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import msgspec

from gateway.core.locks import OBJECT_LOCK, BucketLock, lock_of
from gateway.core.types import Props

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode

_NOTHING: Mapping[str, str] = MappingProxyType({})

BEYOND = b""
"""Comes after every name: SQLite sorts any BLOB behind all texts."""


def pack(mapping: Mapping[str, str]) -> str | None:
    return _encode(dict(mapping)).decode() if mapping else None


def unpack(column: str | None) -> Mapping[str, str]:
    return _NOTHING if column is None else MappingProxyType(_decode(column))


@lru_cache(512)
def unpack_props(content_type: str, expires: int | None, user: str | None, system: str | None) -> Props:
    """Properties, as one value for all the many objects that have the same."""
    return Props(content_type=content_type, user=unpack(user), system=unpack(system), expires=expires)


@lru_cache(512)
def unpack_lock(column: str | None) -> BucketLock | None:
    """The lock among a bucket's properties. Most have none, which is seen without a look at all of them."""
    return lock_of(unpack(column)) if column is not None and OBJECT_LOCK in column else None


def pack_numbers(numbers: list[int]) -> str:
    """A list for SQLite's `json_each`."""
    return _encode(numbers).decode()


def floor(name: str, included: bool) -> str:
    """The least name of a walk upwards from `name`: no name contains a NUL, so behind one comes the name with it."""
    return name if included else name + "\0"


def ceiling(name: str, included: bool) -> str | bytes:
    """What all names of a walk downwards from `name` are less than; an empty name means from the last."""
    if not name:
        return BEYOND
    return name + "\0" if included else name
