"""Cross-origin requests: the rules of a bucket, preflights, and what answers tell browsers."""

import pytest

from tests.frontends.marks import in_memory
from tests.frontends.s3.history import refusal
from tests.frontends.s3.world import Answer, Request, S3Client, World

BUCKET = {"Bucket": "bucket"}
ALLOW = "Access-Control-Allow-Origin", "Access-Control-Allow-Methods"
NOTHING = None, None
RULES = [
    {"AllowedMethods": ["GET"], "AllowedOrigins": ["*suffix"]},
    {"AllowedMethods": ["GET"], "AllowedOrigins": ["start*end"]},
    {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*.put"], "AllowedHeaders": ["x-amz-*", "Content-Type"]},
]


@pytest.fixture
async def ruled(s3: S3Client) -> S3Client:
    await s3.put_bucket_cors(**BUCKET, CORSConfiguration={"CORSRules": RULES})
    return s3


def told(answer: Answer) -> tuple[str | None, ...]:
    return tuple(answer.headers.get(name) for name in ALLOW)


async def test_rules_are_put_shown_and_deleted(s3: S3Client, world: World) -> None:
    whole = {
        "ID": "one & only",
        "AllowedHeaders": ["*"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedOrigins": ["https://a.example", "https://*.b.example"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    for rules in ([whole], [whole, *RULES[:2]]):
        assert (await refusal(s3.get_bucket_cors(**BUCKET)))["code"] == "NoSuchCORSConfiguration"
        await s3.put_bucket_cors(**BUCKET, CORSConfiguration={"CORSRules": rules})
        assert (await s3.get_bucket_cors(**BUCKET))["CORSRules"] == rules
        for _ in range(2):
            gone = await s3.delete_bucket_cors(**BUCKET)
            assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize(
    ("body", "code"),
    (
        (b"<CORSConfiguration/>", "MalformedXML"),
        (b"<CORSConfiguration><CORSRule/></CORSConfiguration>", "MalformedXML"),
        (b"<Other/>", "MalformedXML"),
        (
            b"<CORSConfiguration><CORSRule><AllowedMethod>PATCH</AllowedMethod></CORSRule></CORSConfiguration>",
            "MalformedXML",
        ),
        (b"<CORSConfiguration>" + b" " * 65536 + b"</CORSConfiguration>", "MaxMessageLengthExceeded"),
    ),
)
async def test_rules_that_are_refused(ruled: S3Client, world: World, body: bytes, code: str) -> None:
    answer = await world.do("PUT", "/bucket?cors", body)
    assert (answer.status, answer.code) == (400, code)
    assert len((await ruled.get_bucket_cors(**BUCKET))["CORSRules"]) == len(RULES)


async def test_only_who_rules_the_bucket_may_rule_this(s3: S3Client, world: World) -> None:
    for user in ("walter", "rita", "nina", "olga", "anybody"):
        for method, body in (("GET", b""), ("PUT", b"<CORSConfiguration/>"), ("DELETE", b"")):
            assert (await world.ask(user, method, "/bucket?cors", body)).code == "AccessDenied"


@in_memory
@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "expected"),
    (
        ("GET", "/bucket", {}, 200, NOTHING),
        ("GET", "/bucket", {"Origin": "foo.suffix"}, 200, ("foo.suffix", "GET")),
        ("GET", "/bucket", {"Origin": "foo.bar"}, 200, NOTHING),
        ("GET", "/bucket", {"Origin": "foo.suffix.get"}, 200, NOTHING),
        ("GET", "/bucket", {"Origin": "startend"}, 200, ("startend", "GET")),
        ("GET", "/bucket/k", {"Origin": "start1end"}, 200, ("start1end", "GET")),
        ("GET", "/bucket/missing", {"Origin": "foo.suffix"}, 404, ("foo.suffix", "GET")),
        ("GET", "/bucket/k?versionId=", {"Origin": "foo.suffix"}, 400, ("foo.suffix", "GET")),
        ("PUT", "/bucket/k", {"Origin": "foo.suffix"}, 403, NOTHING),
        ("PUT", "/bucket/k", {"Origin": "foo.put"}, 403, ("foo.put", "PUT")),
        (
            "PUT",
            "/bucket/k",
            {"Origin": "foo.suffix", "Access-Control-Request-Method": "GET"},
            403,
            ("foo.suffix", "GET"),
        ),
        ("OPTIONS", "/bucket", {}, 400, NOTHING),
        ("OPTIONS", "/bucket", {"Origin": "foo.suffix"}, 400, NOTHING),
        ("OPTIONS", "/bucket", {"Origin": "bla"}, 400, NOTHING),
        ("OPTIONS", "/bucket", {"Origin": "foo.bar", "Access-Control-Request-Method": "GET"}, 403, NOTHING),
        (
            "OPTIONS",
            "/bucket",
            {"Origin": "startend", "Access-Control-Request-Method": "GET"},
            200,
            ("startend", "GET"),
        ),
        ("OPTIONS", "/bucket/none", {"Origin": "a.put", "Access-Control-Request-Method": "PUT"}, 200, ("a.put", "PUT")),
        ("OPTIONS", "/bucket/k", {"Origin": "foo.put", "Access-Control-Request-Method": "GET"}, 403, NOTHING),
        ("OPTIONS", "/missing/k", {"Origin": "foo.put", "Access-Control-Request-Method": "PUT"}, 403, NOTHING),
        ("OPTIONS", "/", {"Origin": "foo.put", "Access-Control-Request-Method": "PUT"}, 403, NOTHING),
    ),
)
async def test_what_browsers_are_told(
    ruled: S3Client,
    world: World,
    method: str,
    target: str,
    headers: dict[str, str],
    status: int,
    expected: tuple[str | None, str | None],
) -> None:
    await ruled.put_bucket_acl(**BUCKET, ACL="public-read")
    await ruled.put_object(**BUCKET, Key="k", Body=b"x", ACL="public-read")
    answer = await world.send(Request(method, target, headers={**headers, "Content-Length": "0"}))
    assert (answer.status, told(answer)) == (status, expected)


async def test_headers_that_are_asked_for(ruled: S3Client, world: World) -> None:
    asked = {"Origin": "a.put", "Access-Control-Request-Method": "PUT"}
    for names, status in (("Content-Type, X-Amz-Date", 200), ("authorization", 403), ("x-amz-date,x-other", 403)):
        request = Request("OPTIONS", "/bucket/k", headers={**asked, "Access-Control-Request-Headers": names})
        answer = await world.send(request)
        assert answer.status == status
        allowed = answer.headers.get("Access-Control-Allow-Headers")
        assert allowed == ("content-type, x-amz-date" if status == 200 else None)
        if status == 403:
            assert (answer.code, told(answer)) == ("AccessForbidden", NOTHING)


async def test_a_preflight_of_a_signed_url_needs_no_signature_of_its_own(ruled: S3Client, world: World) -> None:
    asked = {"Origin": "a.put", "Access-Control-Request-Method": "PUT"}
    url = Request("PUT", "/bucket/k", b"x").presign()
    answer = await world.send(Request("OPTIONS", url.target, headers=asked))
    assert (answer.status, told(answer)) == (200, ("a.put", "PUT"))
    url.headers["Origin"] = "a.put"
    put = await world.send(url)
    assert (put.status, told(put)) == (200, ("a.put", "PUT"))


async def test_answers_of_every_kind(ruled: S3Client, world: World) -> None:
    etag = (await ruled.put_object(**BUCKET, Key="k", Body=b"0123456789"))["ETag"]
    origin = {"Origin": "a.suffix"}
    for headers, status in (
        ({}, 200),
        ({"Range": "bytes=1-2"}, 206),
        ({"If-None-Match": etag}, 304),
        ({"If-Match": '"x"'}, 412),
        ({"Range": "bytes=99-"}, 416),
    ):
        answer = await world.do("GET", "/bucket/k", headers={**origin, **headers})
        assert (answer.status, told(answer)) == (status, ("a.suffix", "GET"))
        assert answer.headers["Vary"].split(", ")[0] == "Origin"
    forged = Request("GET", "/bucket/k", headers=origin).sign()
    forged.headers["Authorization"] = forged.headers["Authorization"][:-1] + "x"
    refused = await world.send(forged)
    assert (refused.status, told(refused)) == (403, ("a.suffix", "GET"))


async def test_caches_learn_that_origins_matter_only_where_there_are_rules(s3: S3Client, world: World) -> None:
    origin = {"Origin": "https://a.example"}
    assert "Vary" not in (await world.do("GET", "/bucket", headers=origin)).headers
    await s3.put_bucket_cors(**BUCKET, CORSConfiguration={"CORSRules": RULES})
    answer = await world.do("GET", "/bucket", headers=origin)
    assert told(answer) == NOTHING
    assert answer.headers["Vary"].startswith("Origin")
    assert "Vary" not in (await world.do("GET", "/bucket")).headers


async def test_preflights_are_recorded(ruled: S3Client, world: World) -> None:
    asked = {"Origin": "a.put", "Access-Control-Request-Method": "PUT"}
    before = len(world.seen)
    await world.send(Request("OPTIONS", "/bucket/k", headers=asked))
    record = await world.record(before + 1)
    assert (record.operation, record.status, record.bucket, record.key) == ("PreflightRequest", 200, "bucket", "k")
