"""Listings of trees of files: in the order of the names' bytes, not of the folders'."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.buckets import BucketProps
from gateway.core.types import Key, ListQuery, Meta
from gateway.stores.directory import Directory
from tests.conformance.tools import BUCKET, put, shown
from tests.stores.directory.tools import OWNER, drop, listed, paged
from tests.support.listing import ALPHABET, naive

TREE = ("a!", "a.txt", "a/", "a/b/c", "a/b-/d", "a/b0", "a0", "b/1", "b/2/3/4", "b0/", "c", "c-1", "d/e/f/")
serials = count()

SEGMENTS = st.text(st.sampled_from(ALPHABET.replace("/", "") + ".0"), min_size=1, max_size=3).filter(
    lambda segment: segment not in {".", ".."}
)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join)
BOUNDS = st.one_of(st.just(""), PATHS, PATHS.map(lambda path: path + "/"), st.text(ALPHABET, max_size=3))
QUERIES = st.builds(
    ListQuery,
    prefix=st.one_of(st.just(""), st.text(ALPHABET, max_size=2), PATHS.map(lambda path: path + "/")),
    delimiter=st.sampled_from(("", "/", "/", "/", "-", "//", "a/", "é")),
    marker=BOUNDS,
    end_marker=BOUNDS,
    limit=st.integers(0, 5),
    reverse=st.booleans(),
)


def standing(paths: set[str], markers: set[str]) -> list[str]:
    """Those of the names that can stand together in a tree of files."""
    folders = {path[:end] for path in (*paths, *(f"{marker}/" for marker in markers)) for end in _slashes(path)}
    return sorted({path for path in paths if path not in folders} | {f"{marker}/" for marker in markers})


def _slashes(path: str) -> Iterator[int]:
    return (place for place, character in enumerate(path) if character == "/")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    paths=st.sets(PATHS, max_size=10),
    markers=st.sets(PATHS, max_size=3),
    queries=st.lists(QUERIES, min_size=1, max_size=8),
)
async def test_listings_are_those_of_the_model(
    store: Directory, tmp_path: Path, paths: set[str], markers: set[str], queries: list[ListQuery]
) -> None:
    names = [name for name in standing(paths, markers) if name.endswith("/") or name not in markers]
    bucket = f"model-{next(serials)}"
    await store.create_bucket(bucket, BucketProps(owner=OWNER))
    for name in names:
        if name.endswith("/"):
            await put(store, Key(bucket, name), b"")
        else:
            drop(tmp_path / bucket / name, b"")
    for query in queries:
        page = await store.list(bucket, query)
        assert ([shown(row) for row in page.items], page.next) == naive(names, query)
        pages = replace(query, limit=max(1, query.limit))
        assert [shown(row) for row in await paged(store, pages, bucket)] == naive(names, replace(query, limit=1000))[0]


async def filled(store: Directory) -> None:
    for name in TREE:
        await put(store, name, b"")


async def test_n03_a_tree_in_pages_of_every_size(store: Directory) -> None:
    await filled(store)
    for limit, reverse, delimiter in product((1, 2, 3, 12, 13, 14), (False, True), ("", "/")):
        query = ListQuery(limit=limit, reverse=reverse, delimiter=delimiter)
        rows = [shown(row) for row in await paged(store, query)]
        assert rows == naive(TREE, replace(query, limit=1000))[0]


async def test_n03_a_page_below_every_prefix_and_behind_every_marker(store: Directory) -> None:
    await filled(store)
    texts = sorted({name[:end] for name in TREE for end in range(len(name) + 1)})
    for text, delimiter, reverse in product(texts, ("", "/"), (False, True)):
        for query in (
            ListQuery(prefix=text, delimiter=delimiter, reverse=reverse),
            ListQuery(marker=text, delimiter=delimiter, reverse=reverse),
            ListQuery(end_marker=text, delimiter=delimiter, reverse=reverse),
        ):
            assert (
                await listed(store, **{name: getattr(query, name) for name in query.__slots__}) == naive(TREE, query)[0]
            )


async def test_a_page_with_a_delimiter_reads_its_folder_once(
    store: Directory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(store, "base/object", b"")
    for number in range(50):
        drop(folder / "base" / f"dir-{number:02}" / "file", b"")
        drop(folder / "base" / f"file-{number:02}", b"")
    scans: list[object] = []
    native = os.scandir

    def counted(descriptor: int) -> object:
        scans.append(descriptor)
        return native(descriptor)

    monkeypatch.setattr(os, "scandir", counted)
    rows = await listed(store, prefix="base/", delimiter="/")
    assert len(rows) == 101
    assert len(scans) == 1
    scans.clear()
    assert await listed(store, prefix="base/", delimiter="/", marker="base/dir-30/", limit=10) == [
        f"<base/dir-{number}/>" for number in range(31, 41)
    ]
    assert len(scans) == 2  # and the folder of the marker, for what may lie behind it there


async def test_memory_holds_a_page_of_a_large_folder(store: Directory, folder: Path) -> None:
    for number in range(3000):
        (folder / f"{number:04}").touch()
    rows = await paged(store, ListQuery(limit=700))
    assert [row.name for row in rows] == [f"{number:04}" for number in range(3000)]


async def test_what_vanishes_while_a_page_is_made_is_left_out(
    store: Directory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        drop(folder / name, b"")
    describing = type(store._writing.describing)
    native = describing.describe

    def losing(*args: object, **kwargs: object) -> Meta:
        (folder / "b").unlink(missing_ok=True)
        return native(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(describing, "describe", losing)
    assert await listed(store) == ["a", "c"]


async def test_folders_that_nothing_lies_in_are_not_shown(store: Directory, folder: Path) -> None:
    """A process that is killed on the way to an object leaves the folders that it has made."""
    await put(store, "left/over/object")
    os.unlink(folder / "left/over/object")
    assert await listed(store) == await listed(store, delimiter="/") == []
    await put(store, "left")
    assert await listed(store) == ["left"]
    await put(store, "late/object")
    os.unlink(folder / "late/object")
    await store.delete(Key(BUCKET, "left"))
    await store.delete_bucket(BUCKET)
