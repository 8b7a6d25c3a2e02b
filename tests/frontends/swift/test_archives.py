"""Former versions in a container of their own: `X-Versions-Location` and `X-History-Location`."""

import json

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.types import Key
from gateway.stores.memory import Memory
from tests.frontends.swift.world import OTHER, World, serving

STACK, HISTORY = "X-Versions-Location", "X-History-Location"
MARKER = "application/x-deleted;swift_versions_deleted=1"


async def archiving(world: World, header: str = STACK) -> None:
    """A container whose former versions go to another."""
    assert (await world.do("PUT", "past")).status == 201
    assert (await world.do("PUT", "box", headers={header: "past"})).status in {201, 202}


async def write(world: World, *bodies: bytes, name: str = "thing") -> None:
    for body in bodies:
        assert (await world.do("PUT", "box", name, body=body)).status == 201


async def past(world: World) -> list[bytes]:
    """What lies in the archive, from the oldest on."""
    names = (await world.do("GET", "past")).names
    return [(await world.do("GET", "past", name)).body for name in names]


@pytest.mark.parametrize(("header", "other"), ((STACK, HISTORY), (HISTORY, STACK)))
async def test_the_place_is_set_shown_changed_and_removed(world: World, header: str, other: str) -> None:
    assert (await world.do("PUT", "box", headers={header: "some%20where"})).status == 201
    for method in ("HEAD", "GET"):
        answer = await world.do(method, "box")
        assert (answer.headers[header], other in answer.headers) == ("some%20where", False)
    assert (await world.do("POST", "box", headers={other: "past"})).status == 204
    answer = await world.do("HEAD", "box")
    assert (answer.headers[other], header in answer.headers) == ("past", False)
    for removal in ({header: ""}, {f"X-Remove-{header[2:]}": "x"}):
        await world.do("POST", "box", headers={header: "past", f"X-Remove-{header[2:]}": "x"})
        assert (await world.do("HEAD", "box")).headers[header] == "past"
        assert (await world.do("POST", "box", headers=removal)).status == 204
        assert header not in (await world.do("HEAD", "box")).headers


async def test_places_that_are_refused(world: World) -> None:
    answer = await world.do("PUT", "box", headers={STACK: "a", HISTORY: "b"})
    assert answer.body == b"Only one of x-versions-location or x-history-location may be specified"
    assert answer.status == 400
    answer = await world.do("PUT", "box", headers={STACK: "a/b"})
    assert (answer.status, answer.body) == (412, b"Container name cannot contain slashes")
    assert (await world.do("PUT", "box", headers={STACK: "", HISTORY: "b"})).status == 201
    assert (await world.do("HEAD", "box")).headers[HISTORY] == "b"
    assert (await world.do("POST", "box", headers={STACK: "past"}, user="walter")).status == 403


async def test_not_together_with_versions_of_the_other_kind(world: World) -> None:
    assert (await world.do("PUT", "box", headers={STACK: "past", "X-Versions-Enabled": "true"})).status == 400
    await archiving(world)
    for value in ("true", "false"):
        answer = await world.do("POST", "box", headers={"X-Versions-Enabled": value})
        assert (answer.status, b"already using the legacy versioned writes" in answer.body) == (400, True)
    assert (await world.do("PUT", "new", headers={"X-Versions-Enabled": "true"})).status == 201
    assert (await world.do("POST", "new", headers={STACK: "past"})).status == 400


async def test_info_tells_of_it_and_stores_without_it_refuse(world: World) -> None:
    flags = json.loads((await world.raw("GET", "/info")).body)["versioned_writes"]["allowed_flags"]
    assert flags == ["x-versions-location", "x-history-location"]
    async with serving(Memory(), Memory()) as bare:
        assert "versioned_writes" not in json.loads((await bare.raw("GET", "/info")).body)
        for header in (STACK, HISTORY):
            answer = await bare.do("PUT", "box", headers={header: "past"})
            assert (answer.status, answer.body) == (412, b"Versioned Writes is disabled")
        assert await bare.contents() == set()
        assert (await bare.do("PUT", "box", headers={STACK: ""})).status == 201
        assert (await bare.do("POST", "box", headers={STACK: ""})).status == 204


