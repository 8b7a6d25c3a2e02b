"""Listings of a cluster that gives few rows at once: all of them come, and it is asked for no more than it allows."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.types import Key, ListQuery, Put
from gateway.stores.memory import Memory
from gateway.stores.swift import SwiftStore
from tests.conformance.tools import BUCKET, OWNER, names
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.swift import pointing_at, serving_swift

NAMES = sorted(f"{letter}/{number:03}" for letter in "abc" for number in range(80))


@asynccontextmanager
async def cluster(limit: int, *, tells: bool, **settings: object) -> AsyncIterator[tuple[SwiftStore, FaultProxy]]:
    """One that refuses to be asked for more than `limit` rows; `tells`: its /info says so."""
    memory = Memory()
    await memory.start()
    await memory.create_bucket(BUCKET, BucketProps(owner="remote"))
    for number in range(120):
        await memory.create_bucket(f"more-{number:03}", BucketProps(owner="remote"))
    for name in NAMES:
        await memory.put(Key(BUCKET, name), BytesBody(b"x"), Put())
    async with (
        serving_swift(memory, listing_limit=limit) as url,
        proxied(url.removesuffix("/auth/v1.0")) as proxy,
    ):
        store = SwiftStore(
            pointing_at(f"{proxy.url}/auth/v1.0", storage_url=f"{proxy.url}/v1/AUTH_remote", **settings), OWNER
        )
        await store.start()
        if not tells:
            proxy.faults = [Fault(when="^GET /info", answer=refusal(404, "Not Found"))]
        try:
            yield store, proxy
        finally:
            await store.aclose()


def asked(proxy: FaultProxy) -> list[int]:
    """The numbers of rows that pages were asked for."""
    return [int(match[1]) for line in proxy.lines if (match := re.search(r"[?&]limit=(\d+)", line))]


@pytest.mark.parametrize("limit", (1000, 100, 7))
async def test_f17_a_cluster_that_tells_its_limit_is_asked_for_that_many(limit: int) -> None:
    async with cluster(limit, tells=True) as (store, proxy):
        assert await names(store) == NAMES
        page = await store.list(BUCKET, ListQuery(delimiter="/"))
        assert [row.name for row in page.items] == ["a/", "b/", "c/"]
        buckets = await store.buckets(ListQuery(limit=1000))
        assert len(buckets.items) == 121
        assert len([number for number in asked(proxy) if number > limit]) <= 1
        assert sum("/info" in line for line in proxy.lines) <= 1


async def test_f17_a_cluster_that_does_not_tell_is_asked_for_less_and_less() -> None:
    async with cluster(30, tells=False) as (store, proxy):
        assert await names(store, prefix="b/") == [name for name in NAMES if name.startswith("b/")]
        assert asked(proxy)[:3] == [1001, 100, 10]


async def test_f16_a_page_may_end_with_a_group() -> None:
    async with cluster(100, tells=True) as (store, _):
        rows: list[str] = []
        marker: str | None = ""
        while marker is not None:
            page = await store.list(BUCKET, ListQuery(delimiter="/", limit=1, marker=marker))
            rows += [row.name for row in page.items]
            marker = page.next
        assert rows == ["a/", "b/", "c/"]
