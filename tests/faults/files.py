"""Processes that die over a directory of files: `python -m tests.faults.files DIRECTORY OPERATION METADATA`.

Each does the same on ground of its own, `DIRECTORY/1`, `DIRECTORY/2` and so on, and is killed right before its first,
second, ... call that changes anything on the disk, until one comes to the operation's end. It prints how many died.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import patch

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Copy, Key, Props, PropsChange, Put
from gateway.core.uploads import PartRef, Upload, UploadQuery
from gateway.stores.directory import Directory, DirectorySettings, system
from tests.support.bodies import Scripted, split

P = ParamSpec("P")
R = TypeVar("R")

BUCKET = "bucket"
KEY = Key(BUCKET, "dir/object")
OLD, NEW = b"old" * 5000, b"new" * 20_000
PARTS = (b"part" * 5000, b"the last")

State = Mapping[str, tuple[bytes, Mapping[str, str]]]
"""Each object's bytes and properties, which belong together."""

BEFORE: State = {
    "dir/object": (OLD, {"of": "old"}),
    "other": (NEW, {"of": "other"}),
    "tree/a": (b"a", {}),
    "tree/sub/b": (b"b", {}),
}
_REST = {name: row for name, row in BEFORE.items() if name != "dir/object"}

AFTER: Mapping[str, State] = {
    "put": {**BEFORE, "dir/object": (NEW, {"of": "new"})},
    "put_deep": {**BEFORE, "a/new/object": (NEW, {"of": "new"})},
    "put_small": {**BEFORE, "dir/object": (b"new", {"of": "new"})},
    "append": {**BEFORE, "dir/object": (OLD + NEW, {"of": "old"})},
    "delete": _REST,
    "copy": {**BEFORE, "dir/object": (NEW, {"of": "other"})},
    "update": {**BEFORE, "dir/object": (OLD, {"of": "new"})},
    "rename": {name: row for name, row in BEFORE.items() if name != "other"} | {"dir/object": BEFORE["other"]},
    "rename_away": {**_REST, "some/where": BEFORE["dir/object"]},
    "complete": {**BEFORE, "dir/object": (b"".join(PARTS), {"of": "upload"})},
    "rename_prefix": {
        "dir/object": BEFORE["dir/object"],
        "other": BEFORE["other"],
        "moved/to/a": BEFORE["tree/a"],
        "moved/to/sub/b": BEFORE["tree/sub/b"],
    },
}

_OPTS = Put(props=Props(user={"of": "new"}))


async def _complete(store: Directory) -> None:
    page = await store.uploads(BUCKET, UploadQuery())
    (upload,) = page.items
    assert isinstance(upload, Upload)
    await store.complete_upload(KEY, upload.id, [PartRef(1), PartRef(2)])


def _at(name: str) -> Key:
    return Key(BUCKET, name)


OPERATIONS: Mapping[str, Callable[[Directory], Awaitable[object]]] = {
    "put": lambda store: store.put(KEY, Scripted(split(NEW, 25_000)), _OPTS),
    "put_deep": lambda store: store.put(_at("a/new/object"), Scripted(split(NEW, 25_000)), _OPTS),
    "put_small": lambda store: store.put(KEY, BytesBody(b"new"), _OPTS),
    "append": lambda store: store.append(KEY, BytesBody(NEW), _OPTS),
    "delete": lambda store: store.delete(KEY),
    "copy": lambda store: store.copy(_at("other"), KEY, Copy()),
    "update": lambda store: store.update(KEY, PropsChange(user={"of": "new"}, modified=10**18)),
    "rename": lambda store: store.rename(_at("other"), KEY),
    "rename_away": lambda store: store.rename(KEY, _at("some/where")),
    "complete": _complete,
    "rename_prefix": lambda store: store.rename_prefix(_at("tree/"), _at("moved/to/")),
}

CALLS = (
    "mkdir",
    "rename",
    "unlink",
    "rmdir",
    "write",
    "fsync",
    "setxattr",
    "utime",
    "fchmod",
    "copy_file_range",
    "link",
)


def settings(directory: Path, metadata: str) -> DirectorySettings:
    return DirectorySettings.model_validate({"path": directory, "metadata": metadata})


async def grounded(store: Directory) -> None:
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    for name, (data, user) in BEFORE.items():
        await store.put(_at(name), BytesBody(data), Put(props=Props(user=user)))
    upload = await store.create_upload(KEY, Put(props=Props(user={"of": "upload"})))
    for number, data in enumerate(PARTS, 1):
        await store.put_part(KEY, upload.id, number, BytesBody(data))


class Fate:
    """Counts calls, and ends the process right before one of them."""

    def __init__(self, left: int) -> None:
        self._left = left

    def before(self, function: Callable[P, R]) -> Callable[P, R]:
        def fatal(*args: P.args, **kwargs: P.kwargs) -> R:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return fatal


async def die(directory: Path, operation: str, metadata: str, calls: int) -> None:
    """Carry out an operation, if it needs less than so many calls."""
    store = Directory(settings(directory, metadata), "owner")
    await store.start()
    await grounded(store)
    fate = Fate(calls)
    with ExitStack() as stack:
        for name in CALLS:
            stack.enter_context(patch.object(os, name, fate.before(getattr(os, name))))
        stack.enter_context(patch.object(system, "rename_free", fate.before(system.rename_free)))
        await OPERATIONS[operation](store)
    os._exit(0)


def main(directory: Path, operation: str, metadata: str) -> int:
    """How many died. Processes are forked from this one, which has no threads."""
    for calls in range(1, 200):
        child = os.fork()
        if not child:
            asyncio.run(die(directory / str(calls), operation, metadata, calls))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            return calls - 1
        assert os.WTERMSIG(status) == signal.SIGKILL
    raise AssertionError("the operation has no end")


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])}\n")
