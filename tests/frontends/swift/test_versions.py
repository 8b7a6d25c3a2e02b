"""Versions of objects, as `X-Versions-Enabled` has them kept."""

import pytest

from gateway.core.versions import Versioning
from gateway.frontends.swift import backwards
from tests.frontends.swift.world import Json, World, md5

MARKER = "application/x-deleted;swift_versions_deleted=1"


async def keeping(world: World, *bodies: bytes, name: str = "thing") -> list[str]:
    """Have `box` keep versions, and write an object there again and again; the ids, from the oldest on."""
    assert (await world.do("PUT", "box", headers={"X-Versions-Enabled": "true"})).status in {201, 202}
    written = [await world.do("PUT", "box", name, body=body) for body in bodies]
    return [answer.headers["X-Object-Version-Id"] for answer in written]


async def listed(world: World, query: str = "") -> Json:
    answer = await world.do("GET", "box", query=f"versions&{query}")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return answer.rows


async def test_versioning_is_switched_and_shown(world: World) -> None:
    assert (await world.do("PUT", "box", headers={"X-Versions-Enabled": "true"})).status == 201
    assert (await world.do("HEAD", "box")).headers["X-Versions-Enabled"] == "True"
    assert (await world.store.stat_bucket("box")).versioning is Versioning.ENABLED
    assert (await world.do("POST", "box", headers={"X-Versions-Enabled": "false"})).status == 204
    assert (await world.do("GET", "box")).headers["X-Versions-Enabled"] == "False"
    await world.container("plain", "thing")
    assert "X-Versions-Enabled" not in (await world.do("HEAD", "plain")).headers
    assert "X-Object-Version-Id" not in (await world.do("HEAD", "plain", "thing")).headers
    for user in ("walter", "rita"):
        assert (await world.do("POST", "plain", headers={"X-Versions-Enabled": "true"}, user=user)).status == 403


async def test_each_version_is_read_by_its_id(world: World) -> None:
    await world.container("box", "thing")
    first, second = await keeping(world, b"first", b"second!")
    for version, body in ((first, b"first"), (second, b"second!"), ("null", b"thing")):
        answer = await world.do("GET", "box", "thing", query=f"version-id={version}")
        assert (answer.status, answer.body, answer.headers["X-Object-Version-Id"]) == (200, body, version)
        head = await world.do("HEAD", "box", "thing", query=f"version-id={version}")
        assert (head.headers["Content-Length"], head.headers["Etag"]) == (str(len(body)), md5(body))
    standing = await world.do("HEAD", "box", "thing")
    assert standing.headers["Content-Location"] == f"/v1/AUTH_test/box/thing?version-id={second}"
    current = await world.do("GET", "box", "thing", query="version-id=")
    assert (current.body, current.headers["X-Object-Version-Id"]) == (b"second!", second)
    ranged = await world.do("GET", "box", "thing", query=f"version-id={first}", headers={"Range": "bytes=1-2"})
    assert (ranged.status, ranged.body) == (206, b"ir")


async def remove(world: World, version: str) -> str:
    """Delete a version; the one that stands then."""
    gone = await world.do("DELETE", "box", "thing", query=f"version-id={version}")
    assert (gone.status, gone.headers["X-Object-Version-Id"]) == (204, version)
    return gone.headers["X-Object-Current-Version-Id"]


async def test_a_delete_puts_a_marker_and_a_version_goes_for_good(world: World) -> None:
    first, second = await keeping(world, b"first", b"second")
    marker = (await world.do("DELETE", "box", "thing")).headers["X-Object-Version-Id"]
    assert (await world.do("GET", "box", "thing")).status == 404
    named = await world.do("GET", "box", "thing", query=f"version-id={marker}")
    assert (named.status, named.headers["X-Object-Version-Id"], named.headers["Content-Type"]) == (404, marker, MARKER)
    assert await remove(world, marker) == "null"
    assert (await world.do("GET", "box", "thing")).status == 404
    assert (await world.do("PUT", "box", "thing", query=f"version-id={second}", body=b"")).status == 201
    assert await remove(world, first) == second
    assert (await world.do("DELETE", "box", "thing", query=f"version-id={first}")).status == 404
    assert (await world.do("GET", "box", "thing")).body == b"second"
    assert await remove(world, second) == "null"
    assert (await world.do("DELETE", "box")).status == 204


