"""Writes that `core.ops` does in a slower way where a store lacks them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.body import Body
from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError
from gateway.core.types import Deleted, Key, Meta, Put


class Append(Protocol):
    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """Add bytes to the end of an object, or create it; its old bytes are not moved.

        `opts.props` count only where the object is created. Raises as `Store.put`.
        """
        ...


class Batch(Protocol):
    """Many deletes as one."""

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """Remove objects; what was done or refused stands in the order of `names`. Raises `NoSuchBucket`."""
        ...


class Rename(Protocol):
    """Renames that move no bytes, each in one transaction."""

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        """Rename an object if `source_when` allows, replacing what stands at `target` if `when` does.

        Raises as `Store.copy`.
        """
        ...

    async def rename_prefix(self, source: Key, target: Key) -> int:
        """Rename all objects whose names begin with `source.name`; returns how many there were.

        Raises `AlreadyExists` where a name begins with `target.name`, `NoSuchKey` where none begins with `source.name`,
        `InvalidName` where a new name would break the rules or `target` lies inside of `source`.
        """
        ...

    async def rename_bucket(self, source: str, target: str) -> None:
        """Give a bucket another name. Raises `NoSuchBucket`, `AlreadyExists`."""
        ...
