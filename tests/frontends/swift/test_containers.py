"""Containers: their life, metadata, listings of objects, cross-origin rules."""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest

from gateway.core.types import PropsChange
from gateway.frontends.swift.listing import CHANGED
from tests.frontends.swift.fill import fill
from tests.frontends.swift.world import World, md5


async def test_the_life_of_a_container(world: World) -> None:
    assert (await world.do("HEAD", "box")).status == 404
    assert (await world.do("PUT", "box")).status == 201
    again = await world.do("PUT", "box")
    assert (again.status, b"accepted for processing" in again.body) == (202, True)
    assert (await world.do("PUT", "box", "thing", body=b"x")).status == 201
    full = await world.do("DELETE", "box")
    assert (full.status, b"<h1>Conflict</h1>" in full.body) == (409, True)
    await world.do("DELETE", "box", "thing")
    assert (await world.do("DELETE", "box")).status == 204
    for method in ("GET", "HEAD", "POST", "DELETE"):
        assert (await world.do(method, "box")).status == 404


async def test_counters_are_right_at_once(world: World) -> None:
    await world.container("box", "1", "22")
    answer = await world.do("HEAD", "box")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", "0")
    assert (answer.headers["X-Container-Object-Count"], answer.headers["X-Container-Bytes-Used"]) == ("2", "3")
    assert answer.headers["X-Storage-Policy"] == "Policy-0"
    assert answer.headers["Accept-Ranges"] == "bytes"


async def test_o04_metadata_is_set_kept_and_removed(world: World) -> None:
    assert (await world.do("PUT", "box", X_Container_Meta_One="1", X_Container_Meta_None="")).status == 201
    assert (await world.do("PUT", "box", X_Container_Meta_Two="2")).status == 202
    assert (await world.do("POST", "box", X_Container_Meta_Three="3")).status == 204
    headers = (await world.do("HEAD", "box")).headers
    assert [headers.get(f"X-Container-Meta-{name}") for name in ("One", "Two", "Three", "None")] == [
        "1",
        "2",
        "3",
        None,
    ]
    await world.do("POST", "box", X_Container_Meta_One="", X_Remove_Container_Meta_Two="x")
    headers = (await world.do("GET", "box")).headers
    assert [headers.get(f"X-Container-Meta-{name}") for name in ("One", "Two", "Three")] == [None, None, "3"]


async def test_metadata_over_the_limits_makes_nothing(world: World) -> None:
    too_many = {f"X-Container-Meta-N{number}": "v" for number in range(91)}
    for headers in (too_many, {"X-Container-Meta-A": "v" * 257}, {"X-Container-Meta-" + "n" * 129: "v"}):
        assert (await world.do("PUT", "box", headers=headers)).status == 400
    assert await world.contents() == set()


async def test_times_of_a_container(world: World) -> None:
    await world.container("box")
    made = (await world.do("HEAD", "box")).headers
    later = 2_000_000_000_500_000_000
    await world.store.update_bucket("box", PropsChange(system={CHANGED: str(later)}))
    changed = (await world.do("HEAD", "box")).headers
    assert changed["X-Timestamp"] == made["X-Timestamp"]
    assert changed["Last-Modified"] == "Wed, 18 May 2033 03:33:21 GMT"
    await world.do("POST", "box", X_Container_Meta_A="b")
    assert (await world.do("HEAD", "box")).headers["Last-Modified"] != changed["Last-Modified"]


async def test_names_of_containers(world: World) -> None:
    for name in ("a" * 256, "é" * 128, "with space", "100%", "a+b", "Grüße", "\U0001f600", "..."):
        assert (await world.do("PUT", name)).status == 201
        assert (await world.do("HEAD", name)).status == 204
        assert name in [row["name"] for row in (await world.do("GET", query="format=json")).rows]
    for name in ("a" * 257, "é" * 128 + "a", ".", ".."):
        assert (await world.do("PUT", name)).status == 400


async def test_there_is_one_storage_policy(world: World) -> None:
    assert (await world.do("PUT", "box", X_Storage_Policy="policy-0")).status == 201
    wrong = await world.do("PUT", "other", X_Storage_Policy="gold")
    assert (wrong.status, wrong.body) == (400, b"Invalid X-Storage-Policy 'gold'")
    assert (await world.do("HEAD", "other")).status == 404


