"""Bodies of known length that are too large for memory, on their way into one request."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from io import UnsupportedOperation
from types import TracebackType
from typing import Self

from gateway.core.body import Body, CheckedBody, ReadyBody, checked
from gateway.core.digest import Algorithm
from gateway.core.tasks import wholly


class _Stream(ABC):
    """What aiohttp sends, and botocore takes for a file."""

    async def read(self, size: int = -1) -> bytes:
        raise OSError("this stream is iterated over")

    def seek(self, offset: int, whence: int = 0) -> int:
        raise UnsupportedOperation("botocore has no need to send this again")

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Replayed(_Stream):
    """A body that lies ready: every request begins it anew."""

    def __init__(self, body: ReadyBody) -> None:
        self._body = body

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.chunks()


class Streamed(_Stream):
    """A body that can't be sent twice.

    The last block is withheld until the body has passed its checks: a request that lacks it is void. What the body
    raises is kept in `failure`, since aiohttp hides it behind an error of its own. The body is read by a task, so that
    it is closed with this context, whatever aiohttp does with what it was given.
    """

    def __init__(self, body: Body, algorithms: set[Algorithm]) -> None:
        self.body: CheckedBody = checked(body, algorithms)
        self.failure: BaseException | None = None
        self._blocks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await wholly(asyncio.wait((self._task,)))

    async def _read(self) -> None:
        held = b""
        try:
            async with aclosing(self.body.chunks()) as chunks:
                async for chunk in chunks:
                    if held:
                        await self._blocks.put(held)
                    held = chunk
            await self._blocks.put(held)
        except Exception as error:  # raised again by whoever sent the request
            self.failure = error
        await self._blocks.put(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._sent()

    async def _sent(self) -> AsyncGenerator[bytes, None]:
        while (block := await self._blocks.get()) is not None:
            if block:
                yield block
        if self.failure is not None:
            raise OSError("the body broke off") from self.failure