@pytest.mark.parametrize("header", (STACK, HISTORY))
async def test_what_is_written_over_is_kept_as_it_was(world: World, header: str) -> None:
    await archiving(world, header)
    first = {"Content-Type": "text/one", "Content-Encoding": "gzip", "X-Object-Meta-Foo": "bar"}
    assert (await world.do("PUT", "box", "thing", body=b"one", headers=first)).status == 201
    timestamp = (await world.do("HEAD", "box", "thing")).headers["X-Timestamp"]
    assert await past(world) == []
    await write(world, b"two")
    assert (await world.do("GET", "past")).names == [f"005thing/{timestamp}"]
    kept = await world.do("GET", "past", f"005thing/{timestamp}")
    assert (kept.body, {name: kept.headers[name] for name in first}) == (b"one", first)
    assert (await world.do("POST", "box", "thing", headers={"X-Object-Meta-New": "x"})).status == 202
    assert len(await past(world)) == 1
    await write(world, b"three")
    assert await past(world) == [b"one", b"two"]
    await world.container("other", "source")
    await world.do("COPY", "other", "source", headers={"Destination": "box/thing"})
    await world.do("PUT", "box", "thing", headers={"X-Copy-From": "other/source"})
    assert await past(world) == [b"one", b"two", b"three", b"source"]


async def test_names_are_measured_in_bytes(world: World) -> None:
    await archiving(world)
    await write(world, b"1", b"2", name="dé/x%25")
    assert (await world.do("GET", "past")).names[0].startswith("008dé/x%25/")


async def test_in_a_stack_a_delete_restores_the_newest(world: World) -> None:
    await archiving(world)
    await write(world, b"one", b"two", b"three")
    await write(world, b"x", name="thing/below")
    for body, rest in ((b"two", [b"one"]), (b"one", [])):
        assert (await world.do("DELETE", "box", "thing")).status == 204
        assert (await world.do("GET", "box", "thing")).body == body
        assert await past(world) == rest
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert (await world.do("GET", "box", "thing")).status == 404
    assert (await world.do("DELETE", "box", "thing")).status == 404
    assert (await world.do("GET", "box", "thing/below")).body == b"x"


async def test_in_a_history_a_delete_leaves_a_mark(world: World) -> None:
    await archiving(world, HISTORY)
    await write(world, b"one", b"two")
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert (await world.do("GET", "box", "thing")).status == 404
    assert (await world.do("DELETE", "box", "thing")).status == 404
    rows = (await world.do("GET", "past", query="format=json")).rows
    assert [row["bytes"] for row in rows] == [3, 3, 0, 0]
    assert [row["content_type"] == MARKER for row in rows] == [False, False, True, True]
    await write(world, b"three")
    assert len(await past(world)) == 4
    restored = str(rows[0]["name"])
    assert (await world.do("COPY", "past", restored, headers={"Destination": "box/thing"})).status == 201
    assert (await world.do("GET", "box", "thing")).body == b"one"
    assert await past(world) == [b"one", b"two", b"", b"", b"three"]


async def test_a_history_that_becomes_a_stack(world: World) -> None:
    """The steps of OpenStack's own `test_delete_while_changing_mode`."""
    await archiving(world, HISTORY)
    await write(world, b"one", b"two")
    await world.do("DELETE", "box", "thing")
    await world.do("POST", "box", headers={STACK: "past"})
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert ((await world.do("GET", "box", "thing")).body, await past(world)) == (b"two", [b"one"])
    await world.do("POST", "box", headers={HISTORY: "past"})
    assert [(await world.do("DELETE", "box", "thing")).status for _ in range(2)] == [204, 404]
    assert len(await past(world)) == 4
    await world.do("POST", "box", headers={STACK: "past"})
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert (len(await past(world)), (await world.do("GET", "box", "thing")).status) == (3, 404)
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert ((await world.do("GET", "box", "thing")).body, await past(world)) == (b"two", [b"one"])


async def test_a_mark_below_what_stands_stays(world: World) -> None:
    await archiving(world, HISTORY)
    await write(world, b"one")
    await world.do("DELETE", "box", "thing")
    await write(world, b"two")
    await world.do("POST", "box", headers={STACK: "past"})
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert ((await world.do("GET", "box", "thing")).status, await past(world)) == (404, [b"one", b""])


@pytest.mark.parametrize("header", (STACK, HISTORY))
async def test_without_the_archive_nothing_is_lost(world: World, header: str) -> None:
    """What is new may be written, and in a stack what has no former version may be deleted; else nothing goes."""
    await world.do("PUT", "box", headers={header: "missing"})
    await write(world, b"one")
    assert (await world.do("PUT", "box", "thing", body=b"two")).status == 412
    deleted = (await world.do("DELETE", "box", "thing")).status
    assert deleted == (204 if header == STACK else 412)
    assert (await world.do("GET", "box", "thing")).status == (404 if header == STACK else 200)


