"""Symbolic links, static and dynamic, and what becomes of them."""

import json

import pytest

from tests.frontends.swift.world import Answer, World, md5

EMPTY = md5(b"")


async def link(world: World, name: str, target: str, **fields: str) -> Answer:
    """Make a link in `box`."""
    return await world.do("PUT", "box", name, headers={"X-Symlink-Target": target}, body=b"", **fields)


async def test_a_link_reads_as_its_target(world: World) -> None:
    await world.container("box", "thing")
    await world.do("POST", "box", "thing", headers={"X-Object-Meta-Colour": "red", "Content-Type": "text/x"})
    made = await link(world, "link", "box/thing")
    assert (made.status, made.headers["Etag"]) == (201, EMPTY)
    for method in ("GET", "HEAD"):
        answer = await world.do(method, "box", "link")
        assert (answer.status, answer.body) == (200, b"thing" if method == "GET" else b"")
        assert answer.headers["Etag"] == md5(b"thing")
        assert answer.headers["Content-Type"] == "text/x"
        assert answer.headers["X-Object-Meta-Colour"] == "red"
        assert answer.headers["Content-Location"] == "/v1/AUTH_test/box/thing"
    ranged = await world.do("GET", "box", "link", headers={"Range": "bytes=1-2"})
    assert (ranged.status, ranged.body) == (206, b"hi")
    same = await world.do("GET", "box", "link", headers={"If-None-Match": md5(b"thing")})
    assert (same.status, same.headers["Content-Location"]) == (304, "/v1/AUTH_test/box/thing")


async def test_a_link_is_asked_for_itself(world: World) -> None:
    await world.container("box", "thing")
    await link(world, "link", "box/th%69ng")
    answer = await world.do("GET", "box", "link", query="symlink=get")
    assert (answer.status, answer.body, answer.headers["Etag"]) == (200, b"", EMPTY)
    assert answer.headers["X-Symlink-Target"] == "box/thing"
    assert answer.headers["Content-Type"] == "application/symlink"
    assert "Content-Location" not in answer.headers
    plain = await world.do("GET", "box", "thing", query="symlink=get")
    assert (plain.body, "X-Symlink-Target" in plain.headers) == (b"thing", False)


async def test_listings_tell_where_links_lead(world: World) -> None:
    await world.container("box", "thing")
    await link(world, "dynamic", "box/thing")
    await link(world, "static", "box/thing", X_Symlink_Target_Etag=md5(b"thing"))
    rows = {row["name"]: row for row in (await world.do("GET", "box", query="format=json")).rows}
    assert (rows["dynamic"]["bytes"], rows["dynamic"]["hash"]) == (0, EMPTY)
    assert rows["dynamic"]["symlink_path"] == "/v1/AUTH_test/box/thing"
    assert (rows["static"]["symlink_etag"], rows["static"]["symlink_bytes"]) == (md5(b"thing"), 5)
    assert "symlink_path" not in rows["thing"]
    assert "symlink_etag" not in rows["dynamic"]


async def test_a_static_link_holds_on_to_an_etag(world: World) -> None:
    await world.container("box", "thing")
    wrong = await link(world, "link", "box/thing", X_Symlink_Target_Etag="0" * 32)
    assert (wrong.status, wrong.headers["Content-Location"]) == (409, "/v1/AUTH_test/box/thing")
    assert b"does not match X-Symlink-Target-Etag header" in wrong.body
    none = await link(world, "link", "box/none", X_Symlink_Target_Etag="0" * 32)
    assert (none.status, none.body) == (409, b"X-Symlink-Target does not exist")
    bad = await link(world, "link", "box/thing", X_Symlink_Target_Etag="a;b")
    assert (bad.status, bad.body) == (400, b"Bad X-Symlink-Target-Etag format")
    assert await world.contents() == {"box", "box/thing"}
    made = await link(world, "link", "box/thing", X_Symlink_Target_Etag=f'"{md5(b"thing")}"')
    assert made.status == 201
    head = (await world.do("HEAD", "box", "link", query="symlink=get")).headers
    assert (head["X-Symlink-Target-Etag"], head["X-Symlink-Target-Bytes"]) == (md5(b"thing"), "5")
    assert (await world.do("GET", "box", "link")).body == b"thing"
    await world.do("PUT", "box", "thing", body=b"changed")
    broken = await world.do("GET", "box", "link")
    assert (broken.status, broken.headers["Content-Location"]) == (409, "/v1/AUTH_test/box/thing")
    further = await link(world, "further", "box/link", X_Symlink_Target_Etag="0" * 32)
    assert further.status == 409


async def test_two_hops_are_made_and_three_are_not(world: World) -> None:
    await world.container("box", "thing")
    for name, target in (("one", "thing"), ("two", "one"), ("three", "two")):
        assert (await link(world, name, f"box/{target}")).status == 201
    assert (await world.do("GET", "box", "two")).body == b"thing"
    for method in ("GET", "HEAD"):
        far = await world.do(method, "box", "three")
        assert far.status == 409
    assert (await world.do("GET", "box", "three")).body == (b"Too many levels of symbolic links, maximum allowed is 2")
    await link(world, "there", "box/back")
    await link(world, "back", "box/there")
    assert (await world.do("GET", "box", "there")).status == 409


@pytest.mark.parametrize("target", ("box", "/box/thing", "box/", "/", "%2Fbox/thing", "box/%ff", "%00/a"))
async def test_targets_that_are_none(world: World, target: str) -> None:
    await world.container("box", "thing")
    answer = await link(world, "link", target)
    text = b"X-Symlink-Target header must be of the form <container name>/<object name>"
    assert (answer.status, answer.body) == (412, text)
    assert await world.contents() == {"box", "box/thing"}