async def test_no_version_takes_the_place_of_the_current_one(world: World) -> None:
    first, second = await keeping(world, b"first", b"second")
    assert await remove(world, second) == "null"
    assert (await world.do("GET", "box", "thing")).status == 404
    assert [(row["version_id"], row["is_latest"]) for row in await listed(world)] == [(first, False)]
    assert (await world.do("GET", "box", "thing", query=f"version-id={first}")).body == b"first"


async def test_the_version_without_an_id_is_what_stands(world: World) -> None:
    first, second = await keeping(world, b"first", b"second")
    assert await remove(world, "null") == "null"
    assert (await world.do("GET", "box", "thing")).status == 404
    assert [row["version_id"] for row in await listed(world)] == [second, first]
    assert (await world.do("DELETE", "box", "thing", query="version-id=null")).status == 404


async def test_listings_of_versions(world: World) -> None:
    await world.container("box", "a")
    first, second = await keeping(world, b"first", b"second!")
    marker = (await world.do("DELETE", "box", "thing")).headers["X-Object-Version-Id"]
    rows = await listed(world)
    assert [(row["name"], row["version_id"], row["is_latest"], row["bytes"]) for row in rows] == [
        ("a", "null", True, 1),
        ("thing", marker, True, 0),
        ("thing", second, False, 7),
        ("thing", first, False, 5),
    ]
    assert (rows[1]["content_type"], rows[1]["hash"]) == (MARKER, md5(b""))
    assert rows[2]["hash"] == md5(b"second!")
    assert await listed(world, "limit=2") == rows[:2]
    assert await listed(world, "limit=0") == []
    assert await listed(world, "prefix=th") == rows[1:]
    assert await listed(world, f"marker=thing&version_marker={second}") == rows[3:]
    assert await listed(world, "marker=a") == rows[1:]
    assert await listed(world, "marker=thing&version_marker=null") == rows[1:]
    assert await listed(world, "reverse=on") == rows[::-1]
    assert await listed(world, "reverse=on&limit=2") == rows[:1:-1]
    assert await listed(world, "reverse=on&limit=0") == []
    assert await listed(world, "reverse=on&marker=thing") == rows[:1]
    assert await listed(world, "reverse=on&end_marker=a") == rows[:0:-1]
    assert await listed(world, f"reverse=on&marker=thing&version_marker={second}") == rows[1::-1]
    await keeping(world, b"deep", name="deep/er")
    assert (await listed(world, "delimiter=/"))[1] == {"subdir": "deep/"}
    assert (await listed(world, "delimiter=/&reverse=on"))[-2] == {"subdir": "deep/"}


async def test_reversed_listings_go_on_behind_a_page_of_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backwards, "PAGE", 2)
    await keeping(world, *(b"%d" % number for number in range(7)))
    rows = await listed(world)
    assert len(rows) == 7
    assert await listed(world, "reverse=on") == rows[::-1]
    assert await listed(world, "reverse=on&limit=3") == rows[:3:-1]


async def test_a_delete_of_nothing_leaves_a_marker(world: World) -> None:
    await keeping(world)
    gone = await world.do("DELETE", "box", "missing")
    (row,) = await listed(world)
    assert (row["name"], row["content_type"]) == ("missing", MARKER)
    assert (gone.status, gone.headers["X-Object-Version-Id"]) == (404, row["version_id"])
    await world.do("POST", "box", headers={"X-Versions-Enabled": "false"})
    assert (await world.do("DELETE", "box", "other")).status == 404
    assert await listed(world) == [row]