NAMES = ("a", "a/1", "a/2/x", "b//c", "b/c", "z", "é")


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        ("", list(NAMES)),
        ("limit=3", ["a", "a/1", "a/2/x"]),
        ("marker=a/2/x", ["b//c", "b/c", "z", "é"]),
        ("marker=a/2&limit=1", ["a/2/x"]),
        ("marker=a&end_marker=b/c", ["a/1", "a/2/x", "b//c"]),
        ("prefix=a/", ["a/1", "a/2/x"]),
        ("delimiter=/", ["a", "a/", "b/", "z", "é"]),
        ("delimiter=/&marker=a/", ["b/", "z", "é"]),
        ("delimiter=/&prefix=a/", ["a/1", "a/2/"]),
        ("delimiter=/&prefix=b/", ["b//", "b/c"]),
        ("delimiter=//", ["a", "a/1", "a/2/x", "b//", "b/c", "z", "é"]),
        ("delimiter=/2", ["a", "a/1", "a/2", "b//c", "b/c", "z", "é"]),
        ("delimiter=/&limit=2", ["a", "a/"]),
        ("reverse=yes", list(reversed(NAMES))),
        ("reverse=yes&marker=b/c&end_marker=a", ["b//c", "a/2/x", "a/1"]),
        ("reverse=yes&delimiter=/", ["é", "z", "b/", "a/", "a"]),
        ("reverse=yes&delimiter=/&marker=b/", ["a/", "a"]),
        ("reverse=yes&prefix=a", ["a/2/x", "a/1", "a"]),
        ("path=", ["a", "z", "é"]),
        ("path=a", ["a/1"]),
        ("path=a/", ["a/1"]),
        ("path=a/2", ["a/2/x"]),
        ("path=none", []),
        ("prefix=none", []),
        ("states=listing", list(NAMES)),
    ),
)
async def test_o05_which_objects_are_listed(world: World, query: str, expected: list[str]) -> None:
    await world.container("box", *NAMES)
    plain = await world.do("GET", "box", query=query)
    assert (plain.names, plain.status) == (expected, 200 if expected else 204)
    rows = (await world.do("GET", "box", query=f"{query}&format=json")).rows
    assert [row.get("name", row.get("subdir")) for row in rows] == expected


async def test_markers_may_hold_anything(world: World) -> None:
    await world.container("box", "a", "b")
    assert (await world.do("GET", "box", query="marker=a%00")).names == ["b"]
    assert (await world.do("GET", "box", query="reverse=1&marker=a%00")).names == ["a"]


async def test_a_listing_over_the_limit_is_refused(world: World) -> None:
    await world.container("box")
    answer = await world.do("GET", "box", query="limit=10001")
    assert (answer.status, answer.body) == (412, b"Maximum limit is 10000")


async def test_objects_in_rows(world: World) -> None:
    await world.container("box")
    await world.do("PUT", "box", "a&b.txt", body=b"hello")
    await world.do("PUT", "box", "d/x", body=b"")
    answer = await world.do("GET", "box", query="format=json&delimiter=/")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "Vary" not in answer.headers
    row, group = answer.rows
    assert group == {"subdir": "d/"}
    assert list(row) == ["bytes", "hash", "name", "content_type", "last_modified"]
    assert (row["bytes"], row["hash"], row["content_type"]) == (5, md5(b"hello"), "text/plain")
    stamp = (await world.do("HEAD", "box", "a&b.txt")).headers
    moment = datetime.fromisoformat(f"{row['last_modified']}+00:00")
    assert f"{moment.timestamp():.5f}" == stamp["X-Timestamp"]
    assert 0 <= (parsedate_to_datetime(stamp["Last-Modified"]) - moment).total_seconds() < 1
    xml = (await world.do("GET", "box", query="format=xml&delimiter=/")).body
    assert b'<container name="box"><object><name>a&amp;b.txt</name>' in xml
    assert b'<subdir name="d/"><name>d/</name></subdir>' in xml


async def test_head_tells_the_format_but_has_no_body(world: World) -> None:
    await world.container("box", "a")
    answer = await world.do("HEAD", "box", query="format=xml")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"


async def test_f15_a_listing_of_ten_thousand_rows_and_the_rest(world: World) -> None:
    await world.container("box")
    await fill(world.store, "box", 10_100)
    first = (await world.do("GET", "box")).names
    rest = (await world.do("GET", "box", query=f"marker={first[-1]}")).names
    assert (len(first), len(rest)) == (10_000, 100)
    assert len({*first, *rest}) == 10_100


