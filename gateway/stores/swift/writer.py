"""The segments of one upload, written in parallel out of one stream."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from gateway.core.body import BLOCK
from gateway.core.errors import Corrupt
from gateway.core.hashing import INLINE
from gateway.stores.swift.client import Client, Request
from gateway.stores.swift.feed import Feed
from gateway.stores.swift.segments import Segment
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.together import together


@dataclass(slots=True)
class _Open:
    """A segment that is being written. `extra`: it has taken one of the turns that all uploads share."""

    name: str
    feed: Feed
    extra: bool
    size: int = 0
    md5: "hashlib._Hash" = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))


class Writer:
    """Begins a segment with its first byte, and the next one while the last is still being drained.

    An upload has always the right to one segment in flight. Further ones need a turn of its own and one of `extra`,
    which all uploads share; where none is free, it waits for what it has under way. So memory is bounded, and nobody
    waits for somebody who waits for him.
    """

    def __init__(
        self, settings: SwiftStoreSettings, client: Client, extra: asyncio.Semaphore, container: str, prefix: str
    ) -> None:
        self._settings = settings
        self._client = client
        self._extra = extra
        self._container = container
        self._prefix = prefix
        self._running: set[asyncio.Task[None]] = set()
        self._segments: dict[str, Segment] = {}
        self.names: list[str] = []

    async def write(self, blocks: AsyncGenerator[bytes, None], limit: int, size: int | None) -> list[Segment]:
        """All of a body, in segments of `limit` bytes and a last one that may be shorter. `size`: of all, if known.

        Raises what the body and the upstream do.
        """
        current: _Open | None = None
        async with aclosing(blocks), together() as group:
            async for block in blocks:
                rest = block
                while rest:
                    if current is None:
                        begun = len(self.names) * limit
                        current = await self._begin(group, None if size is None else min(limit, size - begun))
                    piece, rest = rest[: limit - current.size], rest[limit - current.size :]
                    await self._add(current, piece)
                    if current.size == limit:
                        current.feed.end()
                        current = None
            if current is not None:
                current.feed.end()
        return [self._segments[name] for name in self.names]

    async def _begin(self, group: asyncio.TaskGroup, size: int | None) -> _Open:
        extra = await self._turn()
        name = f"{self._prefix}{len(self.names) + 1:08}"
        segment = _Open(name, Feed(max(2, self._settings.segment_buffer // BLOCK), size), extra)
        self.names.append(name)
        task = group.create_task(self._send(segment))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return segment

    async def _turn(self) -> bool:
        """Wait until a segment may be begun; True: with one of the turns that all uploads share."""
        while self._running:
            if len(self._running) < self._settings.segment_parallelism and not self._extra.locked():
                await self._extra.acquire()
                return True
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        return False

    async def _add(self, segment: _Open, piece: bytes) -> None:
        if len(piece) <= INLINE:
            segment.md5.update(piece)
        else:
            await asyncio.get_running_loop().run_in_executor(None, segment.md5.update, piece)
        await segment.feed.put(piece)
        segment.size += len(piece)

    async def _send(self, segment: _Open) -> None:
        request = Request(method="PUT", path=(self._container, segment.name), body=segment.feed)
        try:
            answer = await self._client.call(request)
        finally:
            segment.feed.stop()
            if segment.extra:
                self._extra.release()
        etag = segment.md5.hexdigest()
        if answer.headers.get("ETag", "").strip('"') != etag:
            raise Corrupt("The upstream has stored other bytes than it was sent")
        self._segments[segment.name] = Segment(self._container, segment.name, etag, segment.size)
