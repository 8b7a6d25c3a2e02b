"""Listings by a real Swift: its own prefixes, delimiters, markers and reverse mean what the core's rules say."""

import itertools

from gateway.core.types import ListQuery
from gateway.stores.swift import SwiftStore
from tests.conformance.tools import BUCKET, put, shown
from tests.stores.swift.conftest import Opening
from tests.support.listing import naive

NAMES = ("-", "/", "//", "/a", "a", "a-b", "a/", "a//b", "a/b", "a/b/c", "ab", "b/-", "b/é", "é", "é/a", "\U0001f600/x")

QUERIES = [
    ListQuery(prefix=prefix, delimiter=delimiter, marker=marker, limit=limit, reverse=reverse)
    for prefix, delimiter, marker, (limit, reverse) in itertools.product(
        ("", "a", "a/", "é"), ("", "/", "//", "é"), ("", "a/", "a/b"), ((3, False), (100, True))
    )
]


async def test_f16_listings_of_every_kind(store: SwiftStore, opening: Opening) -> None:
    for name in NAMES:
        await put(store, name, b"")
    async with opening(page_limit=7) as other:  # it has written nothing itself, so it knows nothing but what is told
        for query in QUERIES:
            page = await other.list(BUCKET, query)
            assert ([shown(row) for row in page.items], page.next) == naive(NAMES, query), query
        query = ListQuery(end_marker="a/b", marker="/", delimiter="/")
        page = await other.list(BUCKET, query)
        assert ([shown(row) for row in page.items], page.next) == naive(NAMES, query)
