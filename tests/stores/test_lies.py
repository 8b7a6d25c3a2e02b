"""What both remote stores make of an upstream that lies, breaks off, repeats itself, or never comes to an end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.context import RequestContext, enter
from gateway.core.errors import Corrupt, DeadlineExceeded, StoreError, Unavailable
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Put
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.support.faultproxy import Fault, FaultProxy, proxied
from tests.support.remotes import REMOTE, serving_s3
from tests.support.remotes import pointing_at as pointing_at_s3
from tests.support.swift import pointing_at as pointing_at_swift
from tests.support.swift import serving_swift

BUCKET = "bucket"
KEY = Key(BUCKET, "object")
DATA = bytes(range(256)) * 4096
GET = rf"^GET \S*/{BUCKET}/{KEY.name} "
LIST = rf"^GET \S*/{BUCKET}/?\?"
KINDS = ("s3", "swift")


@dataclass(frozen=True, slots=True)
class Remote:
    """A store, and the proxy before what it lies on."""

    store: Store
    proxy: FaultProxy


@asynccontextmanager
async def remote(kind: str, **settings: object) -> AsyncIterator[Remote]:
    """A store with an object in it."""
    memory = Memory()
    await memory.start()
    await memory.create_bucket(BUCKET, BucketProps(owner=REMOTE.account.id))
    await memory.put(KEY, BytesBody(DATA), Put())
    async with _served(kind, memory) as origin, proxied(origin) as proxy:
        store = _store(kind, proxy.url, settings)
        await store.start()
        try:
            yield Remote(store, proxy)
        finally:
            await store.aclose()


@asynccontextmanager
async def _served(kind: str, memory: Memory) -> AsyncIterator[str]:
    if kind == "s3":
        async with serving_s3(memory) as endpoint:
            yield endpoint
    else:
        async with serving_swift(memory) as login:
            yield login.removesuffix("/auth/v1.0")


def _store(kind: str, url: str, settings: dict[str, object]) -> Store:
    if kind == "s3":
        return S3Store(pointing_at_s3(url, **settings), "owner")
    stated = {"storage_url": f"{url}/v1/AUTH_remote", "retries": 0, **settings}
    return SwiftStore(pointing_at_swift(f"{url}/auth/v1.0", **stated), "owner")


async def taken(store: Store, span: Span | None = None) -> bytes:
    """What a reader gives before it ends or fails."""
    got = b""
    async with store.open(KEY, span=span) as reader:
        async for chunk in reader.chunks():
            got += chunk
            yielded.append(len(chunk))
    return got


yielded: list[int] = []
"""Sizes of the chunks that readers gave, of the test that runs."""


@pytest.fixture(autouse=True)
def _fresh() -> None:
    yielded.clear()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_object_that_is_not_the_one_of_its_etag_is_refused(kind: str) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=GET, etag="0" * 32)]
        with pytest.raises(Corrupt):
            await taken(place.store)
        assert sum(yielded) < len(DATA)
        place.proxy.faults = []
        assert await taken(place.store) == DATA


@pytest.mark.parametrize("kind", KINDS)
async def test_an_etag_that_is_no_md5_is_believed(kind: str) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=GET, etag=f"{'0' * 32}-2")]
        assert await taken(place.store) == DATA
        place.proxy.faults = [Fault(when=GET, etag="0" * 32)]
        assert await taken(place.store, Span(4, 7)) == DATA[4:8]


async def test_etags_of_a_remote_that_has_others_are_believed_if_the_settings_say_so() -> None:
    async with remote("s3", check_etag=False) as place:
        place.proxy.faults = [Fault(when=GET, etag="0" * 32)]
        assert await taken(place.store) == DATA


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", (len(DATA) - 1, len(DATA) + 1))
async def test_an_object_of_another_length_than_was_told_is_refused(kind: str, length: int) -> None:
    async with remote(kind, read_timeout=1) as place:
        place.proxy.faults = [Fault(when=GET, length=length)]
        with pytest.raises((Corrupt, Unavailable)):
            await taken(place.store)
        assert sum(yielded) < len(DATA)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", (0, 1, 500_000))
async def test_an_answer_that_is_cut_is_never_short(kind: str, cut: int) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=GET, times=1, cut_answer=cut)]
        with pytest.raises(Unavailable):
            await taken(place.store)
        assert await taken(place.store) == DATA


REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_followed_elsewhere(kind: str) -> None:
    """The credentials are for the upstream alone."""
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=GET, answer=REDIRECT), Fault(when=LIST, answer=REDIRECT)]
        with pytest.raises(Unavailable):
            await taken(place.store)
        with pytest.raises(Unavailable):
            await place.store.list(BUCKET, ListQuery())


@pytest.mark.parametrize("kind", KINDS)
async def test_bytes_that_hardly_come_end_with_the_deadline(kind: str) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=LIST, drip=0.05)]
        enter(RequestContext(deadline=time.monotonic() + 0.3))
        with pytest.raises(DeadlineExceeded):
            await place.store.list(BUCKET, ListQuery())


@pytest.mark.parametrize("kind", KINDS)
async def test_silence_ends_with_the_timeout(kind: str) -> None:
    async with remote(kind, read_timeout=0.2) as place:
        place.proxy.faults = [Fault(when=GET, delay=30)]
        with pytest.raises(Unavailable):
            await taken(place.store)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_upstream_meets_no_more_connections_than_are_allowed(kind: str) -> None:
    async with remote(kind, max_connections=2) as place:
        place.proxy.faults = [Fault(when=GET, delay=0.02)]
        place.proxy.most = 0
        assert set(await asyncio.gather(*[taken(place.store) for _ in range(12)])) == {DATA}
        pools = 2 if kind == "swift" else 1  # that of short requests may keep some open
        assert place.proxy.most <= 2 * pools


def listing(kind: str, last: str) -> bytes:
    """A page that promises more pages."""
    if kind == "swift":
        return b'[{"name": "%s", "hash": "", "last_modified": "2020-01-01T00:00:00.000000"}]' % last.encode()
    row = f"<Contents><Key>{last}</Key><Size>1</Size><LastModified>2020-01-01T00:00:00Z</LastModified></Contents>"
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>"
    return f"<ListBucketResult>{row}{more}</ListBucketResult>".encode()


def answered(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize("kind", KINDS)
async def test_a_listing_that_repeats_itself_comes_to_an_end(kind: str) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=LIST, answer=answered(listing(kind, "zz")))]
        place.proxy.heads.clear()
        rows: list[str] = []
        with suppress(Unavailable):
            rows = [row.name for row in (await place.store.list(BUCKET, ListQuery())).items]
        assert rows.count("zz") <= 1
        assert 1 < len(place.proxy.lines) < 5


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_without_end_is_not_gathered(kind: str) -> None:
    async with remote(kind) as place:
        place.proxy.faults = [Fault(when=LIST, endless=True)]
        with pytest.raises(StoreError):
            await place.store.list(BUCKET, ListQuery())
