"""Headers that are empty, missing or make no sense, where objects and buckets are put."""

from tests.frontends.s3.world import Answer, Request, World

TARGETS = ("/bucket/k", "/new-bucket")


async def put(world: World, target: str, headers: dict[str, str]) -> Answer:
    """Put with headers that are signed if they are S3's, and stand for themselves if they are HTTP's."""
    request = Request("PUT", target, b"bar" if target == "/bucket/k" else b"", dict(headers)).sign()
    return await world.raw(request.head() + request.body)


async def test_what_does_not_matter(bucket: str, world: World) -> None:
    for headers in (
        {"Expect": "200"},
        {"Expect": ""},
        {"Content-Type": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "no/such type; at=all"},
        {"User-Agent": ""},
        {"Cache-Control": ""},
        {"Origin": ""},
        {"Referer": ""},
    ):
        for target in TARGETS:
            assert (await put(world, target, headers)).status == 200, headers


async def test_lengths_that_are_none(bucket: str, world: World) -> None:
    for length in ("-1", "", "x", "+3", "3.0", "99999999999999999999"):
        for target in TARGETS:
            answer = await put(world, target, {"Content-Length": length})
            assert (answer.status, answer.code) == (400, "InvalidRequest"), length
    assert await world.contents() == {"bucket"}


async def test_what_is_refused(bucket: str, world: World) -> None:
    for headers, status, code in (
        ({"Content-MD5": ""}, 400, "InvalidDigest"),
        ({"Content-MD5": "AWS HAHAHA"}, 400, "InvalidDigest"),
        ({"Content-MD5": "YWJyYWNhZGFicmE="}, 400, "InvalidDigest"),
        ({"Content-MD5": "rL0Y20xC+Fzt72VPzMSk2A=="}, 400, "BadDigest"),
        ({"x-amz-acl": ""}, 400, "InvalidArgument"),
        ({"x-amz-acl": "public-ready"}, 400, "InvalidArgument"),
        ({"x-amz-expected-bucket-owner": ""}, 403, "AccessDenied"),
    ):
        answer = await put(world, "/bucket/k", headers)
        assert (answer.status, answer.code) == (status, code), headers
    assert await world.contents() == {"bucket"}


async def test_authorizations_that_are_none(bucket: str, world: World) -> None:
    for authorization, status, code in (
        ("", 400, "InvalidArgument"),
        ("AWS4-HMAC-SHA256 HAHAHA", 400, "AuthorizationHeaderMalformed"),
        ("AWS HAHAHA", 400, "InvalidArgument"),
        ("AWS :HAHAHA", 400, "InvalidArgument"),
        ("AWS nobody:FWeDfwojDSdS2Ztmpfeubhd9isU=", 403, "AccessDenied"),
    ):
        for target in TARGETS:
            answer = await world.send(Request("PUT", target, headers={"Authorization": authorization}))
            assert (answer.status, answer.code) == (status, code), authorization
    assert await world.contents() == {"bucket"}
