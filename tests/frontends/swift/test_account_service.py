"""Accounts beside those of the configuration: made, shown, listed, changed and removed by operators."""

import asyncio
import json
import time
from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.versions import Locks
from gateway.core.locks import BucketLock
from gateway.core.types import Key
from gateway.stores.memory import Memory
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import USERS, Answer, World, serving
from tests.support.stores import Plain

NEW = "AUTH_new.account"
CONFIGURED = sorted({f"AUTH_{user.account.id}" for user in USERS.values()})
ALL = ["AUTH_a", "AUTH_b", *CONFIGURED]
"""With two that are entered, and come first."""


def fields(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


async def ask(world: World, method: str, *path: str, user: str = "opal", query: str = "", **headers: str) -> Answer:
    return await world.do(method, *path, user=user, account=NEW, query=query, headers=fields(headers))


def totals(answer: Answer) -> list[int]:
    return [int(answer.headers[f"X-Account-{name}"]) for name in ("Container-Count", "Object-Count", "Bytes-Used")]


async def test_o01_an_account_is_created_shown_and_deleted(world: World) -> None:
    assert (await ask(world, "HEAD")).status == 404
    assert (await ask(world, "GET")).status == 404
    assert (await ask(world, "PUT", "box")).status == 404
    began = time.time()
    assert (await ask(world, "PUT", X_Account_Meta_Colour="blue")).status == 201
    shown = await ask(world, "HEAD")
    assert (shown.status, shown.headers["X-Account-Meta-Colour"], totals(shown)) == (204, "blue", [0, 0, 0])
    assert began - 1 <= float(shown.headers["X-Timestamp"]) <= time.time()
    assert (await ask(world, "PUT", "box")).status == 201
    assert (await world.do("PUT", "box", "o", body=b"12345", user="opal", account=NEW)).status == 201
    assert (await ask(world, "GET")).names == ["box"]
    assert totals(await ask(world, "HEAD")) == [1, 1, 5]
    assert (await ask(world, "DELETE", "box", "o")).status == 204
    assert (await ask(world, "DELETE", "box")).status == 204
    assert (await ask(world, "DELETE")).status == 204
    for method in ("HEAD", "GET", "POST", "DELETE"):
        assert (await ask(world, method)).status == 404


async def test_o01_an_account_that_holds_something_is_not_deleted(world: World) -> None:
    await ask(world, "PUT")
    await ask(world, "PUT", "box")
    refused = await ask(world, "DELETE")
    assert (refused.status, refused.body) == (409, b"The account still owns containers; remove them first")
    assert (await ask(world, "HEAD", "box")).status == 204


async def test_o01_properties_are_set_and_deleted(world: World) -> None:
    await ask(world, "PUT", X_Account_Meta_A="1", X_Account_Meta_B="2")
    again = await ask(world, "PUT", X_Account_Meta_B="3")
    assert again.status == 202
    assert (await ask(world, "POST", X_Remove_Account_Meta_A="x", X_Account_Quota_Bytes="10")).status == 204
    shown = (await ask(world, "HEAD")).headers
    assert "X-Account-Meta-A" not in shown
    assert (shown["X-Account-Meta-B"], shown["X-Account-Quota-Bytes"]) == ("3", "10")
    await ask(world, "DELETE")
    await ask(world, "PUT")
    assert "X-Account-Meta-B" not in (await ask(world, "HEAD")).headers


async def test_o01_only_operators_may(world: World) -> None:
    for user in ("alice", "walter", "rita", "nina", "olga", "fred"):
        for method in ("PUT", "DELETE"):
            assert (await ask(world, method, user=user)).status == 403
            assert (await world.do(method, user=user)).status == 403
    assert (await world.raw("PUT", f"/v1/{NEW}")).status == 401
    assert (await ask(world, "HEAD")).status == 404
    await ask(world, "PUT")
    assert (await ask(world, "DELETE", user="alice")).status == 403
    assert (await ask(world, "HEAD", user="alice")).status == 403
    assert (await ask(world, "HEAD")).status == 204


async def test_o01_accounts_of_the_configuration_are_removed_there(world: World) -> None:
    assert (await world.do("PUT", user="opal", X_Account_Meta_A="1")).status == 202
    assert (await world.do("HEAD")).headers["X-Account-Meta-A"] == "1"
    refused = await world.do("DELETE", user="opal")
    assert (refused.status, refused.headers["Allow"]) == (405, "HEAD, GET, POST, OPTIONS")
    assert refused.body == b"This account comes from the configuration: remove it there"
    assert (await world.do("HEAD")).headers["X-Account-Meta-A"] == "1"


async def test_o01_who_is_let_in_reaches_an_account_without_users(world: World) -> None:
    await ask(world, "PUT", X_Account_Access_Control=json.dumps({"read-write": ["test-account:nina"]}))
    assert (await ask(world, "PUT", "box", user="nina")).status == 201
    assert (await world.do("PUT", "box", "o", body=b"1", user="nina", account=NEW)).status == 201
    assert (await ask(world, "GET", "box", user="alice")).status == 403
    await ask(world, "POST", "box", X_Container_Read="other-account")
    assert (await ask(world, "GET", "box", "o", user="olga")).body == b"1"
    assert (await ask(world, "DELETE", user="nina")).status == 403


async def test_o01_keys_of_an_account_without_users_open_it(world: World) -> None:
    await ask(world, "PUT", X_Account_Meta_Temp_Url_Key="key")
    await ask(world, "PUT", "box")
    await ask(world, "POST", "box", X_Container_Read=".r:*")
    await world.do("PUT", "box", "o", body=b"1", user="opal", account=NEW)
    assert (await world.raw("GET", f"/v1/{NEW}/box/o")).body == b"1"
    allowed = await world.raw("OPTIONS", f"/v1/{NEW}/box/o")
    assert allowed.status == 200


@pytest.mark.parametrize("name", ("~guest", "sp%20ace", "comma%2C", "a" * 129, "c%C3%A9"))
async def test_o01_ids_that_no_account_can_have(world: World, name: str) -> None:
    answer = await world.raw("PUT", f"/v1/AUTH_{name}", X_Auth_Token=world.token("opal"))
    assert (answer.status, answer.body) == (400, b"The id of an account is of letters, digits and ._@+-, 128 at most")
    assert (await world.raw("HEAD", f"/v1/AUTH_{name}", X_Auth_Token=world.token("opal"))).status == 404


async def test_o01_metadata_over_the_limits_makes_no_account(world: World) -> None:
    assert (await ask(world, "PUT", X_Account_Meta_Long="v" * 257)).status == 400
    assert (await ask(world, "PUT", X_Account_Access_Control="no list")).status == 400
    assert (await ask(world, "HEAD")).status == 404


async def test_o01_one_of_many_makes_it(world: World) -> None:
    answers = await asyncio.gather(*(ask(world, "PUT") for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [201, *[202] * 7]


async def test_o01_accounts_are_listed(world: World) -> None:
    await ask(world, "PUT")
    await ask(world, "PUT", "box")
    assert (await world.do("GET", user="opal", account="")).names == sorted([*CONFIGURED, NEW])
    rows = {row["name"]: row for row in (await world.do("GET", user="opal", account="", query="format=json")).rows}
    assert [rows[NEW][name] for name in ("containers", "count", "bytes")] == [1, 0, 0]
    assert "created" in rows[NEW]
    assert "created" not in rows["AUTH_test"]
    page = ET.fromstring((await world.do("GET", user="opal", account="", query="format=xml")).body)
    assert [row.findtext("name") for row in page] == sorted([*CONFIGURED, NEW])


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        ("limit=2", ["AUTH_a", "AUTH_b"]),
        ("limit=0", []),
        ("", ALL),
        ("marker=AUTH_b", ALL[2:]),
        ("marker=AUTH_a&end_marker=AUTH_ops", ALL[1 : ALL.index("AUTH_ops")]),
        ("prefix=AUTH_o", ["AUTH_ops", "AUTH_other"]),
        ("prefix=AU&limit=1", ["AUTH_a"]),
        ("prefix=x", []),
        ("reverse=true&limit=3", ALL[:-4:-1]),
        ("reverse=true&marker=AUTH_b", ["AUTH_a"]),
    ),
)
async def test_o01_which_accounts_are_listed(world: World, query: str, expected: list[str]) -> None:
    for name in ("AUTH_b", "AUTH_a"):
        assert (await world.do("PUT", user="opal", account=name)).status == 201
    assert (await world.do("GET", user="opal", account="", query=query)).names == expected


async def test_o01_nobody_else_is_told_which_accounts_there_are(world: World) -> None:
    for user in ("alice", "rita", "nina"):
        assert (await world.do("GET", user=user, account="")).status == 403
    for path in ("/v1/", "/v1"):
        assert (await world.raw("GET", path)).status == 401
    for method in ("HEAD", "PUT", "POST", "DELETE"):
        assert (await world.do(method, user="opal", account="")).status == 412
    assert (await world.do("GET", user="opal", account="", query="limit=10001")).status == 412


async def test_o01_it_can_be_switched_off(serve: Serve) -> None:
    async with serve(allow_account_management=False) as world:
        assert json.loads((await world.raw("GET", "/info")).body)["swift"]["allow_account_management"] is False
        refused = await ask(world, "PUT")
        assert (refused.status, refused.headers["Allow"]) == (405, "HEAD, GET, POST, OPTIONS")
        assert (await ask(world, "DELETE")).status == 404
        assert (await ask(world, "HEAD")).status == 404
        assert (await world.do("PUT", user="opal")).status == 405
        assert (await world.do("DELETE", user="opal")).status == 405


async def test_o01_info_tells_that_accounts_can_be_made(world: World) -> None:
    told = json.loads((await world.raw("GET", "/info")).body)
    assert told["swift"]["allow_account_management"] is True
    assert told["bulk_create"] == {"max_containers_per_request": 10_000, "max_failed_creates": 1000}
    assert told["upkeep"] == {"operations": ["flush", "purge", "refresh"]}


async def test_o01_a_store_may_keep_no_accounts() -> None:
    async with serving(Plain(Memory()), Memory()) as world:
        assert json.loads((await world.raw("GET", "/info")).body)["swift"]["allow_account_management"] is False
        refused = await ask(world, "PUT")
        assert (refused.status, refused.body) == (
            501,
            b"The store behind this namespace keeps no accounts beside those of the configuration",
        )
        assert (await ask(world, "HEAD")).status == 404
        assert (await world.do("GET", user="opal", account="")).names == CONFIGURED


async def test_o01_an_account_may_take_along_what_it_holds(serve: Serve) -> None:
    async with serve(compat={"full_account": 204}) as world:
        await ask(world, "PUT")
        await ask(world, "PUT", "box", X_Versions_Enabled="true")
        for data in (b"1", b"2"):
            await world.do("PUT", "box", "o", body=data, user="opal", account=NEW)
        await ask(world, "DELETE", "box", "o")
        await ask(world, "PUT", "empty")
        await world.container("mine", "o")
        assert (await ask(world, "DELETE")).status == 204
        assert (await ask(world, "HEAD")).status == 404
        assert await world.contents() == {"mine", "mine/o"}


async def test_o01_an_account_stays_with_what_is_locked(serve: Serve) -> None:
    async with serve(compat={"full_account": 204}) as world:
        await ask(world, "PUT")
        await ask(world, "PUT", "box", X_Versions_Enabled="true")
        await world.do("PUT", "box", "held", body=b"1", user="opal", account=NEW)
        locks = find(world.store, Locks)
        assert locks is not None
        await locks.set_lock("box", BucketLock())
        await locks.set_hold(Key("box", "held"), held=True)
        refused = await ask(world, "DELETE")
        assert refused.status == 409
        assert b"as box/held: A legal hold is on this version of the object" in refused.body
        assert (await ask(world, "GET")).names == ["box"]
        await locks.set_hold(Key("box", "held"), held=False)
        assert (await ask(world, "DELETE")).status == 204


async def test_o01_every_frontend_over_the_store_knows_the_account(world: World, serve: Serve) -> None:
    await ask(world, "PUT", X_Account_Meta_A="1")
    async with serve() as other:
        assert (await ask(other, "HEAD")).headers["X-Account-Meta-A"] == "1"
        assert (await ask(other, "DELETE")).status == 204
    assert (await ask(world, "HEAD")).status == 404


async def test_o01_an_account_is_flushed(world: World) -> None:
    await ask(world, "PUT")
    await ask(world, "PUT", "box", X_Versions_Enabled="true")
    await ask(world, "PUT", "plain")
    for container in ("box", "plain"):
        for data in (b"1", b"22"):
            await world.do("PUT", container, "o", body=data, user="opal", account=NEW)
    await world.container("mine", "o")
    answer = await ask(world, "POST", query="flush", Accept="application/json")
    told = json.loads(answer.body)
    assert (answer.status, told["Response Status"], told["Number Deleted"], told["Errors"]) == (200, "200 OK", 5, [])
    assert totals(await ask(world, "HEAD")) == [0, 0, 0]
    assert await world.contents() == {"mine", "mine/o"}
    assert (await ask(world, "POST", query="flush", user="alice")).status == 403
    assert (await world.do("POST", query="flush", user="walter")).status == 403


async def test_o02_a_refresh_tells_the_totals(world: World) -> None:
    await ask(world, "PUT")
    await ask(world, "PUT", "box")
    await world.do("PUT", "box", "o", body=b"12345", user="opal", account=NEW)
    answer = await ask(world, "POST", query="refresh")
    assert (answer.status, totals(answer)) == (204, [1, 1, 5])
    for user in ("alice", "walter", "nina"):
        assert (await world.do("POST", query="refresh", user=user)).status == 403
        assert (await world.do("POST", "box", query="refresh", user=user)).status in {403, 404}


async def test_what_another_door_makes_for_an_account_is_its_own(world: World) -> None:
    await ask(world, "PUT")
    await world.store.create_bucket("from-s3", BucketProps(owner="new.account"))
    assert (await ask(world, "GET")).names == ["from-s3"]
    assert (await ask(world, "DELETE")).status == 409
