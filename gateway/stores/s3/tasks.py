"""Several requests at once."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


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
        for task in done:
            task.result()

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
