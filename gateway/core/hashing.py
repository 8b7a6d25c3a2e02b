"""Digests of a stream, computed beside it."""

import asyncio
from collections import deque
from collections.abc import Collection

from gateway.core.digest import Algorithm, Digests, new

INLINE = 16 * 1024
"""Up to so many bytes are hashed on the event loop: a hop to a thread would take longer."""

AHEAD = 2
"""Blocks that are being hashed or wait for it. With one waiting, hashing never rests while a stream is fast enough."""


class Hashing:
    """Hashes the blocks of one stream in their order: large ones in a worker thread, a few bytes at once."""

    def __init__(self, algorithms: Collection[Algorithm]) -> None:
        self._loop = asyncio.get_running_loop()
        self._states = {algorithm: new(algorithm) for algorithm in algorithms}
        self._blocks: deque[bytes] = deque()
        self._work: asyncio.Future[None] | None = None
        self._progress: asyncio.Future[None] | None = None
        self._error: BaseException | None = None

    async def update(self, block: bytes) -> None:
        """Take the next block; waits while `AHEAD` others are not done."""
        if not self._states:
            return
        if self._work is None and len(block) <= INLINE:
            self._hash(block)
            return
        while len(self._blocks) >= AHEAD and self._error is None:
            await self._some_progress()
        self._check()
        self._blocks.append(block)
        self._begin()

    async def digests(self) -> Digests:
        """The digests of all blocks."""
        while self._work is not None:
            await self._some_progress()
        self._check()
        return {algorithm: state.digest() for algorithm, state in self._states.items()}

    async def _some_progress(self) -> None:
        self._progress = self._loop.create_future()
        await self._progress

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        if self._work is None:
            self._work = self._loop.run_in_executor(None, self._run)
            self._work.add_done_callback(self._ended)

    def _run(self) -> None:
        while self._blocks:
            self._hash(self._blocks[0])
            self._blocks.popleft()
            self._loop.call_soon_threadsafe(self._tell)

    def _ended(self, work: asyncio.Future[None]) -> None:
        self._work = None
        self._error = None if work.cancelled() else work.exception()
        if self._blocks and self._error is None:
            self._begin()  # a block that came as the thread saw none
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None and not self._progress.done():
            self._progress.set_result(None)

    def _hash(self, block: bytes) -> None:
        for state in self._states.values():
            state.update(block)
