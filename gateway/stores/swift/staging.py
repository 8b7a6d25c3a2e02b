"""Bodies on their way into the upstream: all of it may have been sent, and yet nothing stands before the commit."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from gateway.core.body import BLOCK, Body, CheckedBody, ReadyBody, checked
from gateway.core.digest import Algorithm
from gateway.core.errors import Corrupt, Unavailable
from gateway.core.types import Key
from gateway.stores.swift.client import Client
from gateway.stores.swift.facts import Facts, Headers, facts_of
from gateway.stores.swift.feed import Feed, Stopped
from gateway.stores.swift.request import Answer, Request
from gateway.stores.swift.together import together

SMALL = 2 * BLOCK
"""Bodies of up to so many bytes are gathered: they are sent at once, with their digests, and again if need be."""

AHEAD = 4
"""Blocks that may wait to be sent; every other one is a small one."""

HELD = 64 * 1024
"""So many of the last bytes of a streamed body, at most, are held back until the commit."""

Blocks = AsyncGenerator[bytes, None]
Look = Callable[[], Coroutine[None, None, None]]


async def _nothing() -> None:
    """There is nothing to look at."""


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
    """A body that is to become the object `key`, unless a `look` once all of it is here finds something against it."""

    key: Key
    body: CheckedBody
    wanted: frozenset[Algorithm]
    headers: Headers
    look: Look

    @property
    def is_here(self) -> bool:
        """All bytes have come; whether they are sound may not be known yet."""
        return self.body.count == self.body.size

    @property
    def path(self) -> tuple[str, str]:
        return self.key.bucket, self.key.name


def incoming(key: Key, body: Body, wanted: frozenset[Algorithm], headers: Headers, look: Look = _nothing) -> Incoming:
    return Incoming(key=key, body=checked(body, {Algorithm.MD5, *wanted}), wanted=wanted, headers=headers, look=look)


class Staging:
    """The ways of a body: gathered, or streamed into one object."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @asynccontextmanager
    async def staged(self, coming: Incoming) -> AsyncIterator[Staged]:
        """Take in a body. Raises what the body and the look do; nothing stands then."""
        body = coming.body
        if isinstance(body, ReadyBody):
            await coming.look()
            yield self._ready(coming, await body.small() if body.count <= SMALL else body)
            return
        async with aclosing(coming.body.chunks()) as blocks:
            first, ended = await _gathered(blocks)
            if ended:
                await coming.look()
                yield self._ready(coming, b"".join(first))
            else:
                async with self._streamed(coming, _chained(first, blocks)) as staged:
                    yield staged

    def _ready(self, coming: Incoming, data: bytes | ReadyBody) -> Staged:
        facts = facts_of(coming.body.digests, coming.wanted)
        headers = {**coming.headers(facts), "ETag": facts.etag}
        request = Request(
            method="PUT", path=coming.path, headers=headers, body=data, replays="If-None-Match" not in headers
        )
        return Staged(facts=facts, size=coming.body.count, commit=lambda: self._client.call(request))

    @asynccontextmanager
    async def _streamed(self, coming: Incoming, blocks: Blocks) -> AsyncIterator[Staged]:
        """The last bytes are held back until the commit: what breaks before leaves the upstream with half a request.

        The look is taken while the digests of the last blocks are still being computed.
        """
        feed = Feed(AHEAD, coming.body.size)
        request = Request(method="PUT", path=coming.path, headers=coming.headers(Facts()), body=feed)
        async with aclosing(blocks), together() as group:
            task = group.create_task(self._send(request, feed))
            looking: asyncio.Task[None] | None = None
            held = memoryview(b"")
            async for block in blocks:
                view = memoryview(block)
                for part in (held, view[:-HELD]):
                    if part:
                        await feed.put(part)
                held = view[-HELD:]
                if coming.is_here:
                    looking = group.create_task(coming.look())
            await (looking or coming.look())
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
