"""Who may read the segments of a manifest."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.core.buckets import BucketMeta
from gateway.core.errors import BrokenSegment, NotFound
from gateway.core.store import Store

Read = Callable[[Store, BucketMeta, str], Awaitable[None]]
List = Callable[[Store, BucketMeta], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Gate:
    """The access checks that segments need, about whoever asks at the moment; both raise `Denied`.

    `read`: an object may be read. `list`: a bucket may be listed.
    """

    read: Read
    list: List


class Neighbours:
    """The buckets that a manifest may lead to: those of the account that its own bucket belongs to."""

    def __init__(self, store: Store, gate: Gate, home: str) -> None:
        self._store = store
        self._gate = gate
        self._home = home
        self._known: dict[str, BucketMeta] = {}

    async def check_read(self, container: str, name: str) -> None:
        """Raise `Denied` where the caller must not read that object, `BrokenSegment` where it can't be one's own."""
        await self._gate.read(self._store, await self._bucket(container), name)

    async def check_list(self, container: str) -> None:
        """The same for a listing."""
        await self._gate.list(self._store, await self._bucket(container))

    async def _bucket(self, container: str) -> BucketMeta:
        found = self._known.get(container)
        if found is not None:
            return found
        try:
            home = await self._store.stat_bucket(self._home)
            found = home if container == self._home else await self._store.stat_bucket(container)
        except NotFound as missing:
            raise BrokenSegment from missing
        if found.owner != home.owner:
            raise BrokenSegment
        self._known[container] = found
        return found
