"""Large objects over stores of tests, where nobody asks who reads."""

from gateway.core.buckets import BucketMeta
from gateway.core.store import Store
from gateway.layers.links import Linked
from gateway.layers.manifests import Gate, LargeObjects


async def _read(store: Store, bucket: BucketMeta, name: str) -> None:
    pass


async def _list(store: Store, bucket: BucketMeta) -> None:
    pass


OPEN = Gate(_read, _list)
"""Lets everybody in."""


def following(store: Store) -> Linked:
    """`store` with symbolic links."""
    return Linked(store, _read)


def assembling(store: Store) -> LargeObjects:
    """`store` with large objects."""
    return LargeObjects(store, OPEN)
