"""A process that puts objects until it is killed: `python -m tests.faults.load DIRECTORY SEED`.

Of each it prints name and size once it is acknowledged. An object of a name consists of the name's last character.
"""

import asyncio
import random
import sys
from pathlib import Path

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Key, Put
from gateway.stores.catalog import Catalog
from tests.faults.child import tell
from tests.faults.scenes import BUCKET, settings

WRITERS = 16


async def write(store: Catalog, writer: int, chance: random.Random) -> None:
    number = 0
    while True:
        number += 1
        name = f"{writer:02}-{number:06}"
        size = chance.choice((0, 10, 900, 5000, 700_000))
        await store.put(Key(BUCKET, name), BytesBody(name.encode()[-1:] * size), Put())
        tell(f"{name} {size}")


async def main(directory: Path, seed: int) -> None:
    store = Catalog(settings(directory))
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(write(store, writer, random.Random(seed * WRITERS + writer)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
