"""Replicas that share memcached, and guests who come to any of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.passthrough.world import Gateway, Swift, config, gateways, logins
from tests.support.faultproxy import Fault, FaultProxy, refusal
from tests.support.memcacheds import memcacheds


@asynccontextmanager
async def two_gateways(proxy: FaultProxy, memcached: str) -> AsyncIterator[list[Gateway]]:
    each = config(f"{proxy.url}/auth/v1.0", cache={"memcached": [memcached], "ttl": 3600})
    async with gateways(each, each) as both:
        yield both


def at(gateway: Gateway, swift: Swift) -> Swift:
    """The same token at another gateway."""
    ports = swift.gateway.app.ports["swift"], gateway.app.ports["swift"]
    return Swift(gateway, swift.storage.replace(f":{ports[0]}/", f":{ports[1]}/"), swift.token)


async def test_f05_f06_replicas_log_in_once_for_each_guest(proxy: FaultProxy) -> None:
    async with memcacheds() as start, two_gateways(proxy, (await start()).address) as (one, two):
        swift = await one.swift("t:u", "t-secret")
        assert (await at(two, swift)("PUT", "box")).status == 201
        (await two.ftp("t.u", "t-secret")).close()
        assert logins(proxy) == 1
        await two.swift("other:u", "other-secret")
        assert logins(proxy) == 2
        assert (await two.swift_login("t:u", "wrong")).status == 401
        assert logins(proxy) == 3
        await asyncio.sleep(1.1)  # tokens of one second are all the same
        proxy.faults[:] = [Fault(when="^PUT /v1", times=2, answer=refusal(401, "Unauthorized"))]
        done = await asyncio.gather(swift("PUT", "b1"), at(two, swift)("PUT", "b2"))
        assert [answer.status for answer in done] == [201, 201]
        assert logins(proxy) == 4


async def test_what_one_guest_writes_another_of_his_tenant_sees_at_once_at_any_replica(proxy: FaultProxy) -> None:
    async with memcacheds() as start, two_gateways(proxy, (await start()).address) as (one, two):
        writer, reader = await one.swift("t:u", "t-secret"), await two.swift("t:reader", "reader-secret")
        stranger = await two.swift("other:same", "same-secret")
        for number in range(5):
            name = f"box-{number}"
            assert name not in (await reader("GET")).names
            assert (await writer("PUT", name)).status == 201
            assert name in (await reader("GET")).names
            assert (await reader("GET", name)).status == 204
            assert (await writer("PUT", name, "key", body=b"1")).status == 201
            assert (await reader("GET", name)).names == ["key"]
        assert (await stranger("GET")).status == 204
