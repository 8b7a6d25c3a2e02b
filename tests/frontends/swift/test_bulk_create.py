"""Many containers in one request."""

import json

import pytest

from tests.frontends.swift.world import Answer, World


async def create(world: World, *lines: str, user: str = "alice", accept: str = "application/json") -> Answer:
    body = "\n".join(lines).encode()
    return await world.do("POST", query="bulk-create", body=body, user=user, headers={"Accept": accept})


async def told(world: World, *lines: str, user: str = "alice") -> dict[str, object]:
    answer = await create(world, *lines, user=user)
    assert answer.status == 200
    report: dict[str, object] = json.loads(answer.body)
    return report


async def test_o03_many_containers_give_a_boolean_each(world: World) -> None:
    names = [f"c{number:03}" for number in range(250)]
    await world.container("c007")
    await world.container("c100", "kept")
    report = await told(world, *names)
    assert report["Response Status"] == "201 Created"
    assert (report["Number Created"], report["Number Existing"], report["Errors"]) == (248, 2, [])
    assert report["Containers"] == [[name, name not in {"c007", "c100"}] for name in names]
    assert (await world.do("GET")).names == names
    assert (await world.do("GET", "c100")).names == ["kept"]
    again = await told(world, *names)
    assert again["Containers"] == [[name, False] for name in names]


async def test_o03_what_fails_is_told_and_the_rest_made(world: World) -> None:
    await world.do("PUT", "hers", user="olga", account="AUTH_other")
    report = await told(world, "good", "", "hers", "a/b", "c" * 257, "%FF", "%C3%A9", "good/")
    assert report["Response Status"] == "400 Bad Request"
    assert report["Containers"] == [["good", True], ["%C3%A9", True], ["good", False]]
    assert report["Errors"] == [
        ["hers", "The container name is not available"],
        ["a/b", "The name of a container has no slash"],
        ["c" * 257, "Container name length of 257 longer than 256"],
        ["%FF", "412 Precondition Failed"],
    ]
    assert await world.contents() == {"good", "é", "hers"}


async def test_each_container_is_asked_for(world: World) -> None:
    report = await told(world, "a", "b", user="walter")
    assert report["Errors"] == [["a", "403 Forbidden"], ["b", "403 Forbidden"]]
    assert "Containers" not in report
    assert (await world.raw("POST", "/v1/AUTH_test?bulk-create", b"a")).status == 401
    assert (await told(world, "a", user="olga"))["Errors"] == [["a", "403 Forbidden"]]
    assert await world.contents() == set()


async def test_reports_in_every_format(world: World) -> None:
    plain = await create(world, "new", accept="text/plain")
    assert plain.body.decode().strip() == (
        "Number Created: 1\nNumber Existing: 0\nResponse Body: \nResponse Status: 201 Created\n"
        "Containers:\nnew, true\nErrors:"
    )
    xml = await create(world, "new", accept="application/xml")
    assert b"<container><name>new</name><new>false</new></container>" in xml.body
    assert (await told(world))["Response Body"] == "Invalid bulk create."


@pytest.mark.parametrize(
    ("lines", "status"),
    (
        (["name"] * 10_001, "413 Request Entity Too Large"),
        (["n" * 3000], "400 Bad Request"),
    ),
)
async def test_too_much_makes_nothing(world: World, lines: list[str], status: str) -> None:
    assert (await told(world, *lines))["Response Status"] == status
    assert await world.contents() == set()
