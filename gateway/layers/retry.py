"""Operations that are tried again as a whole, and downloads that go on where they broke."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from gateway.core.conditions import When
from gateway.core.errors import StoreError, Unavailable
from gateway.core.faults import Backoff, may_repeat, passes, wait_of
from gateway.core.ranges import Span
from gateway.core.store import Reader, Region, Store
from gateway.core.types import Key
from gateway.layers.around import Around, Attempt, Operation

T = TypeVar("T")


class Retry(Around):
    """Tries again what failed for a moment, where that does no harm and nobody below has tried (see `core.faults`).

    A body has to rewind: it is then read anew. A download that breaks goes on with the bytes that are missing, if the
    object is still the same.
    """

    def __init__(self, inner: Store, backoff: Backoff) -> None:
        super().__init__(inner)
        self._backoff = backoff

    async def around(self, operation: Operation, attempt: Attempt[T]) -> T:
        rewinds = operation.body is None or operation.body.rewinds
        tries = 1 + self._backoff.retries if rewinds else 1
        done = 0
        while True:
            done += 1
            try:
                return await attempt()
            except Unavailable as error:
                if done == tries or error.attempts > 1 or not may_repeat(error, harmless=operation.harmless):
                    error.attempts = max(error.attempts, done)
                    raise
                asked = wait_of(error)
            await self._backoff.pause(done, asked)

    @asynccontextmanager
    async def opening(self, key: Key, span: Span | None, version: str | None, when: When) -> AsyncIterator[Reader]:
        async with AsyncExitStack() as stack:
            reader = await self.opened(stack, key, span, version, when)
            yield _Resumed(self, reader, version)

    async def opened(
        self, stack: AsyncExitStack, key: Key, span: Span | None, version: str | None, when: When
    ) -> Reader:
        """A reader of the store inside, closed with `stack`."""

        async def attempt() -> Reader:
            return await stack.enter_async_context(self.inner.open(key, span=span, version=version, when=when))

        return await self.around(Operation("open"), attempt)

    async def pause(self, done: int, error: StoreError) -> None:
        """Wait before a download goes on that has broken `done` times in a row. Raises `error` where it shall not."""
        if done > self._backoff.retries or not passes(error):
            raise error
        await self._backoff.pause(done, wait_of(error))


class _Resumed(Reader):
    """Reads on behind what it has handed out when the stream breaks, as long as it is the same object."""

    def __init__(self, layer: Retry, reader: Reader, version: str | None) -> None:
        self.meta = reader.meta
        self.extent = reader.extent
        self.data = reader.data
        self._layer = layer
        self._reader = reader
        self._version = version

    def regions(self) -> AsyncIterator[Region] | None:
        return self._reader.regions()

    async def chunks(self) -> AsyncIterator[bytes]:
        place, stop, done = self.extent.start, self.extent.stop, 0
        reader = self._reader
        async with AsyncExitStack() as stack:
            while True:
                try:
                    async for chunk in reader.chunks():
                        place, done = place + len(chunk), 0 if chunk else done
                        yield chunk
                    return
                except Unavailable as error:
                    if place >= stop:
                        raise
                    done += 1
                    await self._layer.pause(done, error)
                    await stack.aclose()
                    reader = await self._rest(stack, Span(place, stop - 1), error)

    async def _rest(self, stack: AsyncExitStack, span: Span, broken: StoreError) -> Reader:
        same = When(if_match=(self.meta.etag,))
        try:
            return await self._layer.opened(stack, self.meta.key, span, self._version, same)
        except StoreError:  # it is another object by now, or does not come back
            raise broken from None
