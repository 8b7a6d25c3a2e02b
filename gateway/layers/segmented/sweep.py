"""What killed processes have left of their uploads, and its end."""

import asyncio
import logging
import random
import time

from gateway.core.capabilities.segments import Segments
from gateway.core.errors import NoSuchBucket, StoreError
from gateway.core.ops import each_bucket
from gateway.core.store import Store
from gateway.core.types import Key

ROUNDS = 4
"""Uploads are renewed, and leftovers looked for, so often in each time of grace."""

FIRST_SECONDS = 30.0
"""Within so many seconds of the start leftovers are looked for the first time, and not before half of them."""

logger = logging.getLogger("portico.segmented")


async def drop(segments: Segments, key: Key, upload: str, count: int = 0) -> None:
    """Free an upload's segments, if no object is made of them; what fails is left to a later sweep."""
    try:
        await segments.drop_segments(key, upload, count)
    except StoreError as error:
        logger.warning("the segments of upload %s were not freed, and are left to a sweep: %s", upload, error.message)


async def sweep(store: Store, segments: Segments, grace: float) -> None:
    """Free, in every bucket, the segments of uploads that nobody was at for `grace` seconds. Raises what listing does.

    The store looks first whether an object is made of them.
    """
    before = time.time_ns() - int(grace * 1e9)
    async for bucket in each_bucket(store):
        try:
            left = await segments.left_segments(bucket.name, before)
        except NoSuchBucket:
            continue
        for upload in left:
            await drop(segments, upload.key, upload.id)


async def keep_sweeping(store: Store, segments: Segments, grace: float) -> None:
    """Sweep soon and ever again; not all stores at the same moment, nor as they start and are asked for other things.

    What fails is done the next time.
    """
    soon = min(FIRST_SECONDS, grace / ROUNDS)
    await asyncio.sleep(random.uniform(soon / 2, soon))  # noqa: S311 - guards nothing
    while True:
        try:
            await sweep(store, segments, grace)
        except StoreError as error:
            logger.warning("leftover segments were not looked for: %s", error.message)
        await asyncio.sleep(grace / ROUNDS)
