"""Work that must not be left half done, not be done twice at once, or not outlive what it is for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from weakref import WeakValueDictionary

logger = logging.getLogger("portico.tasks")

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


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let work that has no end of its own go on while the context lasts. What it fails by is logged at once."""
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await wholly(asyncio.wait(tasks))


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("work in the background has failed, and ended", exc_info=error)


class Shared(Generic[T]):
    """What many want at once is done once for all of them. Whoever stops waiting doesn't stop it."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._running

    async def result(self, name: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` returns or raises, or that of the same name which is under way."""
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(work())
            task.add_done_callback(partial(self._ended, name))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Break off what is under way."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _ended(self, name: Hashable, task: asyncio.Task[T]) -> None:
        del self._running[name]
        if not task.cancelled():
            task.exception()  # whoever asked may have gone; unseen, it would be reported


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
