"""A process that kills itself at a step of an operation: `python -m tests.faults.child DIRECTORY OPERATION STEP`.

It prints a line when what went before is acknowledged.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Copy, Key, Put
from gateway.core.uploads import PartRef, Upload, UploadQuery
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.collector import Collector
from gateway.stores.catalog.writer import Writer
from tests.faults.scenes import BEFORE, BUCKET, KEY, NEW, OLD, PARTS, VERSIONED, settings
from tests.support.bodies import Scripted, split

P = ParamSpec("P")
R = TypeVar("R")


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # the signal may find another thread first


def before(function: Callable[P, R], count: int = 1) -> Callable[P, R]:
    """`function`, but the call number `count` of it is the end."""
    calls = 0

    def fatal(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal calls
        calls += 1
        if calls == count:
            die()
        return function(*args, **kwargs)

    return fatal


def after(function: Callable[P, R]) -> Callable[P, R]:
    def fatal(*args: P.args, **kwargs: P.kwargs) -> R:
        function(*args, **kwargs)
        die()
        raise AssertionError

    return fatal


def at_statement(store: Catalog, beginning: str) -> None:
    """The writer's first statement with that beginning is the end, before it is carried out."""
    connection = store._engine.writer._connection
    connection.set_trace_callback(lambda sql: die() if sql.lstrip().startswith(beginning) else None)


def patch(owner: object, name: str, wrap: Callable[[Callable[P, R]], Callable[P, R]]) -> Callable[[Catalog], None]:
    return lambda _: setattr(owner, name, wrap(getattr(owner, name)))


def second(function: Callable[P, R]) -> Callable[P, R]:
    return before(function, 2)


STEPS: dict[str, Callable[[Catalog], None]] = {
    "write": patch(os, "write", second),
    "sync": patch(os, "fdatasync", before),
    "synced": patch(os, "fdatasync", after),
    "publish": patch(os, "rename", before),
    "published": patch(os, "rename", after),
    "folder": patch(os, "fsync", after),
    "job": patch(Writer, "run", before),
    "count": lambda store: at_statement(store, "UPDATE buckets"),
    "commit": lambda store: at_statement(store, "COMMIT"),
    "committed": patch(Writer, "_settle", before),
    "collect": lambda store: at_statement(store, "UPDATE segments"),
    "unlink": patch(Collector, "_unlink", before),
    "unlinked": patch(Collector, "_unlink", after),
}


async def put(store: Catalog) -> None:
    await store.put(KEY, Scripted(split(NEW, 256 * 1024)), Put())


async def append(store: Catalog) -> None:
    await store.append(KEY, BytesBody(NEW), Put())


async def delete(store: Catalog) -> None:
    await store.delete(KEY)


async def copy(store: Catalog) -> None:
    await store.copy(Key(BUCKET, "new"), KEY, Copy())


async def rename(store: Catalog) -> None:
    await store.rename(Key(BUCKET, "new"), KEY)


async def complete(store: Catalog) -> None:
    page = await store.uploads(BUCKET, UploadQuery())
    (upload,) = page.items
    assert isinstance(upload, Upload)
    await store.complete_upload(KEY, upload.id, [PartRef(1), PartRef(2)])


async def rename_prefix(store: Catalog) -> None:
    await store.rename_prefix(Key(BUCKET, "tree/"), Key(BUCKET, "moved/"))


async def undo(store: Catalog) -> None:
    await store.delete(KEY, (await store.stat(KEY)).version)


OPERATIONS: dict[str, Callable[[Catalog], Awaitable[None]]] = {
    **{function.__name__: function for function in (put, append, delete, copy, rename, complete, rename_prefix)},
    "keep": put,
    "mark": delete,
    "undo": undo,
}


async def version(store: Catalog, operation: str) -> None:
    """Have the bucket keep versions, and something that can be undone."""
    await store.set_versioning(BUCKET, enabled=True)
    if operation == "undo":
        for data in (NEW, OLD):
            await store.put(KEY, BytesBody(data), Put())


async def main(directory: Path, operation: str, step: str) -> None:
    store = Catalog(settings(directory))
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    for name, data in BEFORE.items():
        await store.put(Key(BUCKET, name), BytesBody(data), Put())
    upload = await store.create_upload(KEY, Put())
    for number, data in enumerate(PARTS, 1):
        await store.put_part(KEY, upload.id, number, BytesBody(data))
    if operation in VERSIONED:
        await version(store, operation)
    await asyncio.sleep(0.05)  # the collector has come to rest
    tell("ready")
    STEPS[step](store)
    await OPERATIONS[operation](store)
    await asyncio.sleep(20)  # for the collector to come to its end
    tell("survived")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
