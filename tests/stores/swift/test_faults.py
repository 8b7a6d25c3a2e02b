"""What the store does when the upstream, the network or the login fail. The requests go through a faulty proxy."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.core.body import BytesBody, StreamBody
from gateway.core.buckets import BucketProps
from gateway.core.conditions import ABSENT
from gateway.core.context import RequestContext, enter
from gateway.core.errors import Busy, DeadlineExceeded, Denied, NoSuchBucket, Unavailable
from gateway.core.types import Key, ListQuery, Put
from gateway.stores.memory import Memory
from gateway.stores.swift import SwiftStore
from tests.conformance.tools import BUCKET, KEY, NEW, OLD, OWNER, md5, names, put, read
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.swift import pointing_at, serving_swift

LARGE = b"0123456789abcdef" * 200_000

OBJECT = f"/{BUCKET}/{KEY.name} "


@asynccontextmanager
async def behind(*faults: Fault, **settings: object) -> AsyncIterator[tuple[SwiftStore, FaultProxy]]:
    """A store whose upstream lies behind a proxy, and the proxy; the faults begin once a bucket and an object stand."""
    memory = Memory()
    await memory.start()
    async with serving_swift(memory) as url, proxied(url.removesuffix("/auth/v1.0")) as proxy:
        stated = {"storage_url": f"{proxy.url}/v1/AUTH_remote", "exclusive": True, **settings}
        store = SwiftStore(pointing_at(f"{proxy.url}/auth/v1.0", **stated), OWNER)
        await store.start()
        try:
            await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
            await put(store, KEY, LARGE)
            proxy.heads.clear()
            proxy.faults[:] = faults
            yield store, proxy
        finally:
            await store.aclose()


async def test_f06_a_refused_token_is_renewed_once_by_many(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = Fault(when="^HEAD ", times=16, answer=refusal(401, "Unauthorized"))
    async with behind(stale) as (store, proxy):
        metas = await asyncio.gather(*[store.stat(KEY) for _ in range(16)])
        assert {meta.etag for meta in metas} == {md5(LARGE)}
        assert sum("/auth/v1.0" in line for line in proxy.lines) == 1


async def test_f05_the_token_is_shared_until_it_is_old() -> None:
    async with behind() as (store, proxy):
        for _ in range(5):
            await store.stat(KEY)
        assert not any("/auth/" in line for line in proxy.lines)


async def test_a_token_that_is_refused_again_is_an_error_of_the_gateway() -> None:
    async with behind(Fault(when="^HEAD ", answer=refusal(401, "Unauthorized"))) as (store, proxy):
        with pytest.raises(Unavailable, match="credentials") as refused:
            await store.stat(KEY)
        assert not refused.value.retryable
        assert len([line for line in proxy.lines if line.startswith("HEAD")]) == 2


@pytest.mark.parametrize("status", (408, 429, 498, 500, 502, 503, 504))
async def test_what_passes_is_tried_again(status: int) -> None:
    async with behind(Fault(times=2, answer=refusal(status, "Trouble", Retry_After="0"))) as (store, _):
        assert (await store.stat(KEY)).etag == md5(LARGE)


async def test_what_stays_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with behind(retries=1) as (store, proxy):
        for status, error in ((503, Unavailable), (429, Busy), (403, Denied)):
            proxy.faults[:] = [Fault(answer=refusal(status, "Trouble"))]
            with pytest.raises(error):
                await store.stat(KEY)
            with pytest.raises(error):
                await read(store, KEY)
            with pytest.raises(error):
                await store.list(BUCKET, ListQuery())


async def test_retry_after_is_respected_up_to_the_cap() -> None:
    slow = Fault(times=1, answer=refusal(503, "Slow down", Retry_After="3600"))
    async with behind(slow, retry_cap=0.3) as (store, _):
        begin = time.monotonic()
        await store.stat(KEY)
        assert time.monotonic() - begin >= 0.15


async def test_a_deadline_ends_the_attempts() -> None:
    async with behind(Fault(answer=refusal(503, "Slow down")), retry_base=30, retry_cap=60) as (store, _):
        enter(RequestContext(deadline=time.monotonic() + 0.5))
        with pytest.raises(DeadlineExceeded):
            await store.stat(KEY)


async def test_a_bucket_that_passes_to_another_account_while_a_large_object_comes_in() -> None:
    async with behind() as (store, proxy):

        async def coming() -> AsyncIterator[bytes]:
            yield LARGE[:-1]
            await store.delete(KEY)
            await store.delete_bucket(BUCKET)
            await store.create_bucket(BUCKET, BucketProps(owner="another"))
            yield LARGE[-1:]

        with pytest.raises(NoSuchBucket):
            await store.put(Key(BUCKET, "new"), StreamBody(coming(), len(LARGE)), Put(owner=OWNER))
        assert any(line.startswith(f"PUT /v1/AUTH_remote/{BUCKET}/new ") for line in proxy.lines)
        assert await names(store) == []


async def test_a_lost_answer_is_asked_for_again() -> None:
    async with behind(Fault(when="^PUT ", times=1, lose_answer=True)) as (store, _):
        assert (await put(store, KEY, NEW)).etag == md5(NEW)


async def test_a_write_on_absence_is_not_repeated_when_its_answer_is_lost() -> None:
    async with behind(Fault(when="^PUT ", times=1, lose_answer=True)) as (store, proxy):
        with pytest.raises(Unavailable):
            await put(store, "new", NEW, when=ABSENT)
        assert len([line for line in proxy.lines if line.startswith("PUT")]) == 1


async def test_a_body_that_was_begun_is_not_repeated() -> None:
    async with behind(Fault(when="^PUT ", times=1, cut_request=700_000)) as (store, _):
        with pytest.raises(Unavailable):
            await store.put(KEY, BytesBody(NEW * 100_000), Put())
        assert await read(store, KEY) == LARGE


@pytest.mark.parametrize("cut", (0, 1, 2_000_000))
async def test_a_reply_that_is_cut_is_never_short(cut: int) -> None:
    async with behind(Fault(when="^GET ", times=1, cut_answer=cut)) as (store, _):
        with pytest.raises(Unavailable):
            await read(store, KEY)
        assert await read(store, KEY) == LARGE


async def test_an_upstream_that_is_down_at_the_start_comes_back() -> None:
    async with behind(retries=0) as (store, proxy):
        proxy.down = True
        other = SwiftStore(store._up.settings, OWNER)
        await other.start()
        try:
            with pytest.raises(Unavailable):
                await names(other)
            with pytest.raises(Unavailable):
                await put(other, KEY, OLD)
            proxy.down = False
            await asyncio.sleep(1.1)  # for so long a failed login is told again
            assert await names(other) == [KEY.name]
        finally:
            await other.aclose()


async def test_wrong_credentials_are_told_and_not_stormed_with() -> None:
    memory = Memory()
    await memory.start()
    async with serving_swift(memory) as url, proxied(url.removesuffix("/auth/v1.0")) as proxy:
        store = SwiftStore(pointing_at(f"{proxy.url}/auth/v1.0", key="wrong"), OWNER)
        await store.start()
        try:
            told = await asyncio.gather(*[store.stat(KEY) for _ in range(10)], return_exceptions=True)
            assert all(isinstance(error, Unavailable) and "credentials" in error.message for error in told)
            assert len(proxy.lines) == 1
        finally:
            await store.aclose()


async def test_f09_every_request_tells_the_client_and_the_request() -> None:
    async with behind() as (store, proxy):
        enter(RequestContext(client="192.0.2.7", request_id="tx0123456789abcdef"))
        await put(store, "told", OLD)
        await read(store, "told")
        await store.list(BUCKET, ListQuery())
        await store.delete(Key(BUCKET, "told"))
        assert len(proxy.heads) > 4
        for head in proxy.heads:
            assert "X-Forwarded-For: 192.0.2.7\r\n" in head
            assert "X-Trans-Id-Extra: tx0123456789abcdef\r\n" in head


async def test_f17_pages_of_any_size_show_all_rows() -> None:
    async with behind(page_limit=3) as (store, _):
        wanted = sorted(f"{letter}/{number}" for letter in "abc" for number in range(5))
        for name in wanted:
            await put(store, name, b"")
        assert await names(store) == sorted([*wanted, KEY.name])
        page = await store.list(BUCKET, ListQuery(delimiter="/"))
        assert [row.name for row in page.items] == ["a/", "b/", "c/", KEY.name]


def lagging(document: bytes) -> Fault:
    """Listings that stay as they were."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(document)}\r\n\r\n"
    return Fault(when=rf"^GET /v1/AUTH_remote/{BUCKET}\?(?!.*marker)", answer=head.encode() + document)


