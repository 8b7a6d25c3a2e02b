"""Pages that are put into a form: where that is done, and of which rows."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities.listings import Row
from gateway.core.links import LINK, Link
from gateway.core.manifest import Segment
from gateway.core.rendering import FEW, rendered
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Page, Prefix, Props, Put
from gateway.layers.links import Linked
from gateway.layers.manifests import LargeObjects
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.settings import CatalogSettings
from gateway.stores.directory import Directory, DirectorySettings
from gateway.stores.memory import Memory
from tests.support.manifests import assembling, following

BUCKET = "bucket"


def told(page: Page[Row | Prefix]) -> tuple[list[tuple[str, int]], bool]:
    """Names and sizes, and whether they were told on the event loop."""
    rows = [(row.name, 0 if isinstance(row, Prefix) else row.size) for row in page.items]
    return rows, threading.current_thread() is threading.main_thread()


@pytest.mark.parametrize(
    "make",
    (
        lambda path: Memory(),
        lambda path: Catalog(CatalogSettings(type="catalog", path=path)),
        lambda path: Directory(DirectorySettings(type="directory", path=path), "owner"),
    ),
    ids=("memory", "catalog", "directory"),
)
async def test_pages_of_many_rows_are_no_work_of_the_event_loop(tmp_path: Path, make: Callable[[Path], Store]) -> None:
    store = make(tmp_path)
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    names = [f"{number:03}" for number in range(FEW + 1)]
    for name in names:
        await store.put(Key(BUCKET, name), BytesBody(b""), Put())
    assert await rendered(store, BUCKET, ListQuery(), told) == ([(name, 0) for name in names], False)
    few = await rendered(store, BUCKET, ListQuery(limit=2), told)
    assert few[0] == [("000", 0), ("001", 0)]
    assert few[1] or isinstance(store, Directory)  # which reads files anyway
    await store.aclose()


async def test_rows_that_stand_for_others_are_what_layers_make_of_them(tmp_path: Path) -> None:
    catalog = Catalog(CatalogSettings(type="catalog", path=tmp_path))
    store = assembling(following(catalog))
    await store.start()
    await store.create_bucket(BUCKET, BucketProps(owner="owner"))
    meta = await store.put(Key(BUCKET, "a"), BytesBody(b"12345"), Put())
    assert await sizes(store) == {"a": 5}
    link = Link(container=BUCKET, name="a", owner="owner")
    await catalog.put(Key(BUCKET, "link"), BytesBody(b""), Put(props=Props(system={LINK: link.packed})))
    assert await sizes(store) == {"a": 5, "link": 5}
    await store.delete(Key(BUCKET, "link"))
    segment = Segment(container=BUCKET, name="a", size=5, etag=meta.etag)
    await store.put_manifest(Key(BUCKET, "large"), [segment, segment], Put())
    assert await sizes(store) == {"a": 5, "large": 10}
    await store.aclose()


async def sizes(store: LargeObjects | Linked) -> dict[str, int]:
    """As a form that is made once tells them."""
    made: list[int] = []

    def form(page: Page[Row | Prefix]) -> dict[str, int]:
        made.append(len(page.items))
        return dict(told(page)[0])

    found = await rendered(store, BUCKET, ListQuery(), form)
    assert made == [len(found)]
    return found
