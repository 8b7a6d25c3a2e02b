"""One login for all processes: tokens that lie sealed in a cache."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.cache.local import LocalCache
from gateway.cache.safe import Safe
from gateway.core.errors import CredentialsRefused, StoreError, Unavailable
from gateway.core.types import ListQuery
from gateway.stores.memory import Memory
from gateway.stores.swift import SwiftStore
from gateway.stores.swift.login import Grant
from gateway.stores.swift.tokens import Tokens
from tests.support.faultproxy import Fault, FaultProxy, proxied, refusal
from tests.support.swift import pointing_at, serving_swift

SCOPE = ("upstream", "user", "key")


class Replicas:
    """Some processes with one cache between them; they count who logs in."""

    def __init__(self, ttl: float = 1000) -> None:
        self.now = 0.0
        self.ttl = ttl
        self.logins = 0
        self.fault: StoreError | None = None
        self.cache = LocalCache(clock=lambda: self.now)

    def one(self, *scope: str) -> Tokens:
        return Tokens(self.login, self.ttl, lambda: self.now, Safe(self.cache, b"secret", scope or SCOPE))

    async def login(self) -> Grant:
        self.logins += 1
        number = self.logins
        await asyncio.sleep(0.01)
        if self.fault is not None:
            raise self.fault
        return Grant(f"token {number}", "http://h/v1/A")


async def test_f05_replicas_that_start_together_log_in_once() -> None:
    replicas = Replicas()
    found = await asyncio.gather(*[replicas.one().get() for _ in range(8)])
    assert {token.value for token in found} == {"token 1"}
    assert {token.url for token in found} == {"http://h/v1/A"}
    assert replicas.logins == 1


async def test_f05_a_replica_takes_over_what_is_left_of_a_tokens_life() -> None:
    replicas = Replicas()
    first = await replicas.one().get()
    second = await replicas.one().get()
    assert not first.shared
    assert second.shared
    assert abs(second.until - first.until) < 5


async def test_f06_replicas_renew_a_refused_token_once() -> None:
    replicas = Replicas()
    one, two = replicas.one(), replicas.one()
    old = await one.get(), await two.get()
    renewed = await asyncio.gather(*[tokens.renew(token) for tokens, token in zip((one, two), old, strict=True)] * 4)
    assert {token.value for token in renewed} == {"token 2"}
    assert replicas.logins == 2


async def test_the_token_of_other_credentials_is_not_found() -> None:
    replicas = Replicas()
    await replicas.one().get()
    for scope in (("upstream", "user", "another key"), ("upstream", "another user", "key"), ("other", "user", "key")):
        assert not (await replicas.one(*scope).get()).shared
    assert replicas.logins == 4


async def test_a_login_that_fails_leaves_nothing_behind() -> None:
    replicas = Replicas()
    replicas.fault = Unavailable()
    with pytest.raises(Unavailable):
        await replicas.one().get()
    replicas.fault = None
    assert (await replicas.one().get()).value == "token 2"


async def test_credentials_that_are_refused_take_their_token_from_the_shelf() -> None:
    replicas = Replicas()
    one = replicas.one()
    token = await one.get()
    replicas.fault = CredentialsRefused()
    for tokens in (one.renew(token), replicas.one().get()):
        with pytest.raises(CredentialsRefused):
            await tokens


async def test_what_is_no_token_is_passed_by() -> None:
    replicas = Replicas()
    safe = Safe(replicas.cache, b"secret", SCOPE)
    for garbage in (b"", b"{}", b'["token", "url"]', b'["token", "url", 1]'):
        await safe.put(garbage, 60)
        token = await replicas.one().get()
        assert not token.shared


@asynccontextmanager
async def replicas(count: int) -> AsyncIterator[tuple[list[SwiftStore], FaultProxy]]:
    """Stores of several processes over one upstream, which stands behind a proxy."""
    memory, cache = Memory(), LocalCache()
    await memory.start()
    async with serving_swift(memory) as url, proxied(url.removesuffix("/auth/v1.0")) as proxy:
        settings = pointing_at(f"{proxy.url}/auth/v1.0", storage_url=f"{proxy.url}/v1/AUTH_remote")
        stores = [SwiftStore(settings, "owner", Safe(cache, b"secret", SCOPE)) for _ in range(count)]
        for store in stores:
            await store.start()
        try:
            yield stores, proxy
        finally:
            for store in stores:
                await store.aclose()


def logins(proxy: FaultProxy) -> int:
    return sum("/auth/v1.0" in line for line in proxy.lines)


async def test_f06_a_command_survives_that_another_replicas_token_is_refused_as_well() -> None:
    async with replicas(2) as (stores, proxy):
        for store in stores:
            await store.buckets(ListQuery())
        assert logins(proxy) == 1
        proxy.heads.clear()
        await asyncio.sleep(1.1)  # tokens of one second are all the same
        # The upstream has lost all its tokens: that of this replica, and that which it finds on the shelf.
        await stores[0]._up.client.tokens.renew(await stores[0]._up.client.tokens.get())
        proxy.faults[:] = [Fault(when="^GET /v1", times=2, answer=refusal(401, "Unauthorized"))]
        await stores[1].buckets(ListQuery())
        assert logins(proxy) == 2


async def test_credentials_that_are_refused_are_told_apart_from_an_outage() -> None:
    async with replicas(1) as (stores, proxy):
        proxy.faults[:] = [Fault(when="/auth/", answer=refusal(401, "Unauthorized"))]
        with pytest.raises(CredentialsRefused) as refused:
            await stores[0].buckets(ListQuery())
        assert not refused.value.retryable