ORIGIN = "https://example.org"


async def preflight(world: World, method: str = "GET", **more: str) -> dict[str, str]:
    answer = await world.raw(
        "OPTIONS", "/v1/AUTH_test/box/a", Origin=ORIGIN, Access_Control_Request_Method=method, **more
    )
    return {"status": str(answer.status), **answer.headers}


async def test_pages_of_an_allowed_origin_may_ask(world: World) -> None:
    await world.container("box", "a")
    assert (await preflight(world))["status"] == "401"
    await world.do(
        "POST",
        "box",
        X_Container_Meta_Access_Control_Allow_Origin=f"http://other {ORIGIN}",
        X_Container_Meta_Access_Control_Max_Age="60",
        X_Container_Meta_Access_Control_Expose_Headers="X-Mine",
    )
    asked = await preflight(world, Access_Control_Request_Headers="X-Auth-Token")
    assert asked["status"] == "200"
    assert asked["Access-Control-Allow-Origin"] == ORIGIN
    assert asked["Access-Control-Max-Age"] == "60"
    assert asked["Access-Control-Allow-Headers"] == "X-Auth-Token"
    assert asked["Vary"] == "Origin, Access-Control-Request-Headers"
    assert "COPY" in asked["Access-Control-Allow-Methods"]
    assert (await preflight(world, method="BREW"))["status"] == "401"
    await world.do("POST", "box", "a", X_Object_Meta_Colour="blue")
    for method in ("GET", "HEAD"):
        seen = (await world.do(method, "box", "a", Origin=ORIGIN)).headers
        assert seen["Access-Control-Allow-Origin"] == ORIGIN
        assert {"x-mine", "x-object-meta-colour", "etag"} <= set(seen["Access-Control-Expose-Headers"].split(", "))
    assert (await world.do("GET", "box", "none", Origin=ORIGIN)).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in (await world.do("GET", "box", "a", Origin="http://evil")).headers


async def test_any_origin_may_be_allowed(world: World) -> None:
    await world.container("box", "a")
    await world.do("POST", "box", X_Container_Meta_Access_Control_Allow_Origin="*")
    asked = await preflight(world)
    assert (asked["status"], asked["Access-Control-Allow-Origin"]) == ("200", "*")
    assert (await world.do("GET", "box", Origin=ORIGIN)).headers["Access-Control-Allow-Origin"] == "*"


async def test_preflights_tell_nothing_of_what_is_there(world: World) -> None:
    await world.container("box", "a")
    paths = ("/v1/AUTH_test/box/a", "/v1/AUTH_test/none/a", "/v1/AUTH_other/box/a", "/v1/AUTH_nobody/box/a", "/v1/x/y")
    answers = [await world.raw("OPTIONS", path, Origin=ORIGIN, Access_Control_Request_Method="GET") for path in paths]
    assert {answer.status for answer in answers} == {401}
    assert (await world.raw("OPTIONS", "/v1/AUTH_test")).headers["Allow"] == "HEAD, GET, POST, PUT, DELETE, OPTIONS"


async def test_info_lists_what_works(world: World) -> None:
    answer = await world.raw("GET", "/info")
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    info = json.loads(answer.body)
    assert set(info) == {
        "account_quotas",
        "bulk_create",
        "bulk_delete",
        "bulk_upload",
        "container_quotas",
        "formpost",
        "object_versioning",
        "slo",
        "staticweb",
        "swift",
        "symlink",
        "tempauth",
        "tempurl",
        "upkeep",
        "versioned_writes",
    }
    assert info["tempauth"] == {"account_acls": True}
    assert info["symlink"] == {"symloop_max": 2, "static_links": True}
    assert info["slo"] == {
        "allow_async_delete": True,
        "max_manifest_segments": 1000,
        "max_manifest_size": 8 * 1024**2,
        "min_segment_size": 1,
        "yield_frequency": 10,
    }
    assert info["swift"]["max_file_size"] == 5 * 1024**3 + 2
    assert info["swift"]["container_listing_limit"] == 10_000
    assert info["swift"]["policies"] == [{"name": "Policy-0", "default": True, "aliases": "Policy-0"}]
    assert (await world.raw("HEAD", "/info")).status == 200
    assert (await world.raw("PUT", "/info")).status == 405
