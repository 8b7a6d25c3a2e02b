"""Bodies that are fed to a request block by block, and can be broken off before they are whole."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing

from gateway.core.body import ReadyBody
from gateway.core.errors import IncompleteBody

PIECE = 512 * 1024
"""Bytes that are given to the connection at once. It sends what finds room in the socket, and copies the rest: of a
whole block that would be nearly all."""

Watch = Callable[[bool], None]
"""Is told whether it is the upstream's turn to do something (True), or that of whoever feeds."""


class Stopped(Exception):
    """The request that was being fed has ended."""


class Feed:
    """A bounded queue of `depth` blocks between whoever reads a body and the request that sends it.

    `size` of the whole body in bytes, where known.
    """

    def __init__(self, depth: int, size: int | None = None) -> None:
        self._depth = depth
        self._blocks: deque[bytes | memoryview] = deque()
        self._ended = self._stopped = False
        self._ready, self._room = asyncio.Event(), asyncio.Event()
        self.size = size
        self.started = False
        self.watch: Watch = lambda upstream: None

    async def put(self, block: bytes | memoryview) -> None:
        """Hand on a block as soon as there is room. Raises `Stopped`."""
        while len(self._blocks) >= self._depth and not self._stopped:
            self._room.clear()
            await self._room.wait()
        if self._stopped:
            raise Stopped
        self._blocks.append(block)
        self._ready.set()

    def end(self) -> None:
        """What was put is the whole body."""
        self._ended = True
        self._ready.set()

    def stop(self) -> None:
        """Nobody takes any more."""
        self._stopped = True
        self._ready.set()
        self._room.set()

    @property
    def is_drained(self) -> bool:
        """All of it has been taken."""
        return self.started and self._ended and not self._blocks

    async def pieces(self) -> AsyncGenerator[memoryview, None]:
        """The blocks, in pieces. Raises `IncompleteBody` rather than ending early."""
        self.started = True
        while True:
            while not (self._blocks or self._ended or self._stopped):
                self.watch(False)
                self._ready.clear()
                await self._ready.wait()
            self.watch(True)
            if not self._blocks:
                if not self._ended:
                    raise IncompleteBody
                return
            for piece in _pieces(self._blocks[0]):
                yield piece
            self._blocks.popleft()
            self._room.set()


class Replay:
    """A body that lies ready, for one request: the next one begins it anew."""

    def __init__(self, body: ReadyBody) -> None:
        self._body = body
        self.watch: Watch = lambda upstream: None

    async def pieces(self) -> AsyncGenerator[memoryview, None]:
        async with aclosing(self._body.chunks()) as chunks:
            async for chunk in chunks:
                self.watch(True)
                for piece in _pieces(chunk):
                    yield piece


def _pieces(block: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(block)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))
