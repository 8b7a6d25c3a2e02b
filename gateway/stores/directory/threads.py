"""Work on files in threads, whose failures are the store's."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from gateway.core.errors import Unavailable
from gateway.core.tasks import wholly
from gateway.stores.directory.failures import of_file

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """A bounded pool of threads, which start as they are needed."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, name)
        self._closed = False

    async def run(
        self,
        work: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What `work` returns. A thread can't be stopped: a cancellation waits for its end, then goes on.

        Raises `Unavailable` after the end of the store, and the error of the Store contract that an `OSError` means.
        """
        return await wholly(self._outcome(partial(work, *args, **kwargs)))

    async def gain(self, work: Callable[[], T], undo: Callable[[T], None]) -> T:
        """As `run`; what `work` has made for a caller that is gone is given to `undo`."""

        def undoing(made: T) -> Coroutine[Any, Any, None]:
            return self._outcome(partial(undo, made))

        return await wholly(self._outcome(work), undoing)

    async def settle(self, work: Callable[[], None]) -> None:
        """Do what is left to do, in any case: after the end of the store at once, for nobody is held up any more."""
        if self._closed:
            work()
        else:
            await self.run(work)

    async def _outcome(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("The store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except OSError as error:
            raise of_file(error) from error

    async def aclose(self) -> None:
        """Wait for what has begun."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
