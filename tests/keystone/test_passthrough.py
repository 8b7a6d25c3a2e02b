"""Callers who log in with what Keystone knows of them."""

import asyncio
import ftplib
import secrets
from collections.abc import AsyncIterator

import pytest

from tests.passthrough.world import Gateway, config, gateways
from tests.support.openstack.cluster import Identity


@pytest.fixture
async def gateway(identity: Identity) -> AsyncIterator[Gateway]:
    async with gateways(config(identity.auth, cache={"ttl": 3600}, region="RegionOne")) as (found,):
        yield found


@pytest.mark.parametrize(
    ("login", "secret", "twin"),
    (
        ("work.tester", "tester-secret", "work@default.tester@default"),
        ("work@people.tester@people", "people-secret", "work@people:tester@people"),
        ("work@people.dotted.name@people", "dotted-secret", "work@people:dotted.name@people"),
    ),
)
async def test_f08_project_and_user_with_their_domains(gateway: Gateway, login: str, secret: str, twin: str) -> None:
    name = f"box-{secrets.token_hex(4)}"
    ftp = await gateway.ftp(login, secret)
    await ftp.do(f"MKD /{name}")
    await ftp.put(f"/{name}/file", b"data")
    swift = await gateway.swift(twin, secret)
    assert (await swift("GET", name, "file")).body == b"data"
    assert (await gateway.s3(twin, secret, "GET", f"/{name}/file")).body == b"data"
    await ftp.do(f"DELE /{name}/file")
    await ftp.do(f"RMD /{name}")
    ftp.close()


async def test_f07_one_name_in_two_domains_shares_nothing(gateway: Gateway) -> None:
    name = f"box-{secrets.token_hex(4)}"
    one = await gateway.swift("work:tester", "tester-secret")
    two = await gateway.swift("work@people:tester@people", "people-secret")
    assert (await one("PUT", name)).status == 201
    for _ in range(2):
        assert name in (await one("GET")).names
        assert name not in (await two("GET")).names
    assert (await two("GET", storage=one.storage)).status == 403
    assert (await one("DELETE", name)).status == 204


WRONG = (
    ("work.tester", "people-secret"),
    ("work@people.tester", "people-secret"),
    ("work@people.tester", "tester-secret"),
    ("work@nowhere.tester@nowhere", "tester-secret"),
    ("nowhere.tester", "tester-secret"),
    ("service.tester", "tester-secret"),
    ("work.nobody", "tester-secret"),
    ("work.tester", ""),
)


async def test_f04_what_keystone_does_not_know_is_refused_in_one_way(gateway: Gateway) -> None:
    by_ftp = await asyncio.gather(*[gateway.ftp(*each) for each in WRONG], return_exceptions=True)
    assert {f"{error!r}" for error in by_ftp} == {"error_perm('530 User name or password is wrong')"}
    by_swift = await asyncio.gather(*[gateway.swift_login(*each) for each in WRONG])
    assert {answer.status for answer in by_swift} == {401}
    assert len({answer.body for answer in by_swift}) == 1


async def test_what_keystone_knows_and_swift_forbids_is_denied_later(gateway: Gateway) -> None:
    ftp = await gateway.ftp("work.visitor", "visitor-secret")
    assert await ftp.names() == []
    with pytest.raises(ftplib.error_perm, match="550"):
        await ftp.do("MKD /box")
    ftp.close()
