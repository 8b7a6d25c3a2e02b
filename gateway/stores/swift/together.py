"""Tasks that go on together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.stores.swift.feed import Stopped


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises what went wrong first, not a group of it."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        raise _first(failed) from None


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first of a group, unless it only tells that another task has ended."""
    telling = [error for error in failed.exceptions if not isinstance(error, Stopped)]
    return (telling or failed.exceptions)[0]
