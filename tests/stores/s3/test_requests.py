"""Requests whose shape depends on the settings or the size: addresses of buckets, and copies in parts."""

import socket
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from gateway.core.body import BytesBody
from gateway.core.digest import Algorithm
from gateway.core.errors import Unavailable
from gateway.core.types import Copy, Key, Props, PropsChange, Put
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store, objects
from tests.stores.s3.conftest import BUCKET, KEY, MIB
from tests.stores.s3.test_faults import stored
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.remotes import pointing_at, serving_s3

DATA = bytes(range(256)) * 4096 * 3 + b"and some more"
PROPS = Props(content_type="text/plain", user={"color": "red"}, system={"http:cache-control": "no-cache"})
COPY = r"^PUT .*partNumber="


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if CopyObject took 2 MiB, not 5 GiB."""
    monkeypatch.setattr(objects, "MAX_COPY", 2 * MIB)
    monkeypatch.setattr(objects, "COPY_PART", MIB)


async def read(store: S3Store, key: Key) -> bytes:
    async with store.open(key) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


@pytest.mark.usefixtures("small")
async def test_what_is_too_large_for_one_request_is_copied_in_parts(store: S3Store, proxy: FaultProxy) -> None:
    await store.put(KEY, BytesBody(DATA), Put(props=PROPS, checksums=frozenset({Algorithm.SHA256})))
    proxy.heads.clear()
    copy = await store.copy(KEY, Key(BUCKET, "copy"), Copy())
    assert (copy.size, copy.props) == (len(DATA), PROPS)
    assert await read(store, copy.key) == DATA
    ranges = sorted(
        line.partition("=")[2]
        for head in proxy.heads
        for line in head.lower().split("\r\n")
        if line.startswith("x-amz-copy-source-range: ")
    )
    edges = (0, MIB, 2 * MIB, 3 * MIB, len(DATA))
    assert ranges == sorted(f"{start}-{stop - 1}" for start, stop in pairwise(edges))
    assert not [head for head in proxy.heads if "content-length: 3145741" in head.lower() and head.startswith("PUT")]


@pytest.mark.usefixtures("small")
async def test_the_properties_of_what_is_that_large_can_be_changed(store: S3Store) -> None:
    await store.put(KEY, BytesBody(DATA), Put(props=PROPS))
    changed = await store.update(KEY, PropsChange(user={"color": "blue"}))
    assert changed.props.user == {"color": "blue"}
    assert changed.props.content_type == "text/plain"
    assert await read(store, KEY) == DATA


@pytest.mark.usefixtures("small")
async def test_a_copy_in_parts_that_fails_leaves_nothing(store: S3Store, memory: Memory, proxy: FaultProxy) -> None:
    await store.put(KEY, BytesBody(DATA), Put())
    proxy.faults = [Fault(when=r"^PUT .*partNumber=2", answer=refusal(500, "No", "InternalError"))]
    with pytest.raises(Unavailable):
        await store.copy(KEY, Key(BUCKET, "copy"), Copy())
    assert await stored(memory) == [KEY.name]


async def test_a_bucket_may_be_named_in_the_host(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    lookup: Callable[..., Any] = socket.getaddrinfo

    def found(host: Any, *rest: Any, **options: Any) -> Any:
        """As a name server with a wildcard answers."""
        known = isinstance(host, str) and host.endswith("s3.example.org")
        return lookup("127.0.0.1" if known else host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    async with serving_s3(memory, domain="s3.example.org") as endpoint, proxied(endpoint) as proxy:
        url = f"http://s3.example.org:{proxy.port}"
        store = S3Store(pointing_at(url, addressing_style="virtual"), "owner")
        await store.start()
        try:
            await store.put(KEY, BytesBody(DATA), Put())
            assert await read(store, KEY) == DATA
            assert f"host: {BUCKET}.s3.example.org:{proxy.port}\r\n" in proxy.heads[0].lower()
            assert proxy.lines[0].startswith(f"PUT /{KEY.name} ")
        finally:
            await store.aclose()
