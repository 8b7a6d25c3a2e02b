"""A directory, and the store over it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.core.types import ListQuery, Meta, Prefix
from gateway.stores.directory import Directory, DirectorySettings
from tests.conformance.tools import BUCKET, shown

OWNER = "owner"
LONG_AGO = 1_600_000_000


@asynccontextmanager
async def opened(path: Path, **settings: object) -> AsyncIterator[Directory]:
    store = Directory(DirectorySettings.model_validate({"path": path, **settings}), OWNER)
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


def drop(path: Path, data: bytes, *, age: bool = True) -> Path:
    """Put a file there as anybody does; `age`: long ago, so that its time tells it from what may come."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if age:
        os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def seen(path: Path) -> list[str]:
    """All that somebody with a shell sees below a folder, without what is hidden."""
    found = (entry.relative_to(path) for entry in path.rglob("*"))
    return sorted(f"{entry}/" if (path / entry).is_dir() else str(entry) for entry in found if entry.parts[0][0] != ".")


def drafts(path: Path) -> list[Path]:
    return [*path.glob("**/.portico/tmp/*")]


async def listed(store: Directory, bucket: str = BUCKET, **query: object) -> list[str]:
    page = await store.list(bucket, ListQuery(**query))  # type: ignore[arg-type]
    return [shown(row) for row in page.items]


async def paged(store: Directory, query: ListQuery, bucket: str = BUCKET) -> list[Meta | Prefix]:
    """All rows from the query's marker on, page by page."""
    found: list[Meta | Prefix] = []
    marker: str | None = query.marker
    while marker is not None:
        page = await store.list(bucket, replace(query, marker=marker))
        assert page.next is None or len(page.items) == query.limit
        found += page.items
        marker = page.next
    return found
