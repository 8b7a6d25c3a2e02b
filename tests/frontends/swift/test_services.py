"""Accounts under further reseller prefixes, and those among them that take a service as well as a user."""

from collections.abc import AsyncIterator

import pytest

from gateway.auth.resellers import Reseller, Resellers
from gateway.core.store import Store
from gateway.frontends.swift.operations import OPERATIONS
from gateway.frontends.swift.target import Level
from tests.frontends.marks import in_memory
from tests.frontends.swift.world import Answer, World, serving

RESELLERS = Resellers([Reseller("SERVICE_", frozenset({"service", "helper"})), Reseller("OTHER_")])
SERVICE = "SERVICE_test"
PATHS = {Level.ACCOUNT: (), Level.CONTAINER: ("box",), Level.OBJECT: ("box", "thing")}


@pytest.fixture
async def world(store: Store, far: Store) -> AsyncIterator[World]:
    async with serving(store, far, RESELLERS) as world:
        yield world


async def both(world: World, method: str, *path: str, user: str = "alice", body: bytes | None = None) -> Answer:
    """A request of a user for whom the service speaks."""
    service = {"X-Service-Token": world.token("sven"), "Destination": "box/copy"}
    return await world.do(method, *path, user=user, account=SERVICE, body=body, headers=service)


async def test_a_user_and_a_service_together_reach_the_services_account(world: World) -> None:
    assert (await both(world, "PUT", "box")).status == 201
    assert (await both(world, "PUT", "box", "thing", body=b"data")).status == 201
    assert (await both(world, "GET", "box", "thing")).body == b"data"
    assert (await both(world, "GET")).names == ["box"]
    assert (await world.do("GET")).names == []
    assert (await world.store.stat_bucket("box")).owner == ":SERVICE_test"
    for _ in range(2):
        assert (await both(world, "DELETE", "box", "thing")).status in {204, 404}
    assert (await both(world, "DELETE", "box")).status == 204


@in_memory
@pytest.mark.parametrize(("level", "method"), [(level, each) for level in PATHS for each in OPERATIONS[level]])
async def test_f07_neither_of_them_reaches_it_alone(world: World, level: Level, method: str) -> None:
    await both(world, "PUT", "box")
    await both(world, "PUT", "box", "thing", body=b"data")
    before = await world.contents()
    user, service, stranger = world.token("alice"), world.token("sven"), world.token("olga")
    target = "/".join(["/v1", SERVICE, *PATHS[level]])
    for auth, beside, status in (
        (user, None, 403),
        (service, None, 403),
        (user, user, 403),
        (service, service, 403),
        (service, user, 403),
        (stranger, service, 403),
        (user, service[:-1], 403),
        (None, service, 401),
        (None, None, 401),
    ):
        tokens = {name: token for name, token in (("X_Auth_Token", auth), ("X_Service_Token", beside)) if token}
        answer = await world.raw(method, target, None, **tokens, Destination="box/copy")
        assert (answer.status, auth, beside) == (status, auth, beside)
    assert await world.contents() == before


async def test_the_users_role_is_what_holds_there(world: World) -> None:
    assert (await both(world, "PUT", "box", user="rita")).status == 403
    assert (await both(world, "PUT", "box")).status == 201
    assert (await both(world, "GET", "box", user="rita")).status == 204
    assert (await both(world, "PUT", "box", "thing", user="walter", body=b"x")).status == 201
    assert (await both(world, "GET", "box", user="nina")).status == 403


async def test_copies_go_between_a_users_own_account_and_the_services(world: World) -> None:
    await world.container("mine", "thing")
    assert (await both(world, "PUT", "box")).status == 201
    tokens = {"X-Service-Token": world.token("sven")}
    there = {"Destination": "box/copy", "Destination-Account": SERVICE}
    assert (await world.do("COPY", "mine", "thing", headers=there)).status == 403
    assert (await world.do("COPY", "mine", "thing", headers={**there, **tokens})).status == 201
    assert (await both(world, "GET", "box", "copy")).body == b"thing"


async def test_links_name_accounts_as_paths_do(world: World) -> None:
    await world.container("mine", "thing")
    assert (await both(world, "PUT", "box")).status == 201
    assert (await both(world, "PUT", "box", "there", body=b"data")).status == 201
    link = {"X-Symlink-Target": "box/there", "X-Symlink-Target-Account": SERVICE}
    assert (await world.do("PUT", "mine", "link", headers=link)).status == 201
    assert (await world.do("GET", "mine", "link")).status == 403
    found = await world.do("GET", "mine", "link", headers={"X-Service-Token": world.token("sven")})
    assert (found.body, found.headers["Content-Location"]) == (b"data", "/v1/SERVICE_test/box/there")
    itself = await world.do("HEAD", "mine", "link", query="symlink=get")
    assert itself.headers["X-Symlink-Target-Account"] == SERVICE


async def test_a_prefix_without_services_is_a_further_account_of_its_users(world: World) -> None:
    for user, status in (("alice", 201), ("olga", 403), ("rita", 403)):
        assert (await world.do("PUT", "box", user=user, account="OTHER_test")).status == status
    assert (await world.do("GET", account="OTHER_test")).names == ["box"]
    assert (await world.do("GET")).names == []
    granted = {"X-Container-Read": "OTHER_other"}
    assert (await world.do("POST", "box", account="OTHER_test", headers=granted)).status == 204
    assert (await world.do("GET", "box", user="olga", account="OTHER_test")).status == 204
    assert (await world.do("GET", "box", user="fred", account="OTHER_test")).status == 403


async def test_operators_reach_all_accounts_and_no_account_has_two_names(world: World) -> None:
    assert (await world.do("PUT", "box", user="opal", account=SERVICE)).status == 201
    assert (await both(world, "GET")).names == ["box"]
    for account, status in (
        ("SERVICE_nobody", 403),
        ("OTHER_", 403),
        ("NONE_test", 403),
        ("AUTH_:SERVICE_test", 403),
        ("SERVICE_:SERVICE_test", 403),
        ("test", 403),
    ):
        assert (account, (await world.do("GET", user="opal", account=account)).status) == (account, status)


async def test_groups_of_users_are_names_in_lists(world: World) -> None:
    await world.container("box", "thing")
    assert (await world.do("GET", "box", "thing", user="sven")).status == 403
    assert (await world.do("POST", "box", headers={"X-Container-Read": "Service"})).status == 204
    assert (await world.do("GET", "box", "thing", user="sven")).body == b"thing"
    assert (await world.do("GET", "box", "thing", user="olga")).status == 403
    listed = {"X-Account-Access-Control": '{"read-write": ["Service"]}'}
    assert (await world.do("POST", headers=listed)).status == 204
    assert (await world.do("PUT", "box", "new", user="sven", body=b"x")).status == 201
