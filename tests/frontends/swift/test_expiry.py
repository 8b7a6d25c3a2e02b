"""X-Delete-At and X-Delete-After, as Swift takes and shows them."""

import time

import pytest

from gateway.core.conditions import SECOND
from gateway.core.types import Key, PropsChange
from tests.frontends.swift.world import World

LATER = int(time.time()) + 10_000
PASSED = "1000000000"


async def shown(world: World, name: str = "thing") -> str | None:
    answer = await world.do("HEAD", "box", name)
    assert answer.status == 200
    return answer.headers.get("X-Delete-At")


async def vanish(world: World, name: str = "thing") -> None:
    """Have an object's time be one that has come."""
    await world.store.update(Key("box", name), PropsChange(expires=int(PASSED) * SECOND))


async def test_a_time_is_put_shown_changed_and_removed(world: World) -> None:
    await world.container("box", "plain")
    assert await shown(world, "plain") is None
    assert (await world.do("PUT", "box", "thing", body=b"x", X_Delete_At=str(LATER))).status == 201
    assert await shown(world) == str(LATER)
    assert (await world.do("GET", "box", "thing")).headers["X-Delete-At"] == str(LATER)
    assert (await world.do("POST", "box", "thing", X_Delete_At=str(LATER + 1))).status == 202
    assert await shown(world) == str(LATER + 1)
    assert (await world.do("POST", "box", "thing", X_Object_Meta_A="b")).status == 202
    assert await shown(world) is None
    begun = int(time.time())
    assert (await world.do("POST", "box", "thing", X_Delete_After="10000")).status == 202
    assert begun + 10_000 <= int(await shown(world) or 0) <= time.time() + 10_000
    assert (await world.do("POST", "box", "thing", X_Remove_Delete_At="x")).status == 202
    assert await shown(world) is None


async def test_after_becomes_at_and_counts_before_it(world: World) -> None:
    await world.container()
    answer = await world.do("PUT", "box", "thing", body=b"x", X_Delete_After="60", X_Delete_At=str(LATER))
    assert answer.status == 201
    at = int(await shown(world) or 0)
    assert time.time() < at <= time.time() + 61
    assert "X-Delete-After" not in (await world.do("HEAD", "box", "thing")).headers


@pytest.mark.parametrize("method", ("PUT", "POST", "COPY"))
async def test_times_that_cannot_be_change_nothing(world: World, method: str) -> None:
    await world.container("box", "thing")
    table = {
        ("X-Delete-At", "1"): b"X-Delete-At in past",
        ("X-Delete-At", "soon"): b"Non-integer X-Delete-At",
        ("X-Delete-At", "1.5"): b"Non-integer X-Delete-At",
        ("X-Delete-After", "0"): b"X-Delete-After in past",
        ("X-Delete-After", "-1"): b"X-Delete-After in past",
        ("X-Delete-After", "soon"): b"Non-integer X-Delete-After",
    }
    for (name, value), text in table.items():
        headers = {name: value, "Destination": "box/copy"}
        answer = await world.do(method, "box", "thing", body=b"other" if method == "PUT" else b"", headers=headers)
        assert (answer.status, answer.body) == (400, text), (name, value)
    assert await world.contents() == {"box", "box/thing"}
    assert (await world.do("GET", "box", "thing")).body == b"thing"


async def test_copies_keep_the_time_unless_they_state_another_or_are_fresh(world: World) -> None:
    await world.container("box")
    assert (await world.do("PUT", "box", "thing", body=b"x", X_Delete_At=str(LATER))).status == 201
    table: dict[tuple[tuple[str, str], ...], str | None] = {
        (): str(LATER),
        (("X-Delete-At", str(LATER + 5)),): str(LATER + 5),
        (("X-Fresh-Metadata", "true"),): None,
        (("X-Fresh-Metadata", "true"), ("X-Delete-At", str(LATER + 5))): str(LATER + 5),
    }
    for headers, expected in table.items():
        copied = await world.do("COPY", "box", "thing", headers={"Destination": "box/copy", **dict(headers)})
        assert copied.status == 201
        assert await shown(world, "copy") == expected
        put = await world.do("PUT", "box", "put", body=b"", headers={"X-Copy-From": "box/thing", **dict(headers)})
        assert put.status == 201
        assert await shown(world, "put") == expected


async def test_what_has_vanished_is_not_there_but_is_listed(world: World) -> None:
    await world.container("box", "thing")
    await vanish(world)
    for method in ("GET", "HEAD", "POST"):
        assert (await world.do(method, "box", "thing")).status == 404
    assert (await world.do("COPY", "box", "thing", Destination="box/copy")).status == 404
    assert (await world.do("GET", "box")).names == ["thing"]
    assert (await world.do("DELETE", "box")).status == 409
    assert (await world.do("DELETE", "box", "thing")).status == 404
    assert (await world.do("GET", "box")).names == []


async def test_its_name_is_free(world: World) -> None:
    await world.container("box", "thing")
    await vanish(world)
    answer = await world.do("PUT", "box", "thing", body=b"new", If_None_Match="*")
    assert answer.status == 201
    assert (await world.do("GET", "box", "thing")).body == b"new"
    assert await shown(world) is None


async def test_a_delete_of_what_vanishes_at_just_that_time(world: World) -> None:
    await world.container("box", "thing", "other")
    for stated, status, text in (
        ("bad", 400, b"Bad X-If-Delete-At header value"),
        (PASSED, 412, b"X-If-Delete-At and X-Delete-At do not match"),
    ):
        answer = await world.do("DELETE", "box", "thing", X_If_Delete_At=stated)
        assert (answer.status, answer.body) == (status, text)
    await vanish(world)
    assert (await world.do("DELETE", "box", "thing", X_If_Delete_At=str(LATER))).status == 412
    assert (await world.do("DELETE", "box", "thing", X_If_Delete_At=PASSED)).status == 204
    assert (await world.do("DELETE", "box", "thing", X_If_Delete_At=PASSED)).status == 404
    assert await world.contents() == {"box", "box/other"}
