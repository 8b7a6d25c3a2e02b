"""Work on files in threads, whose failures are the store's."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from gateway.core.errors import Unavailable
from gateway.stores.catalog.failures import of_file

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A bounded pool of threads, which start as they are needed."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, name)
        self.closed = False

    def begin(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Have `work` done; await its outcome with `finished`. Raises `Unavailable` after the end."""
        if self.closed:
            raise Unavailable("The store is closed")
        return asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns. Raises as `finished`."""
        return await finished(self.begin(work, *args, **kwargs))

    async def aclose(self) -> None:
        """Wait for what has begun."""
        self.closed = True
        await asyncio.to_thread(self._pool.shutdown)


async def finished(work: asyncio.Future[T]) -> T:
    """The outcome of work in a thread. A thread can't be stopped: a cancellation waits for its end, then goes on.

    So nobody who is cancelled here leaves a thread behind that still uses his file. Raises the error of the Store
    contract that an `OSError` means.
    """
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await ended(work)
        raise
    except OSError as error:
        raise of_file(error) from error


async def ended(*works: asyncio.Future[None] | asyncio.Future[T] | None) -> None:
    """Wait for the end of work whose outcome nobody asks for any more. A cancellation waits as well, then goes on."""
    cancelled: asyncio.CancelledError | None = None
    for work in works:
        while work is not None and not work.done():
            try:
                await asyncio.wait((work,))
            except asyncio.CancelledError as error:
                cancelled = error
        if work is not None and not work.cancelled():
            work.exception()  # else asyncio would report one that was never looked at
    if cancelled is not None:
        raise cancelled