async def test_the_archive_is_of_the_same_account(world: World) -> None:
    await world.store.create_bucket("theirs", BucketProps(owner=OTHER.id))
    await world.do("PUT", "box", headers={HISTORY: "theirs"})
    await write(world, b"one")
    assert (await world.do("PUT", "box", "thing", body=b"two")).status == 412
    assert (await world.do("DELETE", "box", "thing")).status == 412
    assert await world.contents() == {"box", "box/thing", "theirs"}


async def test_who_may_write_needs_no_right_to_the_archive(world: World) -> None:
    await archiving(world)
    lists = {"X-Container-Write": "other-account:olga", "X-Container-Read": "other-account:olga"}
    await world.do("POST", "box", headers=lists)
    for body in (b"one", b"two"):
        assert (await world.do("PUT", "box", "thing", body=body, user="olga")).status == 201
    name = (await world.do("GET", "past")).names[0]
    assert (await world.do("GET", "past", name, user="olga")).status == 403
    assert (await world.do("DELETE", "past", name, user="olga")).status == 403
    assert (await world.do("DELETE", "box", "thing", user="nina")).status == 403
    assert (await world.do("DELETE", "box", "thing", user="olga")).status == 204
    assert (await world.do("GET", "box", "thing", user="olga")).body == b"one"


@pytest.mark.parametrize("header", (STACK, HISTORY))
async def test_manifests_and_links_are_kept_as_what_they_are(world: World, header: str) -> None:
    await world.container("segments", "a", "b", "of/1", "of/2")
    await archiving(world, header)
    manifest = json.dumps([{"path": "/segments/a"}]).encode()
    assert (await world.do("PUT", "box", "large", query="multipart-manifest=put", body=manifest)).status == 201
    assert (await world.do("PUT", "box", "link", body=b"", headers={"X-Symlink-Target": "segments/b"})).status == 201
    assert (await world.do("PUT", "box", "dyn", body=b"", headers={"X-Object-Manifest": "segments/of/"})).status == 201
    for name in ("dyn", "large", "link"):
        await write(world, b"plain", name=name)
    dyn, link, large = (await world.do("GET", "past")).names
    told = await world.do("HEAD", "past", large, query="multipart-manifest=get")
    assert told.headers["X-Static-Large-Object"] == "True"
    assert (await world.do("HEAD", "past", dyn)).headers["X-Object-Manifest"] == "segments/of/"
    assert (await world.do("HEAD", "past", link, query="symlink=get")).headers["X-Symlink-Target"] == "segments/b"
    assert await past(world) == [b"of/1of/2", b"b", b"a"]
    for name, body in (("dyn", b"of/1of/2"), ("large", b"a"), ("link", b"b")):
        assert (await world.do("DELETE", "box", name)).status == 204
        restored = await world.do("GET", "box", name)
        assert (restored.status, restored.body if header == STACK else None) == (
            (200, body) if header == STACK else (404, None)
        )


async def test_many_at_once(world: World) -> None:
    await archiving(world, HISTORY)
    await write(world, b"a", name="a")
    await write(world, b"b", name="b")
    answer = await world.do("POST", query="bulk-delete", body=b"box/a\nbox/b\n", headers={"Content-Type": "text/plain"})
    assert answer.status == 200
    assert await past(world) == [b"a", b"", b"b", b""]


async def test_what_vanishes_by_itself_leaves_nothing(world: World) -> None:
    await archiving(world)
    await write(world, b"one")
    await world.do("PUT", "box", "thing", body=b"two", headers={"X-Delete-At": "4000000000"})
    assert (await world.do("DELETE", "box", "thing", headers={"X-If-Delete-At": "4000000001"})).status == 412
    assert (await world.do("DELETE", "box", "thing", headers={"X-If-Delete-At": "4000000000"})).status == 204
    assert ((await world.do("GET", "box", "thing")).status, await past(world)) == (404, [b"one"])


async def test_a_write_that_does_not_come_in_keeps_nothing(world: World) -> None:
    await archiving(world)
    await write(world, b"one")
    for headers in ({"Etag": "0" * 32}, {"If-None-Match": "*"}):
        assert (await world.do("PUT", "box", "thing", body=b"two", headers=headers)).status in {412, 422}
    assert await past(world) == []
    assert (await world.store.stat(Key("box", "thing"))).size == 3
