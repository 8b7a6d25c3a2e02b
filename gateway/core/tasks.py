"""Work that must not be left half done, or not be done twice at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")


async def wholly(work: Coroutine[Any, Any, T], undo: Callable[[T], Coroutine[Any, Any, object]] | None = None) -> T:
    """Run `work` to its end even if the caller is cancelled meanwhile, however often; he learns of that afterwards.

    What `work` has made for a caller that is gone is given to `undo`.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _end_of(task)
        # The outcome is looked at although nobody asks for it any more: unseen, an error would be reported.
        if not task.cancelled() and task.exception() is None and undo is not None:
            await wholly(undo(task.result()))
        raise


async def _end_of(task: asyncio.Future[Any]) -> None:
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            continue  # the first cancellation goes on afterwards


class Turns:
    """One at a time for each name, in this process."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: Hashable) -> AsyncIterator[None]:
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        async with lock:
            yield


class Flight:
    """Runs up to `limit` coroutines at once. The first failure cancels the others and is raised as it is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()

    async def launch(self, work: Coroutine[Any, Any, None]) -> None:
        """Start `work`, once there is room. Raises what another has failed with."""
        self._tasks.add(asyncio.create_task(work))
        while len(self._tasks) >= self._limit:
            await self._land()

    async def _land(self) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task.cancelled() or task.exception() is not None]
        if failed:  # all of them have been looked at: what nobody asks for would be reported
            failed[0].result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            while error is None and self._tasks:
                await self._land()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = set()
