"""What was read of buckets lately, so that nearly all operations need not ask for it."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.core.buckets import BucketMeta

T = TypeVar("T")

KNOWN_SECONDS = 5.0
"""For how long it is believed, where another process may change it."""
MAX_KNOWN = 10_000


class Known(Generic[T]):
    """Facts of buckets by their names. Whoever changes a bucket in this process has it forgotten."""

    def __init__(
        self, read: Callable[[str], Awaitable[BucketMeta]], fact: Callable[[BucketMeta], Awaitable[T]]
    ) -> None:
        self._read = read
        self._fact = fact
        self._entries: dict[str, tuple[float, T]] = {}
        self._changes = 0

    async def of(self, bucket: str) -> T:
        """Raises as `Store.stat_bucket`."""
        entry = self._entries.get(bucket)
        now = time.monotonic()
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