async def test_a_version_is_restored(world: World) -> None:
    first, second = await keeping(world, b"first", b"second")
    answer = await world.do("PUT", "box", "thing", query=f"version-id={first}", body=b"")
    assert (answer.status, answer.headers["Etag"]) == (201, md5(b"first"))
    assert (await world.do("GET", "box", "thing")).body == b"first"
    assert answer.headers["X-Object-Version-Id"] == first
    rows = await listed(world)
    assert [(row["version_id"], row["is_latest"]) for row in rows] == [(second, False), (first, True)]
    assert [row["version_id"] for row in await listed(world, "reverse=on")] == [first, second]
    (row,) = (await world.do("GET", "box", query="format=json")).rows
    assert row["symlink_path"] == f"/v1/AUTH_test/box/thing?version-id={first}"
    assert row["version_symlink"] is True
    full = await world.do("PUT", "box", "thing", query=f"version-id={first}", body=b"bytes")
    assert (full.status, full.body) == (400, b"PUT version-id requests require a zero byte body")
    none = await world.do("PUT", "box", "none", query=f"version-id={first}", body=b"")
    assert (none.status, none.body) == (404, b"The specified version does not exist")
    assert (await world.do("PUT", "box", "thing", query="version-id=null", body=b"")).status == 400


async def test_suspended_versions_stay(world: World) -> None:
    (first,) = await keeping(world, b"first")
    await world.do("POST", "box", headers={"X-Versions-Enabled": "false"})
    put = await world.do("PUT", "box", "thing", body=b"null")
    assert "X-Object-Version-Id" not in put.headers
    assert (await world.do("HEAD", "box", "thing")).headers["X-Object-Version-Id"] == "null"
    await world.do("PUT", "box", "thing", body=b"null again")
    assert [row["version_id"] for row in await listed(world)] == ["null", first]
    assert (await world.do("GET", "box", "thing", query="version-id=null")).body == b"null again"
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert [(row["version_id"], row["is_latest"]) for row in await listed(world)] == [(first, False)]
    await world.do("PUT", "box", "thing", query=f"version-id={first}", body=b"")
    assert (await world.do("DELETE", "box", "thing", headers={"If-Match": "other"})).status == 412
    assert (await world.do("DELETE", "box", "thing")).status == 204
    assert [row["version_id"] for row in await listed(world)] == [first]
    assert (await world.do("DELETE", "box", "thing")).status == 404


@pytest.mark.parametrize("method", ("GET", "HEAD", "PUT", "DELETE"))
async def test_ids_that_are_none(world: World, method: str) -> None:
    await world.container("plain", "thing")
    unversioned = await world.do(method, "plain", "thing", query="version-id=1", body=b"")
    assert unversioned.status == 400
    await keeping(world, b"first")
    for version in ("nonsense", "%2e%2e", "1" * 2000, "%00"):
        assert (await world.do(method, "box", "thing", query=f"version-id={version}", body=b"")).status == 400
    for unknown in ("0" * 32, "1234567890.12345"):
        assert (await world.do(method, "box", "thing", query=f"version-id={unknown}", body=b"")).status == 404
    assert (await world.do("GET", "box", "thing")).body == b"first"


async def test_requests_that_are_refused(world: World) -> None:
    (first,) = await keeping(world, b"first")
    post = await world.do("POST", "box", "thing", query=f"version-id={first}", headers={"X-Object-Meta-A": "b"})
    assert (post.status, post.body) == (400, b"POST to a specific version is not allowed")
    assert (await world.do("GET", "box", query="versions&version_marker=x")).status == 400
    assert (await world.do("GET", "box", query="versions&marker=thing&version_marker=x")).status == 400
    assert (await world.do("GET", "box", query="versions", headers={"Accept": "application/xml"})).status == 406
    assert (await world.do("GET", "box", query="versions&format=plain")).status == 406


async def test_versions_need_rights_of_their_own(world: World) -> None:
    (first,) = await keeping(world, b"first")
    for user, reading in (("rita", 200), ("nina", 403), ("olga", 403)):
        assert (await world.do("GET", "box", "thing", query=f"version-id={first}", user=user)).status == reading
        assert (await world.do("GET", "box", query="versions", user=user)).status == reading
        assert (await world.do("DELETE", "box", "thing", query=f"version-id={first}", user=user)).status == 403
    assert (await world.do("GET", "box", "thing")).body == b"first"


async def test_a_list_of_readers_does_not_open_former_versions(world: World) -> None:
    """As in Swift: its own test is `test_container_acls` of `test_object_versioning`."""
    (first,) = await keeping(world, b"first")
    await world.do("POST", "box", headers={"X-Container-Read": "other-account:olga,.rlistings"})
    assert (await world.do("GET", "box", "thing", user="olga")).body == b"first"
    assert (await world.do("GET", "box", "thing", query=f"version-id={first}", user="olga")).status == 403


