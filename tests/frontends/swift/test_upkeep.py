"""Containers that the server empties, purges and counts anew; and those that a PUT of an object makes."""

import json

import pytest

from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.capabilities.versions import Locks
from gateway.core.locks import BucketLock
from gateway.core.types import Key, Put
from gateway.core.uploads import PartRef
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.fill import fill
from tests.frontends.swift.world import Answer, Json, World

MANY = 2500


async def upkeep(world: World, query: str, container: str = "box", user: str = "alice") -> Answer:
    return await world.do("POST", container, query=query, user=user, headers={"Accept": "application/json"})


def told(answer: Answer) -> dict[str, object]:
    assert answer.status == 200
    report: dict[str, object] = json.loads(answer.body)
    return report


async def versions(world: World, container: str = "box") -> Json:
    return (await world.do("GET", container, query="versions")).rows


async def counters(world: World, container: str = "box") -> list[str]:
    headers = (await world.do("HEAD", container)).headers
    return [headers["X-Container-Object-Count"], headers["X-Container-Bytes-Used"]]


async def versioned(world: World, *names: str, count: int = 5, container: str = "box") -> None:
    """A container in which each name has so many versions."""
    await world.do("PUT", container, X_Versions_Enabled="true")
    for number in range(count):
        for name in names:
            assert (await world.do("PUT", container, name, body=str(number).encode())).status == 201


async def test_o06_a_container_is_emptied_by_the_server(world: World) -> None:
    await world.container()
    await fill(world.store, "box", MANY)
    report = told(await upkeep(world, "flush"))
    assert (report["Response Status"], report["Number Deleted"], report["Errors"]) == ("200 OK", MANY, [])
    assert (await world.do("GET", "box")).names == []
    assert await counters(world) == ["0", "0"]
    assert told(await upkeep(world, "flush"))["Response Status"] == "200 OK"
    assert (await world.do("DELETE", "box")).status == 204


async def test_o06_a_container_is_emptied_by_its_listing(world: World) -> None:
    await world.container()
    await fill(world.store, "box", MANY)
    while names := (await world.do("GET", "box", query="limit=1000")).names:
        body = "\n".join(f"box/{name}" for name in names).encode()
        report = json.loads(
            (await world.do("POST", query="bulk-delete", body=body, headers={"Accept": "application/json"})).body
        )
        assert report["Number Deleted"] == len(names)
    assert await counters(world) == ["0", "0"]


async def test_o06_versions_and_markers_go_along(world: World) -> None:
    await versioned(world, "a", "b", count=3)
    await world.do("DELETE", "box", "a")
    await world.do("POST", "box", X_Versions_Enabled="false")
    await world.do("PUT", "box", "b", body=b"without an id")
    assert told(await upkeep(world, "flush"))["Number Deleted"] == 8
    assert await versions(world) == []
    assert (await world.do("DELETE", "box")).status == 204


async def test_o06_what_is_locked_stays_and_is_told(world: World) -> None:
    await versioned(world, "held", "free", count=1)
    locks = find(world.store, Locks)
    assert locks is not None
    await locks.set_lock("box", BucketLock())
    await locks.set_hold(Key("box", "held"), held=True)
    report = told(await upkeep(world, "flush"))
    assert (report["Response Status"], report["Number Deleted"]) == ("400 Bad Request", 1)
    assert report["Errors"] == [["box/held", "A legal hold is on this version of the object"]]
    assert [row["name"] for row in await versions(world)] == ["held"]
    await locks.set_hold(Key("box", "held"), held=False)


async def test_o06_each_object_is_asked_for(world: World) -> None:
    """Who may list, and delete nothing, deletes nothing."""
    await world.container("box", "a", "b")
    report = told(await upkeep(world, "flush", user="rita"))
    assert report["Number Deleted"] == 0
    assert report["Errors"] == [["box/a", "403 Forbidden"], ["box/b", "403 Forbidden"]]
    assert (await upkeep(world, "flush", user="nina")).status == 403
    assert (await upkeep(world, "flush", user="olga")).status == 403
    assert (await world.raw("POST", "/v1/AUTH_test/box?flush")).status == 401
    assert (await world.do("GET", "box")).names == ["a", "b"]
    assert told(await upkeep(world, "flush", user="walter"))["Number Deleted"] == 2


