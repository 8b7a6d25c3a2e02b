"""The store that keeps everything in memory: the reference for the conformance suite, and a sandbox."""

from gateway.stores.memory.settings import MemorySettings
from gateway.stores.memory.store import Memory

__all__ = ["Memory", "MemorySettings"]
