"""Bodies on their way into the upstream: all of it may have been sent, and yet nothing stands before the commit."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from gateway.core.body import BLOCK, Body, CheckedBody, checked
from gateway.core.digest import Algorithm
from gateway.core.errors import Corrupt, StoreError, Unavailable
from gateway.core.faults import is_doubtful
from gateway.core.tasks import wholly
from gateway.core.types import Key
from gateway.stores.swift.client import Answer, Client, Request
from gateway.stores.swift.facts import Facts, Headers, facts_of
from gateway.stores.swift.feed import Feed, Stopped
from gateway.stores.swift.info import Info
from gateway.stores.swift.names import new_upload, prefix_of
from gateway.stores.swift.segments import Segments
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.together import together
from gateway.stores.swift.writer import Writer

SMALL = 2 * BLOCK
"""Bodies of up to so many bytes are gathered: they are sent at once, with their digests, and again if need be."""

Blocks = AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A body that has come in, whole and sound. `commit` makes the object of it, once.

    `late`: the headers were sent before the checksums were known, so these have to be set afterwards.
    """

    facts: Facts
    size: int
    commit: Callable[[], Awaitable[Answer]]
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A body that is to become the object `key`. `whole`: never in segments."""

    key: Key
    body: CheckedBody
    wanted: frozenset[Algorithm]
    headers: Headers
    whole: bool = False

    @property
    def path(self) -> tuple[str, str]:
        return self.key.bucket, self.key.name


def incoming(key: Key, body: Body, wanted: frozenset[Algorithm], headers: Headers, *, whole: bool = False) -> Incoming:
    return Incoming(key=key, body=checked(body, {Algorithm.MD5, *wanted}), wanted=wanted, headers=headers, whole=whole)


class Staging:
    """The ways of a body: gathered, streamed into one object, or into segments in parallel."""

    def __init__(self, settings: SwiftStoreSettings, client: Client, info: Info, segments: Segments) -> None:
        self._settings = settings
        self._client = client
        self._info = info
        self._segments = segments
        self._extra = asyncio.Semaphore(settings.max_segments)

    @asynccontextmanager
    async def staged(self, coming: Incoming) -> AsyncIterator[Staged]:
        """Take in a body. Raises what the body does; nothing stands then.

        Segments are freed where the block is left by an exception, unless a manifest over them may stand by then.
        """
        async with aclosing(coming.body.chunks()) as blocks:
            first, ended = await _gathered(blocks)
            if ended:
                yield self._small(coming, b"".join(first))
            elif await self._limit(coming):
                async with self._segmented(coming, _chained(first, blocks)) as staged:
                    yield staged
            else:
                async with self._streamed(coming, _chained(first, blocks)) as staged:
                    yield staged

    async def _limit(self, coming: Incoming) -> int:
        """Bytes of the segments that the body is to be cut into; 0: into none.

        Large checksummed bodies are, since the headers that carry the checksums come last only there.
        """
        abilities = await self._info.get()
        size, limit = coming.body.size, min(self._settings.segment_size, abilities.max_file_size)
        fits = size is not None and size <= limit and not coming.wanted
        return 0 if coming.whole or fits or not abilities.max_segments else limit

    def _small(self, coming: Incoming, data: bytes) -> Staged:
        facts = facts_of(coming.body.digests, coming.wanted)
        headers = {**coming.headers(facts), "ETag": facts.etag}
        request = Request(
            method="PUT", path=coming.path, headers=headers, body=data, replays="If-None-Match" not in headers
        )
        return Staged(facts=facts, size=len(data), commit=lambda: self._client.call(request))

    @asynccontextmanager
    async def _streamed(self, coming: Incoming, blocks: Blocks) -> AsyncIterator[Staged]:
        """The last block is held back until the commit: what breaks before leaves the upstream with half a request."""
        feed = Feed(max(2, self._settings.segment_buffer // BLOCK), coming.body.size)
        request = Request(method="PUT", path=coming.path, headers=coming.headers(Facts()), body=feed)
        async with aclosing(blocks), together() as group:
            task = group.create_task(self._send(request, feed))
            held = await anext(blocks)
            async for block in blocks:
                await feed.put(held)
                held = block
            facts = facts_of(coming.body.digests, coming.wanted)

            async def commit() -> Answer:
                try:
                    await feed.put(held)
                except Stopped:
                    await task
                    raise Unavailable from None
                feed.end()
                answer = await task
                if answer.headers.get("ETag", "").strip('"') != facts.etag:
                    raise Corrupt("The upstream has stored other bytes than it was sent")
                return answer

            yield Staged(facts=facts, size=coming.body.count, commit=commit, late=bool(coming.wanted))

    async def _send(self, request: Request, feed: Feed) -> Answer:
        try:
            return await self._client.call(request)
        finally:
            feed.stop()

    @asynccontextmanager
    async def _segmented(self, coming: Incoming, blocks: Blocks) -> AsyncIterator[Staged]:
        key, upload = coming.key, new_upload()
        container = await self._segments.ensure(key.bucket)
        writer = Writer(self._settings, self._client, self._extra, container, prefix_of(key.name, upload))
        needed = False
        try:
            segments = await writer.write(blocks, await self._limit(coming), coming.body.size)
            facts = facts_of(coming.body.digests, coming.wanted, upload)
            headers = coming.headers(facts)

            async def commit() -> Answer:
                nonlocal needed
                needed = True
                try:
                    return await self._segments.join(key, upload, segments, headers)
                except StoreError as error:
                    needed = is_doubtful(error)
                    raise

            yield Staged(facts=facts, size=coming.body.count, commit=commit)
        except BaseException:
            if not needed:
                await wholly(self._segments.free(key, upload, writer.names))
            raise


async def _gathered(blocks: Blocks) -> tuple[list[bytes], bool]:
    """The first blocks, and whether they are all."""
    found: list[bytes] = []
    size = 0
    async for block in blocks:
        found.append(block)
        size += len(block)
        if size > SMALL:
            return found, False
    return found, True


async def _chained(first: list[bytes], blocks: Blocks) -> Blocks:
    while first:
        yield first.pop(0)
    async for block in blocks:
        yield block
