"""Bodies on their way into the upstream: all of it may have been sent, and yet nothing stands before the commit."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
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

AHEAD = 2
"""Blocks that may wait to be sent."""

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
    """A body that is to become the object `key`."""

    key: Key
    body: CheckedBody
    wanted: frozenset[Algorithm]
    headers: Headers

    @property
    def path(self) -> tuple[str, str]:
        return self.key.bucket, self.key.name


def incoming(key: Key, body: Body, wanted: frozenset[Algorithm], headers: Headers) -> Incoming:
    return Incoming(key=key, body=checked(body, {Algorithm.MD5, *wanted}), wanted=wanted, headers=headers)


class Staging:
    """The ways of a body: gathered, or streamed into one object."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @asynccontextmanager
    async def staged(self, coming: Incoming) -> AsyncIterator[Staged]:
        """Take in a body. Raises what the body does; nothing stands then."""
        body = coming.body
        if isinstance(body, ReadyBody):
            yield self._ready(coming, await body.small() if body.count <= SMALL else body)
            return
        async with aclosing(coming.body.chunks()) as blocks:
            first, ended = await _gathered(blocks)
            if ended:
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
        """The last block is held back until the commit: what breaks before leaves the upstream with half a request."""
        feed = Feed(AHEAD, coming.body.size)
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
