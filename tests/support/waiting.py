"""Waiting for something that nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 60.0
"""Seconds, which nothing takes, however slow the machine is."""


async def until(holds: Callable[[], bool]) -> None:
    """Return when `holds` does; a test that waits too long fails."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """As `until`, for what has to be asked."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)
