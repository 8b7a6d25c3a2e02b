"""Many objects at once."""

from gateway.core.body import BytesBody
from gateway.core.store import Store
from gateway.core.types import Key, Put


async def fill(store: Store, container: str, count: int) -> None:
    """Put `count` empty objects into a container."""
    for number in range(count):
        await store.put(Key(container, f"{number:06}"), BytesBody(b""), Put())
