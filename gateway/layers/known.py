"""What was read of buckets lately, so that nearly all operations need not ask for it, and layers that go by it."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.store import Store
from gateway.core.types import PropsChange
from gateway.layers.layer import Layer

T = TypeVar("T")

KNOWN_SECONDS = 5.0
"""For how long it is believed, where another process may change it."""
MAX_KNOWN = 10_000


class Known(Generic[T]):
    """Facts of buckets by their names. Whoever changes a bucket in this process has it forgotten."""

    def __init__(
        self,
        read: Callable[[str], Awaitable[BucketMeta]],
        fact: Callable[[BucketMeta], Awaitable[T]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._fact = fact
        self._clock = clock
        self._entries: dict[str, tuple[float, T]] = {}
        self._changes = 0

    def at_hand(self, bucket: str) -> T | None:
        """What is known without asking; None: nothing."""
        entry = self._entries.get(bucket)
        return entry[1] if entry is not None and entry[0] > self._clock() else None

    async def of(self, bucket: str) -> T:
        """Raises as `Store.stat_bucket`."""
        entry = self._entries.get(bucket)
        now = self._clock()
        if entry is not None and entry[0] > now:
            return entry[1]
        changes = self._changes
        fact = await self._fact(await self._read(bucket))
        if changes == self._changes:
            if len(self._entries) >= MAX_KNOWN:
                self._entries.clear()
            self._entries[bucket] = now + KNOWN_SECONDS, fact
        return fact

    def forget(self, *buckets: str) -> None:
        """Have them read anew; without names, all."""
        self._changes += 1
        for bucket in buckets:
            self._entries.pop(bucket, None)
        if not buckets:
            self._entries.clear()


class Knowing(Layer, Generic[T]):
    """A layer that goes by a fact of each bucket, and forgets it when the bucket changes."""

    def __init__(
        self, inner: Store, fact: Callable[[BucketMeta], Awaitable[T]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(inner)
        self._known = Known(inner.stat_bucket, fact, clock)

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        self._known.forget(name)
        return await super().create_bucket(name, props)

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        found = await super().update_bucket(name, change)
        self._known.forget(name)
        return found

    async def delete_bucket(self, name: str) -> None:
        await super().delete_bucket(name)
        self._known.forget(name)

    async def rename_bucket(self, source: str, target: str) -> None:
        await super().rename_bucket(source, target)
        self._known.forget(source, target)
