"""Accounts and doors that are read-only."""

import json

from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import Answer, World

HEADER = "X-Account-Sysmeta-Read-Only"
TEXT = b"Writes are disabled for this account."


async def writes(world: World, user: str = "alice") -> list[Answer]:
    """One of each kind of request that would write."""
    return [
        await world.do("PUT", "new", user=user),
        await world.do("POST", "box", headers={"X-Container-Meta-A": "b"}, user=user),
        await world.do("PUT", "box", "new", body=b"x", user=user),
        await world.do("POST", "box", "thing", headers={"X-Object-Meta-A": "b"}, user=user),
        await world.do("COPY", "box", "thing", headers={"Destination": "box/new"}, user=user),
        await world.do("PUT", "box", "new", headers={"X-Copy-From": "box/thing"}, user=user),
        await world.do("PUT", "box", "link", body=b"", headers={"X-Symlink-Target": "box/thing"}, user=user),
        await world.do(
            "PUT", "box", "slo", query="multipart-manifest=put", body=b'[{"path": "/box/thing"}]', user=user
        ),
    ]


async def deletes(world: World) -> list[int]:
    return [
        (await world.do("DELETE", "box", "thing")).status,
        (await world.do("DELETE", "empty")).status,
    ]


async def mark(world: World, value: str) -> None:
    assert (await world.do("POST", user="opal", headers={HEADER: value})).status == 204


async def test_an_operator_makes_an_account_read_only_and_back(world: World) -> None:
    await world.container("box", "thing")
    await world.container("empty")
    before = await world.contents()
    await mark(world, "true")
    for user in ("alice", "opal"):
        assert {(answer.status, answer.body) for answer in await writes(world, user)} == {(405, TEXT)}
    assert await deletes(world) == [405, 405]
    report = await world.do("POST", query="bulk-delete", body=b"box/thing\n", headers={"Accept": "application/json"})
    assert [status for _, status in json.loads(report.body)["Errors"]] == ["405 Method Not Allowed"]
    assert await world.contents() == before
    assert (await world.do("GET", "box", "thing")).body == b"thing"
    assert (await world.do("PUT", "theirs", user="olga", account="AUTH_other")).status == 201
    await mark(world, "")
    assert {answer.status for answer in await writes(world)} <= {201, 202, 204}
    assert await deletes(world) == [204, 204]


async def test_nobody_else_may_say_so_or_is_told(world: World) -> None:
    assert (await world.do("POST", headers={HEADER: "true"})).status == 204
    assert (await world.do("PUT", "box")).status == 201
    await mark(world, "true")
    assert HEADER not in (await world.do("HEAD")).headers
    assert (await world.do("HEAD", user="opal")).headers[HEADER] == "true"
    assert (await world.do("POST", headers={HEADER: "false"})).status == 204
    assert (await world.do("PUT", "other")).status == 405


async def test_a_door_that_is_read_only(serve: Serve) -> None:
    async with serve() as world:
        await world.container("box", "thing")
        await world.container("empty")
    async with serve(read_only=True) as world:
        assert {(answer.status, answer.body) for answer in await writes(world)} == {(405, TEXT)}
        assert await deletes(world) == [405, 405]
        assert (await world.do("POST", headers={"X-Account-Meta-A": "b"})).status == 405
        assert (await world.do("GET", "box", "thing")).body == b"thing"
        assert json.loads((await world.raw("GET", "/info")).body)["read_only"] == {}
        await mark(world, "false")
        assert {answer.status for answer in await writes(world)} <= {201, 202, 204}
        assert (await world.do("PUT", "box", user="olga", account="AUTH_other")).status == 405
        await mark(world, "true")
        assert (await world.do("PUT", "other")).status == 405


async def test_deletes_may_be_allowed(serve: Serve) -> None:
    async with serve() as world:
        await world.container("box", "thing", "other")
        await world.container("empty")
    async with serve(read_only=True, allow_deletes=True) as world:
        assert {answer.status for answer in await writes(world)} == {405}
        report = await world.do("POST", query="bulk-delete", body=b"box/other\n")
        assert report.body.startswith(b"Number Deleted: 1\n")
        assert await deletes(world) == [204, 204]


async def test_a_door_like_any_other_says_nothing_of_it(world: World) -> None:
    assert "read_only" not in json.loads((await world.raw("GET", "/info")).body)
