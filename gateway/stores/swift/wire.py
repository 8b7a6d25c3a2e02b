"""One exchange with the upstream: what bounds it, and what its failures are to the store."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from gateway.core import context
from gateway.core.errors import Busy, DeadlineExceeded, StoreError, TooLarge, Unavailable
from gateway.stores.swift.feed import Feed, Replay

MAX_ANSWER = 64 * 1024 * 1024
"""A listing of 10,000 long names has about 20 MiB."""


async def pieces(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """The body of an answer as it comes. Raises `Unavailable` where it breaks."""
    while True:
        with translated():
            async with deadline():
                piece = await response.content.readany()
        if not piece:
            return
        yield piece


async def read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body of an answer. Raises `TooLarge` beyond `MAX_ANSWER`."""
    found: list[bytes] = []
    size = 0
    async for piece in pieces(response):
        size += len(piece)
        if size > MAX_ANSWER:
            raise TooLarge("The upstream's answer is too large")
        found.append(piece)
    return b"".join(found)


@asynccontextmanager
async def watched(feed: Feed | Replay | None, patience: float) -> AsyncIterator[None]:
    """Bounds how long the upstream may take nothing of a body; aiohttp begins to count when all has been sent."""
    if feed is None:
        yield
        return
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(patience) as limit:
        feed.watch = lambda upstream: limit.reschedule(loop.time() + patience if upstream else None)
        try:
            yield
        finally:
            feed.watch = lambda upstream: None


@asynccontextmanager
async def deadline() -> AsyncIterator[None]:
    """Bounds what is done for a request by its deadline. Raises `DeadlineExceeded`."""
    remaining = context.current().remaining()
    if remaining is None:
        yield
        return
    limit = asyncio.timeout(remaining)
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise DeadlineExceeded from None
        raise


class translated:
    """Turns what aiohttp raises into errors of the store."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise failed(error) from error


def failed(error: StoreError | aiohttp.ClientError | TimeoutError) -> StoreError:
    """The store's own error. Its text names no address: the client did not either."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Busy("The upstream can't be reached in time")
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Unavailable("The upstream's certificate is not trusted", retryable=False)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unavailable("The upstream can't be reached")
    if isinstance(error, TimeoutError):
        return Unavailable("The upstream does not answer")
    return Unavailable("The connection to the upstream broke")
