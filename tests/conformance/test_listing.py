import asyncio
from contextlib import suppress
from dataclasses import replace
from itertools import count, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.buckets import BucketProps
from gateway.core.errors import NoSuchBucket, StoreError
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from tests.conformance.tools import BUCKET, MISSING, OWNER, names, put, shown
from tests.support.listing import NAMES, QUERIES, naive
from tests.support.names import BAD_KEYS, ODD_KEYS

TREE = ("a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "b", "b-1", "b/1", "c//1", "c/1", "d")
serials = count()


async def filled(store: Store, keys: tuple[str, ...] = TREE) -> None:
    await asyncio.gather(*[put(store, name, name.encode()) for name in keys])


async def listed(store: Store, query: ListQuery, bucket: str = BUCKET) -> tuple[list[str], str | None]:
    page = await store.list(bucket, query)
    return [shown(row) for row in page.items], page.next


async def paged(store: Store, query: ListQuery, bucket: str = BUCKET) -> list[str]:
    """All rows from the query's marker on, page by page."""
    found: list[str] = []
    marker: str | None = query.marker
    while marker is not None:
        before = marker
        items, marker = await listed(store, replace(query, marker=before), bucket)
        assert marker is None or (len(items) == query.limit and marker != before)
        found += items
    return found


async def test_an_empty_bucket(store: Store) -> None:
    assert await store.list(BUCKET, ListQuery()) == Page(())
    assert await store.list(BUCKET, ListQuery(prefix="a", delimiter="/", marker="a", reverse=True)) == Page(())


async def test_a_missing_bucket(store: Store) -> None:
    with pytest.raises(NoSuchBucket):
        await store.list("missing", ListQuery())


VECTORS = {
    "everything": (ListQuery(), list(TREE)),
    "backward": (ListQuery(reverse=True), list(reversed(TREE))),
    "prefix": (ListQuery(prefix="a/"), ["a/", "a/1", "a/2", "a/b/1", "a/b/2"]),
    "prefix that is a name": (ListQuery(prefix="b"), ["b", "b-1", "b/1"]),
    "prefix of nothing": (ListQuery(prefix="x"), []),
    "delimiter": (ListQuery(delimiter="/"), ["a", "<a/>", "b", "b-1", "<b/>", "<c/>", "d"]),
    "delimiter backward": (
        ListQuery(delimiter="/", reverse=True),
        ["d", "<c/>", "<b/>", "b-1", "b", "<a/>", "a"],
    ),
    "delimiter below a prefix": (ListQuery(prefix="a/", delimiter="/"), ["a/", "a/1", "a/2", "<a/b/>"]),
    "delimiter below half a name": (ListQuery(prefix="a/b", delimiter="/"), ["<a/b/>"]),
    "delimiter behind a slash": (ListQuery(prefix="c/", delimiter="/"), ["<c//>", "c/1"]),
    "delimiter of two characters": (ListQuery(delimiter="//"), [*TREE[:9], "<c//>", "c/1", "d"]),
    "delimiter that is a letter": (ListQuery(delimiter="b"), ["a", "a/", "a/1", "a/2", "<a/b>", "<b>", *TREE[9:]]),
    "marker": (ListQuery(marker="b"), list(TREE[7:])),
    "marker that is no name": (ListQuery(marker="a/3"), list(TREE[4:])),
    "marker before everything": (ListQuery(marker="0"), list(TREE)),
    "marker behind everything": (ListQuery(marker="e"), []),
    "marker before the prefix": (ListQuery(marker="a", prefix="b"), ["b", "b-1", "b/1"]),
    "marker behind the prefix": (ListQuery(marker="c", prefix="b"), []),
    "marker backward": (ListQuery(marker="a/2", reverse=True), ["a/1", "a/", "a"]),
    "marker behind the prefix, backward": (ListQuery(marker="c", prefix="b", reverse=True), ["b/1", "b-1", "b"]),
    "marker before the prefix, backward": (ListQuery(marker="a", prefix="b", reverse=True), []),
    "marker that is a group": (ListQuery(marker="a/", delimiter="/"), ["b", "b-1", "<b/>", "<c/>", "d"]),
    "marker inside of a group": (ListQuery(marker="a/1", delimiter="/"), ["<a/>", "b", "b-1", "<b/>", "<c/>", "d"]),
    "marker at a group's end": (ListQuery(marker="a/b/2", delimiter="/"), ["b", "b-1", "<b/>", "<c/>", "d"]),
    "marker that is a group, backward": (
        ListQuery(marker="b/", delimiter="/", reverse=True),
        ["b-1", "b", "<a/>", "a"],
    ),
    "marker inside of a group, backward": (
        ListQuery(marker="a/b/2", delimiter="/", reverse=True),
        ["<a/>", "a"],
    ),
    "end marker": (ListQuery(end_marker="a/2"), ["a", "a/", "a/1"]),
    "end marker inside of a group": (ListQuery(end_marker="a/2", delimiter="/"), ["a", "<a/>"]),
    "end marker backward": (ListQuery(end_marker="b/1", reverse=True), ["d", "c/1", "c//1"]),
    "both markers": (ListQuery(marker="a/2", end_marker="b/1"), ["a/b/1", "a/b/2", "b", "b-1"]),
    "markers the wrong way round": (ListQuery(marker="b", end_marker="a"), []),
    "no rows wanted": (ListQuery(limit=0), []),
}


async def test_listings_of_every_kind(store: Store) -> None:
    await filled(store)
    for kind, (query, expected) in VECTORS.items():
        assert (kind, await listed(store, query)) == (kind, (expected, None))
        assert naive(TREE, query) == (expected, None)


async def test_rows_are_objects_and_groups(store: Store) -> None:
    await filled(store, ("a/1", "b"))
    page = await store.list(BUCKET, ListQuery(delimiter="/"))
    assert page.items == (Prefix("a/"), await store.stat(Key(BUCKET, "b")))


async def test_pages_show_every_row_once(store: Store) -> None:
    await filled(store)
    for limit, reverse, delimiter in product((1, 2, 3, 5, 11, 12, 13), (False, True), ("", "/")):
        query = ListQuery(limit=limit, reverse=reverse, delimiter=delimiter)
        assert await paged(store, query) == naive(TREE, replace(query, limit=1000))[0]


async def test_a_page_that_ends_with_the_last_row_is_the_last(store: Store) -> None:
    await filled(store, ("a", "b/1", "b/2"))
    assert await listed(store, ListQuery(limit=2, delimiter="/")) == (["a", "<b/>"], None)
    assert await listed(store, ListQuery(limit=3)) == (["a", "b/1", "b/2"], None)
    assert await listed(store, ListQuery(limit=2)) == (["a", "b/1"], "b/1")
    assert await listed(store, ListQuery(limit=1, delimiter="/", reverse=True)) == (["<b/>"], "b/")


async def test_pages_go_on_when_their_marker_is_deleted(store: Store) -> None:
    await filled(store)
    first = await store.list(BUCKET, ListQuery(limit=4))
    assert first.next is not None
    for row in first.items:
        await store.delete(Key(BUCKET, row.name))
    assert (await listed(store, ListQuery(marker=first.next)))[0] == list(TREE[4:])


async def test_odd_names_are_listed_in_byte_order(store: Store) -> None:
    await filled(store, ODD_KEYS)
    expected = sorted(ODD_KEYS, key=str.encode)
    assert await names(store) == expected
    assert await paged(store, ListQuery(limit=7)) == expected
    assert await paged(store, ListQuery(limit=7, reverse=True)) == expected[::-1]
    assert await paged(store, ListQuery(limit=3, delimiter="/")) == naive(ODD_KEYS, ListQuery(delimiter="/"))[0]
    for name in ODD_KEYS:
        page = await store.list(BUCKET, ListQuery(prefix=name, limit=1))
        assert [row.name for row in page.items] == [min(other for other in expected if other.startswith(name))]
        after = await store.list(BUCKET, ListQuery(marker=name, limit=1))
        assert [row.name for row in after.items] == expected[expected.index(name) + 1 :][:1]


async def test_prefixes_are_no_patterns(store: Store) -> None:
    await filled(store, ("a_b", "axb", "a%b", "a*b", "a[x]b", "A_b"))
    for prefix in ("a_", "a%", "a*", "a[x]", "A"):
        assert [name[: len(prefix)] for name in await names(store, prefix=prefix)] == [prefix]


async def test_bounds_that_are_no_names_are_answered_or_refused(store: Store) -> None:
    await filled(store)
    for text in (*BAD_KEYS, "x" * 100_000):
        for query in (
            ListQuery(prefix=text),
            ListQuery(marker=text),
            ListQuery(marker=text, reverse=True),
            ListQuery(end_marker=text),
            ListQuery(delimiter=text),
        ):
            with suppress(StoreError):
                page = await store.list(BUCKET, query)
                assert set(TREE) >= {row.name for row in page.items if isinstance(row, Meta)}


async def test_listings_follow_every_write(store: Store) -> None:
    for number in range(20):
        await put(store, f"{number:02}")
        assert len(await names(store)) == number + 1
    for number in range(20):
        await store.delete(Key(BUCKET, f"{number:02}"))
        assert len(await names(store)) == 19 - number
    await store.delete(MISSING)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(NAMES, max_size=14), queries=st.lists(QUERIES, min_size=1, max_size=12))
async def test_listings_are_those_of_the_model(store: Store, keys: set[str], queries: list[ListQuery]) -> None:
    bucket = f"model-{next(serials)}"
    await store.create_bucket(bucket, BucketProps(owner=OWNER))
    await asyncio.gather(*[put(store, Key(bucket, name), b"") for name in keys])
    for query in queries:
        assert await listed(store, query, bucket) == naive(keys, query)
        pages = replace(query, limit=max(1, query.limit))
        assert await paged(store, pages, bucket) == naive(keys, replace(query, limit=1000))[0]
