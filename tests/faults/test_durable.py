"""What is on the disk when a write is acknowledged, and in which order it got there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Put
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.volume import FOLDERS
from tests.faults.scenes import BUCKET, KEY, NEW, OLD, settings
from tests.support.catalog import tidy

P = ParamSpec("P")
R = TypeVar("R")


async def test_bytes_name_and_index_reach_the_disk_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Catalog(settings(tmp_path))
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    await store.put(KEY, BytesBody(OLD), Put())
    await tidy(tmp_path)
    for number in range(FOLDERS):  # the first file in a folder makes it, too
        (tmp_path / "volumes" / "0" / f"{number:02x}").mkdir(exist_ok=True)
    events: list[str] = []

    def recorded(function: Callable[P, R], name: str) -> Callable[P, R]:
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            result = function(*args, **kwargs)
            events.append(name)
            return result

        return wrapped

    for name in ("write", "fdatasync", "rename", "fsync", "unlink"):
        monkeypatch.setattr(os, name, recorded(getattr(os, name), name))
    connection = store._engine.writer._connection
    connection.set_trace_callback(lambda sql: events.append("commit") if sql == "COMMIT" else None)
    await store.put(KEY, BytesBody(NEW), Put())
    events.append("acknowledged")
    await tidy(tmp_path)
    await store.aclose()
    monkeypatch.undo()
    assert events[:6] == ["write", "fdatasync", "rename", "fsync", "commit", "acknowledged"]
    # Of what was replaced: garbage in the index, all commits on the disk, the file gone, the row gone.
    assert events[6:] == ["commit", "fdatasync", "unlink", "commit"]


async def test_every_commit_is_synced(tmp_path: Path) -> None:
    store = Catalog(settings(tmp_path))
    await store.start()
    (level,) = store._engine.writer._connection.execute("PRAGMA synchronous").fetchone()
    (mode,) = store._engine.writer._connection.execute("PRAGMA journal_mode").fetchone()
    await store.aclose()
    assert (level, mode) == (2, "wal")  # FULL
