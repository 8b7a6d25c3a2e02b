"""Users of Keystone at the Swift frontend."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tests.keystone.portico import serving, swift
from tests.passthrough.world import Gateway
from tests.support.keystone import ALICE, OTHER, PROJECT, FakeKeystone, document

OWN, FOREIGN = f"AUTH_{PROJECT}", f"AUTH_{OTHER}"
BOB = "b0b00000000000000000000000000000"


@pytest.fixture
async def gateway(fake: FakeKeystone) -> AsyncIterator[Gateway]:
    fake.tokens |= {
        "alice": document("member"),
        "reader": document("reader", user="reader-id"),
        "nobody": document("stranger", user="nobody-id"),
        "bob": document("member", project=OTHER, user=BOB),
        "reseller": document("ResellerAdmin", project=OTHER, user="reseller-id"),
        "auditor": document("Auditor", "member", project=OTHER, user="auditor-id"),
        "service": document("Service", project="svc", user="service-id"),
    }
    async with serving(fake.url, system_reader_roles=["auditor"]) as found:
        yield found


async def container(gateway: Gateway, **headers: str) -> None:
    """`box` of Alice's, with an object in it."""
    stated = {name.replace("_", "-"): value for name, value in headers.items()}
    assert (await swift(gateway, "PUT", OWN, "box", token="alice", headers=stated)).status in {201, 202}
    assert (await swift(gateway, "PUT", OWN, "box", "thing", token="alice", body=b"data")).status == 201


async def test_an_account_comes_to_be_when_it_is_used(gateway: Gateway) -> None:
    assert (await swift(gateway, "HEAD", OWN, token="alice")).status == 204
    await container(gateway)
    assert (await swift(gateway, "GET", OWN, "box", "thing", token="alice")).body == b"data"
    assert (await swift(gateway, "GET", OWN, token="alice")).names == ["box"]
    assert (await swift(gateway, "GET", FOREIGN, token="bob")).names == []


async def test_roles_are_those_of_the_projects_account(gateway: Gateway) -> None:
    await container(gateway)
    for token, method, path, status in (
        ("reader", "GET", ("box", "thing"), 200),
        ("reader", "GET", ("box",), 200),
        ("reader", "GET", (), 200),
        ("reader", "PUT", ("box", "new"), 403),
        ("reader", "DELETE", ("box", "thing"), 403),
        ("reader", "POST", (), 403),
        ("nobody", "GET", ("box", "thing"), 403),
        ("nobody", "GET", (), 403),
        ("bob", "GET", ("box", "thing"), 403),
        ("bob", "PUT", ("box", "new"), 403),
        ("bob", "GET", ("missing",), 403),
        ("auditor", "GET", ("box", "thing"), 200),
        ("auditor", "GET", (), 200),
        ("auditor", "PUT", ("box", "new"), 403),
        ("reseller", "GET", ("box", "thing"), 200),
        ("reseller", "PUT", ("box", "new"), 201),
        ("alice", "DELETE", (), 403),
        ("nonsense", "GET", ("box", "thing"), 401),
    ):
        answer = await swift(gateway, method, OWN, *path, token=token, body=b"x" if method == "PUT" else b"")
        assert (token, method, path, answer.status) == (token, method, path, status)
    assert (await swift(gateway, "PUT", FOREIGN, "log", token="auditor")).status == 201


async def test_who_asks_without_a_token_is_told_where_to_get_one(gateway: Gateway, fake: FakeKeystone) -> None:
    for token in ("", "nonsense"):
        answer = await swift(gateway, "GET", OWN, token=token)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == f'Swift realm="{OWN}", Keystone uri="{fake.url}"'


async def test_configured_users_and_their_login_stay(gateway: Gateway, fake: FakeKeystone) -> None:
    client = await gateway.swift("acme:alice", "alice-secret")
    assert (await client("PUT", "hers")).status == 201
    assert (await client("GET")).names == ["hers"]
    assert (await swift(gateway, "GET", "AUTH_acme", token="alice")).status == 403
    assert (await client("GET", storage=client.storage.replace("acme", PROJECT))).status == 403
    assert fake.times("GET /auth/tokens") == 1


