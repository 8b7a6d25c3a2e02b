"""Stores that are opened when they are needed, kept while they are used, and closed when nobody asks for them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from cachetools import TTLCache

from gateway.core.errors import Busy, StoreError, Unavailable
from gateway.core.store import Store

logger = logging.getLogger("portico.pool")

FAILURE_SECONDS = 2.0
"""For so long, whoever asks is told of the last opening that failed: what lies behind is not to be stormed."""

MAX_FAILURES = 4096
"""So many of them are remembered."""

Opening = Callable[[], Awaitable[Store]]
"""Makes and starts a store; whatever it raises has left nothing open."""


@dataclass(slots=True, eq=False)
class _Entry:
    """`users` work on the store now; `since`: when the last one left, on the monotonic clock."""

    opening: asyncio.Task[Store]
    users: int = 0
    since: float = 0.0
    discarded: bool = False


class StorePool:
    """At most `limit` stores by key. One that nobody has used for `idle_seconds` is closed; where there is no room for
    another, the one that was not used for longest is. A store that is in use is never closed.
    """

    def __init__(self, limit: int, idle_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self._limit = limit
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._failures: TTLCache[bytes, StoreError] = TTLCache(MAX_FAILURES, FAILURE_SECONDS, timer=clock)
        self._closing: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._entries)

    @asynccontextmanager
    async def lease(self, key: bytes, opening: Opening) -> AsyncIterator[Store]:
        """The store of a key, which stays open meanwhile; `opening` is called where there is none.

        Raises what `opening` does, `Busy` where all stores are in use.
        """
        entry = self._entry(key, opening)
        entry.users += 1
        try:
            yield await asyncio.shield(entry.opening)
        finally:
            entry.users -= 1
            entry.since = self._clock()
            if entry.discarded and not entry.users:
                self._close(entry)
            self._watch()

    def discard(self, key: bytes) -> None:
        """Let nobody else have the store of a key; it is closed when those who have it are done."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            entry.discarded = True
            if not entry.users:
                self._close(entry)

    async def aclose(self) -> None:
        """Close all stores, whoever uses them."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for key in tuple(self._entries):
            entry = self._entries.pop(key)
            entry.opening.cancel()
            self._close(entry)
        while self._closing:
            await asyncio.wait(self._closing)

    def _entry(self, key: bytes, opening: Opening) -> _Entry:
        if self._closed:
            raise Unavailable("The store has been closed", retryable=False)
        if (failure := self._failures.get(key)) is not None:
            raise failure.with_traceback(None)  # else that of each who is told of it would be kept
        entry = self._entries.get(key)
        if entry is None:
            self._make_room()
            entry = self._entries[key] = _Entry(asyncio.ensure_future(opening()))
            entry.opening.add_done_callback(lambda task: self._opened(key, entry, task))
        self._entries.move_to_end(key)
        return entry

    def _opened(self, key: bytes, entry: _Entry, task: asyncio.Task[Store]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, StoreError):
            self._failures[key] = error
        if self._entries.get(key) is entry:
            del self._entries[key]

    def _make_room(self) -> None:
        if len(self._entries) < self._limit:
            return
        unused = next((key for key, entry in self._entries.items() if not entry.users), None)
        if unused is None:
            raise Busy("Too many users at once; try again later")
        self._close(self._entries.pop(unused))

    def _watch(self) -> None:
        """Look again when the first of the stores that nobody uses is due."""
        if self._timer is None and not self._closed and self._entries:
            self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        due = self._clock() - self._idle_seconds
        for key, entry in tuple(self._entries.items()):
            if not entry.users and entry.since <= due:
                self._close(self._entries.pop(key))
        self._watch()

    def _close(self, entry: _Entry) -> None:
        task = asyncio.ensure_future(_closed(entry.opening))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _closed(opening: asyncio.Task[Store]) -> None:
    """Close what has been opened, or will be."""
    await asyncio.wait((opening,))
    if opening.cancelled() or opening.exception() is not None:
        return
    try:
        await opening.result().aclose()
    except StoreError:
        logger.exception("a store could not be closed")