async def test_versions_are_copied(world: World) -> None:
    first, second = await keeping(world, b"first", b"second")
    await world.container("other", "null")
    for headers in ({"Destination": "other/one"}, {"Destination": "box/thing"}):
        answer = await world.do("COPY", "box", "thing", query=f"version-id={first}", headers=headers)
        assert (answer.status, answer.headers["X-Copied-From"]) == (201, "box/thing")
    assert (await world.do("GET", "other", "one")).body == (await world.do("GET", "box", "thing")).body == b"first"
    copied = {"X-Copy-From": "box/thing"}
    assert (await world.do("PUT", "other", "two", query=f"version-id={second}", headers=copied)).status == 201
    ranged = {**copied, "Range": "bytes=1-2"}
    assert (await world.do("PUT", "other", "three", query=f"version-id={first}", headers=ranged)).status == 201
    assert [(await world.do("GET", "other", name)).body for name in ("two", "three")] == [b"second", b"ir"]
    assert len(await listed(world)) == 3
    null = await world.do("COPY", "other", "null", query="version-id=null", headers={"Destination": "other/four"})
    assert (null.status, (await world.do("GET", "other", "four")).body) == (201, b"null")


async def test_copies_of_versions_that_are_refused(world: World) -> None:
    (first,) = await keeping(world, b"first")
    marker = (await world.do("DELETE", "box", "thing")).headers["X-Object-Version-Id"]
    await world.container("other", "plain")
    target = {"Destination": "other/target"}
    for container, version, status in (("box", marker, 404), ("box", "x", 400), ("other", first, 400)):
        name = "thing" if container == "box" else "plain"
        assert (await world.do("COPY", container, name, query=f"version-id={version}", headers=target)).status == status
    answer = await world.do("COPY", "box", "thing", query=f"version-id={first}", headers={**target, "If-Match": "x"})
    assert answer.status == 412
    assert (await world.do("COPY", "box", "thing", query=f"version-id={first}")).status == 412
    rights = await world.do("COPY", "box", "thing", query=f"version-id={first}", headers=target, user="nina")
    assert (rights.status, (await world.do("GET", "other")).names) == (403, ["plain"])


async def test_every_write_tells_its_version(world: World) -> None:
    await keeping(world, b"first")
    writes = (
        await world.do("PUT", "box", "link", headers={"X-Symlink-Target": "box/thing"}, body=b""),
        await world.do("PUT", "box", "large", query="multipart-manifest=put", body=b'[{"path": "/box/thing"}]'),
        await world.do("COPY", "box", "thing", headers={"Destination": "box/copy"}),
    )
    told = [answer.headers["X-Object-Version-Id"] for answer in writes]
    rows = {row["name"]: row["version_id"] for row in await listed(world)}
    assert told == [rows["link"], rows["large"], rows["copy"]]


async def test_a_version_may_be_a_link(world: World) -> None:
    await keeping(world, b"target", name="target")
    link = {"X-Symlink-Target": "box/target", "Content-Type": "application/symlink", "Content-Length": "0"}
    version = (await world.do("PUT", "box", "link", headers=link)).headers["X-Object-Version-Id"]
    await world.do("PUT", "box", "link", body=b"no link")
    followed = await world.do("GET", "box", "link", query=f"version-id={version}")
    assert (followed.body, followed.headers["Content-Type"]) == (b"target", "application/octet-stream")
    await world.do("PUT", "box", "link", query=f"version-id={version}", body=b"")
    target = (await world.do("HEAD", "box", "target")).headers["X-Object-Version-Id"]
    assert (await world.do("HEAD", "box", "link")).headers["X-Object-Version-Id"] == target
    itself = await world.do("GET", "box", "link", query=f"version-id={version}&symlink=get")
    assert (itself.body, itself.headers["Content-Type"]) == (b"", "application/symlink")


async def test_an_object_of_which_no_versions_are_kept_has_no_id(world: World) -> None:
    await world.container("box", "thing")
    assert (await world.do("DELETE", "box", "thing", query="version-id=null")).status == 204
    assert (await world.do("GET", "box", "thing")).status == 404
