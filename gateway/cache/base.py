"""What the layers ask of a cache."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """How a server of the cache has done since the start. `alone`: it fails, and is left alone for a while."""

    address: str
    errors: int
    alone: bool


class Cache(ABC):
    """Values of bytes under keys of 1 to 250 printable bytes, kept for up to a time to live in seconds.

    No method raises: a cache that can't be reached has nothing in it and keeps nothing. A cache may consist of parts
    that fail apart from each other.
    """

    parts: int = 1

    def part_of(self, key: bytes) -> int:
        """The part that a key lies in, from 0."""
        return 0

    def health(self) -> Sequence[Health]:
        """Of each server, where there are any."""
        return ()

    @abstractmethod
    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there; `keys` are distinct."""

    @abstractmethod
    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        """Keep a value; False where it could not be kept."""

    async def insist(self, key: bytes, value: bytes, ttl: int) -> bool:
        """As `set`, for what others have to learn: whether or not it is likely to succeed, it is tried in earnest."""
        return await self.set(key, value, ttl)

    @abstractmethod
    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        """Keep a value unless there is one; False where there was one, or where it could not be kept."""

    @abstractmethod
    async def flush(self) -> bool:
        """Forget everything, of whomever it is; False where a part of the cache could not be reached."""

    @abstractmethod
    async def aclose(self) -> None:
        """Free connections. Keys and values may outlive the process."""