async def test_links_that_are_refused(world: World) -> None:
    await world.container("box", "thing")
    itself = await link(world, "link", "box/link")
    assert (itself.status, itself.body) == (400, b"Symlink cannot target itself")
    full = await world.do("PUT", "box", "link", headers={"X-Symlink-Target": "box/thing"}, body=b"bytes")
    assert (full.status, full.body) == (400, b"Symlink requests require a zero byte body")
    account = await link(world, "link", "box/thing", X_Symlink_Target_Account="a/b")
    assert account.status == 412
    post = await world.do("POST", "box", "thing", headers={"X-Symlink-Target": "box/other"})
    assert (post.status, post.body) == (400, b"A PUT request is required to set a symlink target")
    assert await world.contents() == {"box", "box/thing"}


async def test_a_post_is_applied_to_the_link_and_says_so(world: World) -> None:
    await world.container("box", "thing")
    await link(world, "link", "box/thing")
    answer = await world.do("POST", "box", "link", headers={"X-Object-Meta-Colour": "red"})
    assert (answer.status, answer.headers["Location"]) == (307, "/v1/AUTH_test/box/thing")
    assert "X-Object-Meta-Colour" not in (await world.do("HEAD", "box", "thing")).headers
    itself = (await world.do("HEAD", "box", "link", query="symlink=get")).headers
    assert (itself["X-Object-Meta-Colour"], itself["X-Symlink-Target"]) == ("red", "box/thing")


async def test_deletes_and_writes_are_the_links(world: World) -> None:
    await world.container("box", "thing")
    await link(world, "link", "box/thing")
    assert (await world.do("DELETE", "box", "link")).status == 204
    assert await world.contents() == {"box", "box/thing"}
    await link(world, "link", "box/thing")
    assert (await world.do("PUT", "box", "link", body=b"new")).status == 201
    assert (await world.do("GET", "box", "thing")).body == b"thing"
    assert (await world.do("GET", "box", "link")).body == b"new"
    await link(world, "link", "box/none")
    dangling = await world.do("GET", "box", "link")
    assert (dangling.status, dangling.headers["Content-Location"]) == (404, "/v1/AUTH_test/box/none")


async def test_copies_are_of_the_target_or_of_the_link(world: World) -> None:
    await world.container("box", "thing")
    await link(world, "link", "box/thing")
    await world.do("COPY", "box", "link", headers={"Destination": "box/bytes"})
    await world.do("COPY", "box", "link", query="symlink=get", headers={"Destination": "box/again"})
    await world.do("PUT", "box", "thing", body=b"changed")
    assert (await world.do("GET", "box", "bytes")).body == b"thing"
    assert "Content-Location" not in (await world.do("HEAD", "box", "bytes")).headers
    assert (await world.do("GET", "box", "again")).body == b"changed"
    assert (await world.do("HEAD", "box", "again", query="symlink=get")).headers["X-Symlink-Target"] == "box/thing"


async def test_a_link_gives_nobody_more_rights(world: World) -> None:
    await world.container("box", "thing")
    assert (await world.do("PUT", "theirs", account="AUTH_other", user="olga")).status == 201
    at = {"X-Symlink-Target": "box/thing", "X-Symlink-Target-Account": "AUTH_test"}
    made = await world.do("PUT", "theirs", "link", account="AUTH_other", user="olga", headers=at, body=b"")
    assert made.status == 201
    denied = await world.do("GET", "theirs", "link", account="AUTH_other", user="olga")
    assert (denied.status, denied.body == b"thing") == (403, False)
    static = {**at, "X-Symlink-Target-Etag": md5(b"thing")}
    refused = await world.do("PUT", "theirs", "static", account="AUTH_other", user="olga", headers=static, body=b"")
    assert refused.status == 403
    assert (await world.do("GET", "theirs", "link", account="AUTH_other", user="opal")).body == b"thing"
    rows = (await world.do("GET", "theirs", account="AUTH_other", user="olga", query="format=json")).rows
    assert rows[0]["symlink_path"] == "/v1/AUTH_test/box/thing"


async def test_large_objects_are_reached_too(world: World) -> None:
    await world.container("box", "one", "two")
    manifest = json.dumps([{"path": "/box/one"}, {"path": "/box/two"}]).encode()
    await world.do("PUT", "box", "large", query="multipart-manifest=put", body=manifest)
    own = (await world.do("HEAD", "box", "large")).headers
    await link(world, "link", "box/large")
    assert (await link(world, "static", "box/large", X_Symlink_Target_Etag=own["X-Manifest-Etag"])).status == 201
    for name in ("link", "static"):
        answer = await world.do("GET", "box", name)
        assert (answer.body, answer.headers["Etag"]) == (b"onetwo", own["Etag"])
    rows = {row["name"]: row for row in (await world.do("GET", "box", query="format=json")).rows}
    assert (rows["static"]["symlink_bytes"], rows["static"]["slo_etag"]) == (6, own["Etag"])
    told = await world.do("GET", "box", "link", query="multipart-manifest=get&format=raw")
    assert [row["path"] for row in told.rows] == ["/box/one", "/box/two"]


async def test_links_are_segments_too(world: World) -> None:
    await world.container("box", "real")
    await world.container("segments")
    await world.do("PUT", "segments", "1", headers={"X-Symlink-Target": "box/real"}, body=b"")
    await world.do("PUT", "box", "large", headers={"X-Object-Manifest": "segments/1"}, body=b"")
    await world.do("PUT", "box", "static", query="multipart-manifest=put", body=b'[{"path": "/segments/1"}]')
    assert (await world.do("GET", "box", "static")).body == b"real"
    assert (await world.do("GET", "box", "large")).body == b"real"