@pytest.mark.parametrize(
    ("acl", "admitted"),
    (
        (f"{OTHER}:{BOB}", {"bob"}),
        (f"{OTHER}:*", {"bob", "auditor"}),
        (f"*:{BOB}", {"bob"}),
        ("*:*", {"bob", "nobody", "service", "auditor"}),
        (f"{OTHER}:{ALICE}", set()),
        (f"work:{BOB}", set()),
        ("work:alice", set()),
        (f"{PROJECT}:nobody-id", {"nobody"}),
        ("stranger", {"nobody"}),
        ("member", set()),
        ("service", set()),
        (".r:*", {"bob", "nobody", "service", "auditor", ""}),
    ),
)
async def test_lists_name_users_and_projects_by_their_ids(gateway: Gateway, acl: str, admitted: set[str]) -> None:
    await container(gateway, X_Container_Read=acl)
    for token in ("bob", "nobody", "service", ""):
        answer = await swift(gateway, "GET", OWN, "box", "thing", token=token)
        assert (token, answer.status == 200) == (token, token in admitted)
    # Readers of everything need no list.
    assert (await swift(gateway, "GET", OWN, "box", "thing", token="auditor")).status == 200


async def test_a_list_of_writers_lets_other_projects_write(gateway: Gateway) -> None:
    await container(gateway, X_Container_Write=f"{OTHER}:{BOB}")
    assert (await swift(gateway, "PUT", OWN, "box", "new", token="bob", body=b"x")).status == 201
    assert (await swift(gateway, "GET", OWN, "box", "new", token="bob")).status == 403
    assert (await swift(gateway, "DELETE", OWN, "box", token="bob")).status == 403


async def test_a_list_of_the_account_names_projects(gateway: Gateway) -> None:
    await container(gateway)
    listed = {"X-Account-Access-Control": json.dumps({"read-only": [f"{OTHER}:{BOB}"]})}
    assert (await swift(gateway, "POST", OWN, token="alice", headers=listed)).status == 204
    assert (await swift(gateway, "GET", OWN, "box", "thing", token="bob")).body == b"data"
    assert (await swift(gateway, "PUT", OWN, "box", "new", token="bob", body=b"x")).status == 403


async def test_a_service_and_a_user_of_keystone_together_reach_the_services_account(gateway: Gateway) -> None:
    account, service = f"SERVICE_{PROJECT}", {"X-Service-Token": "service"}
    assert (await swift(gateway, "PUT", account, "kept", token="alice", headers=service)).status == 201
    assert (await swift(gateway, "GET", account, token="alice", headers=service)).names == ["kept"]
    assert (await swift(gateway, "GET", OWN, token="alice", headers=service)).names == []
    for token, beside, status in (
        ("alice", "", 403),
        ("alice", "alice", 403),
        ("alice", "nonsense", 403),
        ("service", "service", 403),
        ("bob", "service", 403),
        ("nonsense", "service", 401),
        ("", "service", 401),
    ):
        answer = await swift(gateway, "GET", account, token=token, headers={"X-Service-Token": beside})
        assert (token, beside, answer.status) == (token, beside, status)


async def test_keystone_that_is_down_stops_its_users_alone(gateway: Gateway, fake: FakeKeystone) -> None:
    async def broken(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    await container(gateway, X_Container_Read=".r:*")
    client = await gateway.swift("acme:alice", "alice-secret")
    fake.instead["/auth/tokens"] = broken
    answer = await swift(gateway, "GET", OWN, "box", "thing", token="bob")
    assert (answer.status, answer.body) == (503, b"Keystone can't answer")
    assert (await swift(gateway, "GET", OWN, "box", "thing")).body == b"data"
    assert (await swift(gateway, "GET", OWN, "box", "thing", token="alice")).body == b"data"
    assert (await client("GET")).status == 204
    fake.instead.clear()
    assert (await swift(gateway, "GET", OWN, "box", "thing", token="bob")).status == 200


async def test_a_revoked_token_ends_with_what_is_remembered(fake: FakeKeystone) -> None:
    fake.tokens["alice"] = document("member")
    async with serving(fake.url, cache_seconds=0) as gateway:
        assert (await swift(gateway, "HEAD", OWN, token="alice")).status == 204
        del fake.tokens["alice"]
        assert (await swift(gateway, "HEAD", OWN, token="alice")).status == 401
