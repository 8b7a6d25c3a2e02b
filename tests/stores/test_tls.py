"""Both remote stores over TLS: whom they trust, and what they say of whom they don't."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import Unavailable
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Put
from gateway.stores.memory import Memory
from gateway.stores.s3 import S3Store
from gateway.stores.swift import SwiftStore
from tests.support.remotes import pointing_at as pointing_at_s3
from tests.support.remotes import serving_s3
from tests.support.swift import pointing_at as pointing_at_swift
from tests.support.swift import serving_swift
from tests.support.tls import Authority, authority, behind_tls

KINDS = ("s3", "swift")
KEY = Key("bucket", "object")


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    return authority(tmp_path)


@asynccontextmanager
async def secured(kind: str, context: ssl.SSLContext, **settings: object) -> AsyncIterator[Store]:
    memory = Memory()
    await memory.start()
    serving = serving_s3(memory) if kind == "s3" else serving_swift(memory)
    async with (
        serving as served,
        behind_tls(served.removesuffix("/auth/v1.0"), context) as url,
        _started(_store(kind, url, {"retries": 1, **settings})) as store,
    ):
        yield store


def _store(kind: str, url: str, settings: Mapping[str, object]) -> Store:
    if kind == "s3":
        return S3Store(pointing_at_s3(url, **settings), "owner")
    stated = {"storage_url": f"{url}/v1/AUTH_remote", **settings}
    return SwiftStore(pointing_at_swift(f"{url}/auth/v1.0", **stated), "owner")


@asynccontextmanager
async def _started(store: Store) -> AsyncIterator[Store]:
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


async def used(store: Store) -> bytes:
    await store.create_bucket("bucket", BucketProps(owner="owner"))
    await store.put(KEY, BytesBody(b"data"), Put())
    async with store.open(KEY) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


@pytest.mark.parametrize("kind", KINDS)
async def test_an_authority_of_ones_own_is_trusted(kind: str, signer: Authority) -> None:
    async with secured(kind, signer.server(), ca_file=str(signer.ca_file)) as store:
        assert await used(store) == b"data"


@pytest.mark.parametrize("kind", KINDS)
async def test_certificates_are_not_checked_where_the_settings_say_so(kind: str, signer: Authority) -> None:
    async with secured(kind, signer.server(days=-1), verify=False) as store:
        assert await used(store) == b"data"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ("strange", "expired", "of another host"))
async def test_a_certificate_that_does_not_hold_is_told(kind: str, wrong: str, signer: Authority) -> None:
    context = signer.server(
        days=-1 if wrong == "expired" else 1, address="127.0.0.2" if wrong == "of another host" else "127.0.0.1"
    )
    trust = {} if wrong == "strange" else {"ca_file": str(signer.ca_file)}
    async with secured(kind, context, **trust) as store:
        with pytest.raises(Unavailable, match="certificate") as refused:
            await store.buckets(ListQuery())
        assert not refused.value.retryable
        with pytest.raises(Unavailable, match="certificate"):
            await store.put(KEY, BytesBody(b"data"), Put())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_of_certificates_that_is_none_is_told_at_the_start(kind: str, signer: Authority) -> None:
    bad = signer.folder / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(Unavailable, match=r"settings"):
        async with secured(kind, signer.server(), ca_file=str(bad)):
            pytest.fail("it started")
