"""Listings that are put into a form where their rows are read."""

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.listings import Rendering, Row
from gateway.core.digest import Algorithm
from gateway.core.errors import NoSuchBucket
from gateway.core.links import LINK, Link
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix, Props, Put
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.layers.quotas import Quotas
from gateway.stores.catalog import Catalog
from tests.stores.catalog.tools import BUCKET, opened
from tests.support.listing import NAMES, QUERIES
from tests.support.manifests import assembling, following


def facts(page: Page[Row | Prefix]) -> tuple[str | None, list[object]]:
    return page.next, [
        row
        if isinstance(row, Prefix)
        else (
            *(row.name, row.size, row.etag, row.modified, row.content_type),
            *(dict(mapping or {}) for mapping in (row.user, row.system, row.checksums)),
        )
        for row in page.items
    ]


def native(store: Store) -> Rendering:
    found = find(store, Rendering)
    assert found is not None
    return found


@given(names=st.sets(NAMES, max_size=12), queries=st.lists(QUERIES, min_size=1, max_size=5))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_form_is_made_of_the_rows_that_a_listing_has(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], queries: list[ListQuery]
) -> None:
    async with opened(tmp_path_factory.mktemp("catalog")) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        for number, name in enumerate(sorted(names)):
            system = {"http:cache-control": f"max-age={number}"} if number % 2 else {}
            props = Props(content_type=f"text/{number}", user={"a": "b"}, system=system)
            checksums = frozenset({Algorithm.CRC32} if number % 3 else ())
            await store.put(Key(BUCKET, name), BytesBody(b"x" * number), Put(props=props, checksums=checksums))
        for query in queries:
            assert await store.render(BUCKET, query, facts) == facts(await store.list(BUCKET, query))


async def test_a_form_is_made_in_a_thread(catalog: Catalog) -> None:
    assert (
        await catalog.render(BUCKET, ListQuery(), lambda _: threading.current_thread()) is not threading.main_thread()
    )


async def test_of_a_missing_bucket_no_form_is_made(catalog: Catalog) -> None:
    with pytest.raises(NoSuchBucket):
        await catalog.render("missing", ListQuery(), facts)


async def test_rows_are_the_stores_own_behind_all_layers(tmp_path: Path) -> None:
    async with opened(tmp_path) as catalog:
        sealed = Quotas(Encrypted(catalog, MasterKeys({"new": bytes(32)}, "new"), default=True))
        store = assembling(following(sealed))
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        await store.put(Key(BUCKET, "a"), BytesBody(b"12345"), Put())
        link = Link(container=BUCKET, name="a")
        await sealed.put(Key(BUCKET, "link"), BytesBody(b""), Put(props=Props(system={LINK: link.packed})))
        page = await sealed.list(BUCKET, ListQuery())
        assert [row.size for row in page.items if isinstance(row, Meta)] == [5, 0]
        assert await native(store).render(BUCKET, ListQuery(), facts) == facts(page)