async def test_own_writes_and_deletes_are_listed_while_swift_lags() -> None:
    async with behind() as (store, proxy):
        row = b'[{"name": "%s", "bytes": 1, "hash": "%s", "last_modified": "2020-01-01T00:00:00.000000"}]'
        proxy.faults[:] = [lagging(row % (KEY.name.encode(), b"0" * 32))]
        meta = await put(store, "dir/new", NEW)
        page = await store.list(BUCKET, ListQuery())
        assert [entry.name for entry in page.items] == ["dir/new", KEY.name]
        assert page.items[0] == meta
        grouped = await store.list(BUCKET, ListQuery(delimiter="/"))
        assert [entry.name for entry in grouped.items] == ["dir/", KEY.name]
        await store.delete(Key(BUCKET, "dir/new"))
        await store.delete(KEY)
        assert (await store.list(BUCKET, ListQuery())).items == ()


async def test_the_upstream_repeating_itself_is_an_error_and_no_endless_listing() -> None:
    async with behind() as (store, proxy):
        document = b'[{"name": "zz", "last_modified": "2020-01-01T00:00:00.000000"}]'
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\n\r\n".encode()
        proxy.faults[:] = [Fault(when="^GET ", answer=head + document)]
        page = await store.list(BUCKET, ListQuery())
        assert [row.name for row in page.items][-1] == "zz"
        assert len(proxy.lines) < 5


@pytest.mark.parametrize("document", (b"<html>", b"{}", b"[1]", b'[{"bytes": "x"}]', b'[{"name": 1}]', b"\xff"))
async def test_a_listing_that_is_none_is_an_error(document: bytes) -> None:
    async with behind() as (store, proxy):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(document)}\r\n\r\n".encode()
        proxy.faults[:] = [Fault(when="^GET ", answer=head + document)]
        with pytest.raises(Unavailable):
            await store.list(BUCKET, ListQuery())
