"""Many objects at once."""

import asyncio

from gateway.core.body import BytesBody
from gateway.core.store import Store
from gateway.core.types import Key, Put

AT_ONCE = 250


async def fill(store: Store, container: str, count: int) -> None:
    """Put `count` empty objects into a container."""
    for start in range(0, count, AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for number in range(start, min(start + AT_ONCE, count)):
                group.create_task(store.put(Key(container, f"{number:06}"), BytesBody(b""), Put()))