async def test_o07_old_versions_are_purged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five versions, over the edge of a page."""
    monkeypatch.setattr("gateway.frontends.swift.emptying.PAGE", 3)
    await versioned(world, "a", "b", "c")
    assert told(await upkeep(world, "purge=2"))["Number Deleted"] == 9
    rows = await versions(world)
    assert [row["name"] for row in rows] == ["a", "a", "b", "b", "c", "c"]
    for name in ("a", "b", "c"):
        assert (await world.do("GET", "box", name)).body == b"4"
        oldest = next(row for row in rows if row["name"] == name and not row["is_latest"])
        assert (await world.do("GET", "box", name, query=f"version-id={oldest['version_id']}")).body == b"3"


@pytest.mark.parametrize("size", (1, 2, 3, 1000))
async def test_o07_the_version_without_an_id_counts_like_others(
    world: World, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("gateway.frontends.swift.emptying.PAGE", size)
    await world.container("box", "a")
    await versioned(world, "a", count=2)
    assert told(await upkeep(world, "purge=2"))["Number Deleted"] == 1
    assert [row["version_id"] == "null" for row in await versions(world)] == [False, False]
    await world.do("POST", "box", X_Versions_Enabled="false")
    await world.do("PUT", "box", "a", body=b"anew")
    assert told(await upkeep(world, "purge=1"))["Number Deleted"] == 2
    assert [row["version_id"] for row in await versions(world)] == ["null"]
    assert (await world.do("GET", "box", "a")).body == b"anew"


async def test_o07_a_marker_is_no_version(world: World) -> None:
    await versioned(world, "a", count=3)
    await world.do("DELETE", "box", "a")
    assert told(await upkeep(world, "purge=2"))["Number Deleted"] == 1
    rows = await versions(world)
    assert [str(row["content_type"]).startswith("application/x-deleted") for row in rows] == [True, False, False]
    await world.do("PUT", "box", "a", body=b"back")
    assert told(await upkeep(world, "purge=1"))["Number Deleted"] == 3
    assert len(await versions(world)) == 1
    assert (await world.do("GET", "box", "a")).body == b"back"


async def test_o07_nothing_goes_where_no_versions_are_kept(world: World) -> None:
    await world.container("box", "a", "b")
    assert told(await upkeep(world, "purge=1"))["Number Deleted"] == 0
    assert (await world.do("GET", "box")).names == ["a", "b"]


@pytest.mark.parametrize("value", ("", "=", "=0", "=-1", "=two", "=1.5", "=9999999999"))
async def test_o07_how_many_stay_must_be_said(world: World, value: str) -> None:
    await world.container("box", "a")
    answer = await upkeep(world, f"purge{value}")
    assert answer.status == 400
    assert answer.body == b"purge must say how many versions of each object are to stay, one at least"
    assert (await world.do("GET", "box")).names == ["a"]


async def test_o02_a_refresh_tells_the_counters(world: World) -> None:
    await world.container("box", "1", "22")
    answer = await upkeep(world, "refresh", user="opal")
    assert answer.status == 204
    assert [answer.headers[f"X-Container-{name}"] for name in ("Object-Count", "Bytes-Used")] == ["2", "3"]
    assert (await upkeep(world, "refresh")).status == 403
    assert (await upkeep(world, "refresh", "missing", user="opal")).status == 404


async def test_o02_what_comes_late_is_not_counted_again(world: World) -> None:
    """A completion whose answer was lost, and a delete that comes again."""
    await world.container("box", "a")
    multipart, key = find(world.store, Multipart), Key("box", "parts")
    assert multipart is not None
    upload = await multipart.create_upload(key, Put())
    part = await multipart.put_part(key, upload.id, 1, BytesBody(b"12345"))
    for _ in range(2):
        await multipart.complete_upload(key, upload.id, [PartRef(1, part.etag)])
        assert await counters(world) == ["2", "6"]
    assert [(await world.do("DELETE", "box", "parts")).status for _ in range(2)] == [204, 404]
    assert await counters(world) == ["1", "1"]


async def test_o09_a_container_is_made_where_that_is_switched_on(serve: Serve) -> None:
    async with serve(compat={"autocreate": True}) as world:
        assert (await world.do("PUT", "new", "o", body=b"1")).status == 201
        assert (await world.do("GET", "new", "o")).body == b"1"
        assert (await world.do("PUT", "new", "p", body=b"2", user="walter")).status == 201
        assert (await world.do("PUT", "walters", "o", body=b"1", user="walter")).status == 403
        assert (await world.do("PUT", "c" * 257, "o", body=b"1")).status == 400
        await world.do("PUT", "hers", user="olga", account="AUTH_other")
        assert (await world.do("PUT", "hers", "o", body=b"1")).status == 409
        assert (await world.do("PUT", "mine", "o", body=b"1", account="AUTH_other")).status == 403
        assert (await world.do("GET", "missing", "o")).status == 404
        assert (await world.do("POST", "missing", "o", X_Object_Meta_A="1")).status == 404
        assert await world.contents() == {"new", "new/o", "new/p", "hers"}


async def test_o09_a_copy_makes_its_container_too(serve: Serve) -> None:
    async with serve(compat={"autocreate": True}) as world:
        await world.container("box", "a")
        assert (await world.do("PUT", "new", "a", X_Copy_From="box/a")).status == 201
        assert (await world.do("GET", "new", "a")).body == b"a"
