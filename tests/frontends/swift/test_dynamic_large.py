"""Dynamic large objects (DLO): what X-Object-Manifest makes of an object."""

import pytest

from tests.frontends.swift.test_static_large import grant
from tests.frontends.swift.world import World, md5

GET = "multipart-manifest=get"
PARTS = (b"a" * 100_000, b"b" * 100_000, b"c")
BODY = b"".join(PARTS)
ETAG = md5("".join(map(md5, PARTS)).encode())


@pytest.fixture(autouse=True)
async def manifest(world: World) -> None:
    await world.container("box")
    await world.container("parts", "other")
    for number, part in enumerate(PARTS):
        assert (await world.do("PUT", "parts", f"s é/{number}", body=part)).status == 201
    stored = await world.do("PUT", "box", "large", body=b"own", X_Object_Manifest="parts/s%20%C3%A9/")
    assert (stored.status, stored.headers["Etag"]) == (201, md5(b"own"))


async def test_a_manifest_reads_as_what_lies_below_its_prefix(world: World) -> None:
    for method in ("HEAD", "GET"):
        answer = await world.do(method, "box", "large")
        assert (answer.headers["Content-Length"], answer.headers["Etag"]) == (str(len(BODY)), f'"{ETAG}"')
        assert answer.headers["X-Object-Manifest"] == "parts/s%20%C3%A9/"
        assert answer.body == (BODY if method == "GET" else b"")
    own = await world.do("GET", "box", "large", query=GET)
    assert (own.body, own.headers["Etag"]) == (b"own", md5(b"own"))
    await world.do("PUT", "parts", "s é/3", body=b"d")
    assert (await world.do("GET", "box", "large")).body == BODY + b"d"


async def test_ranges_and_conditions(world: World) -> None:
    part = await world.do("GET", "box", "large", Range="bytes=99999-100000")
    assert (part.status, part.body) == (206, b"ab")
    several = await world.do("GET", "box", "large", Range="bytes=0-1,4-5")
    assert (several.status, several.body) == (200, BODY)
    beyond = await world.do("GET", "box", "large", Range=f"bytes={len(BODY)}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(BODY)}")
    for method in ("GET", "HEAD"):
        for tag, match, none_match in ((f'"{ETAG}"', 200, 304), (f'not-"{ETAG}"', 412, 200)):
            assert (await world.do(method, "box", "large", If_Match=tag)).status == match
            assert (await world.do(method, "box", "large", If_None_Match=tag)).status == none_match


@pytest.mark.parametrize("value", ("box", "box/", "/seg", "box//seg", "box/a?b", "box/a&b"))
@pytest.mark.parametrize("method", ("PUT", "POST"))
async def test_a_manifest_names_a_container_and_a_prefix(world: World, method: str, value: str) -> None:
    answer = await world.do(method, "parts", "other", body=b"x", X_Object_Manifest=value)
    assert (answer.status, answer.body) == (400, b"X-Object-Manifest must be in the format container/prefix")
    assert (await world.do("GET", "parts", "other")).body == b"other"


async def test_a_post_says_whether_it_is_a_manifest(world: World) -> None:
    await world.do("POST", "box", "large", X_Object_Meta_A="b")
    plain = await world.do("GET", "box", "large")
    assert (plain.body, "X-Object-Manifest" in plain.headers) == (b"own", False)
    await world.do("POST", "box", "large", X_Object_Manifest="parts/other")
    assert (await world.do("GET", "box", "large")).body == b"other"


async def test_a_copy_has_the_bytes_and_another_kind_the_manifest(world: World) -> None:
    await world.do("COPY", "box", "large", Destination="box/bytes")
    await world.do("COPY", "box", "large", query=GET, Destination="box/manifest")
    await world.do("PUT", "parts", "s é/3", body=b"d")
    whole = await world.do("GET", "box", "bytes")
    assert (whole.body, "X-Object-Manifest" in whole.headers, whole.headers["Etag"]) == (BODY, False, md5(BODY))
    assert (await world.do("GET", "box", "manifest")).body == BODY + b"d"
    assert (await world.do("GET", "box", "manifest", query=GET)).body == b"own"


async def test_without_its_container_there_is_nothing(world: World) -> None:
    await world.do("POST", "box", "large", X_Object_Manifest="nowhere/s")
    assert (await world.do("GET", "box", "large")).status == 404
    assert (await world.do("GET", "box", "large", query=GET)).body == b"own"
    assert [row["bytes"] for row in (await world.do("GET", "box", query="format=json")).rows] == [3]


async def test_the_container_of_segments_needs_rights_of_its_own(world: World) -> None:
    await grant(world, "box")
    assert (await world.do("GET", "box", "large", user="nina")).status == 403
    await grant(world, "box", user="*")
    assert (await world.raw("GET", "/v1/AUTH_test/box/large")).status == 401
    await grant(world, "box")
    await grant(world, "parts", ("s3:ListBucket",))
    assert (await world.do("HEAD", "box", "large", user="nina")).status == 200
    assert (await world.do("GET", "box", "large", user="nina")).status == 409
    await grant(world, "parts", ("s3:ListBucket", "s3:GetObject"))
    assert (await world.do("GET", "box", "large", user="nina")).body == BODY
