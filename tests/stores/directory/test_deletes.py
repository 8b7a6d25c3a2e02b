"""Deletes: what goes with an object, and what stays."""

import os
import time
from pathlib import Path

import pytest

from gateway.core.conditions import ANY, SECOND, When
from gateway.core.errors import InvalidName
from gateway.core.types import Deleted, Key, Props
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET, OLD, put
from tests.stores.directory.tools import drop, listed, seen


async def test_many_deletes_remove_the_folders_that_they_empty(store: Directory, folder: Path) -> None:
    for name in ("a/b/c", "a/b/d", "a/e", "f/"):
        await put(store, name, b"")
    drop(folder / "theirs" / "file", OLD)
    wanted = ["a/b/c", "a/b/d", "missing/x", "x//y", "..", "theirs/file", "a/b", "f/"]
    results = await store.delete_many(BUCKET, wanted)
    done = [result.existed if isinstance(result, Deleted) else type(result) for result in results]
    assert done == [True, True, False, False, InvalidName, True, False, True]
    assert seen(folder) == ["a/", "a/e", "theirs/"]


async def test_many_deletes_sync_each_folder_once(
    store: Directory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{directory}/{number}" for directory in ("a", "b") for number in range(50)]
    for name in names:
        drop(folder / name, OLD)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    await store.delete_many(BUCKET, names)
    assert len(synced) == 2
    assert await listed(store) == ["a/", "b/"]


async def test_what_has_vanished_is_removed_with_its_folders(store: Directory, folder: Path) -> None:
    expires = (time.time_ns() // SECOND - 1) * SECOND
    for when in (ANY, When(expires=expires)):
        await put(store, "a/b", props=Props(expires=expires))
        assert (await store.delete(Key(BUCKET, "a/b"), when=when)).existed == (when is not ANY)
        assert seen(folder) == []
