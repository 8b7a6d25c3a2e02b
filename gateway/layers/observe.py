"""What operations of a store take, told to whoever counts and logs."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from gateway.core.conditions import When
from gateway.core.events import Done
from gateway.core.ranges import Span
from gateway.core.store import Reader, Store
from gateway.core.types import Key
from gateway.layers.around import Around, Attempt, Operation

T = TypeVar("T")


class Observe(Around):
    """Tells of each operation when it has ended, however it did. An object is open when its first byte can be read."""

    def __init__(self, inner: Store, name: str, tell: Callable[[Done], None]) -> None:
        super().__init__(inner)
        self._name = name
        self._tell = tell

    async def around(self, operation: Operation, attempt: Attempt[T]) -> T:
        begin = time.perf_counter()
        error = ""
        try:
            return await attempt()
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            seconds = time.perf_counter() - begin
            self._tell(Done(self._name, operation.name, seconds, error, operation.body is not None))

    @asynccontextmanager
    async def opening(self, key: Key, span: Span | None, version: str | None, when: When) -> AsyncIterator[Reader]:
        async with AsyncExitStack() as stack:
            opened = self.inner.open(key, span=span, version=version, when=when)
            yield await self.around(Operation("open"), lambda: stack.enter_async_context(opened))
