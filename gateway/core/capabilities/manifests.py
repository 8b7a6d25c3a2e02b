"""Objects that read as what others hold."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.manifest import Entry
from gateway.core.store import Store
from gateway.core.types import Key, Meta, Put


class Manifests(Protocol):
    """Large objects of Swift's kinds, which read as what their manifests stand for (`core.manifest`)."""

    @property
    def plain(self) -> Store:
        """The store in which a manifest is the object that it is by itself."""
        ...

    async def put_manifest(self, key: Key, entries: Sequence[Entry], opts: Put) -> Meta:
        """Store a static manifest of entries that have been looked at. Raises as `Store.put`."""
        ...

    async def entries(self, meta: Meta) -> Sequence[Entry]:
        """What a static manifest lists that `plain` describes so. Raises `ConditionFailed` for another one by now."""
        ...


class Links(Protocol):
    """Symbolic links, which read as what they lead to (`core.links`)."""

    @property
    def unfollowed(self) -> Store:
        """The store in which a link is the object that it is by itself; links are made there."""
        ...
