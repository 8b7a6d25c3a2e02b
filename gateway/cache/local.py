"""The in-process twin of the distributed cache: for a single process, and for tests."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from cachetools import TLRUCache

from gateway.cache.base import Cache

MAX_BYTES = 32 * 1024 * 1024
ENTRY_OVERHEAD = 200
"""Bytes that an entry costs beside its key and value."""

_Entry = tuple[bytes, int]


class LocalCache(Cache):
    """Values in this process, the least recently used ones dropped beyond `max_bytes`. `clock` is in seconds."""

    def __init__(self, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = monotonic) -> None:
        self._entries: TLRUCache[bytes, _Entry] = TLRUCache(max_bytes, ttu=_expiry, timer=clock, getsizeof=_size)

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        return {key: entry[0] for key in keys if (entry := self._entries.get(key)) is not None}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        try:
            self._entries[key] = value, ttl
        except ValueError:  # larger than the whole cache
            self._entries.pop(key, None)
            return False
        return True

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return key not in self._entries and await self.set(key, value, ttl)

    async def flush(self) -> bool:
        self._entries.clear()
        return True

    async def aclose(self) -> None:
        self._entries.clear()


def _expiry(key: bytes, entry: _Entry, now: float) -> float:
    return now + entry[1]


def _size(entry: _Entry) -> int:
    return len(entry[0]) + ENTRY_OVERHEAD
