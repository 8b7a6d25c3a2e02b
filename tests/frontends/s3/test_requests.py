"""Requests that no client should send: each is told off in S3's words, and the frontend goes on."""

from collections.abc import AsyncIterator

import pytest

from gateway.core.store import Store
from gateway.frontends.s3.model import load
from gateway.frontends.s3.operations import OPERATIONS
from gateway.frontends.s3.quirks import PREFLIGHT
from gateway.stores.memory import Memory
from tests.frontends.s3.world import Request, S3Client, World, serving

MODELLED = load().operations


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """In memory only: what is refused here never comes to a store."""
    memory = Memory()
    yield memory
    await memory.aclose()


@pytest.mark.parametrize(
    ("target", "code"),
    (
        ("/bucket/../x", "InvalidArgument"),
        ("/bucket/a/../../x", "InvalidArgument"),
        ("/bucket/%2e%2e/x", "InvalidArgument"),
        ("/bucket/%2e%2e%2fx", "InvalidArgument"),
        ("/bucket/..", "InvalidArgument"),
        ("/bucket/.", "InvalidArgument"),
        ("/bucket/a%00b", "InvalidArgument"),
        ("/../x", "InvalidBucketName"),
        ("/%2e%2e/x", "InvalidBucketName"),
        ("/%2e%2e%2fx", "InvalidBucketName"),
        ("//x", "InvalidBucketName"),
        ("/bucket/%ff", "InvalidURI"),
        ("/bucket/%zz", "InvalidURI"),
        ("/bucket/k?prefix=%ff", "InvalidURI"),
        ("/bucket/" + "k" * 1025, "KeyTooLongError"),
        ("/bucket/" + "%C3%BC" * 513, "KeyTooLongError"),
        ("/bucket/k?" + "&".join(f"a{n}" for n in range(200)), "InvalidURI"),
    ),
)
async def test_n04_targets_that_lead_nowhere(bucket: str, world: World, target: str, code: str) -> None:
    for method in ("GET", "PUT"):
        plain = target.replace("%2e", ".").replace("%2f", "/")  # as signatures write it
        request = Request(method, plain, b"x" if method == "PUT" else b"").sign()
        request.target = target
        answer = await world.send(request)
        assert (answer.status, answer.code) == (400, code)
    assert await world.contents() == {"bucket"}


async def test_target_in_absolute_form(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello")
    request = Request("GET", "/bucket/k").sign()
    request.target = "http://127.0.0.1/bucket/k"
    assert (await world.send(request)).body == b"hello"


@pytest.mark.parametrize("method", ("PATCH", "PROPFIND", "TRACE", "LOCK"))
async def test_n05_verbs_that_s3_has_not(world: World, method: str) -> None:
    answer = await world.do(method, "/bucket/k")
    assert (answer.status, answer.code) == (405, "MethodNotAllowed")
    assert answer.headers["Allow"]


@pytest.mark.parametrize("method", (b"BREW", b"GETPUT"))
async def test_n05_verbs_that_nobody_has(world: World, method: bytes) -> None:
    answer = await world.raw(method + b" /bucket HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status, answer.code) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "data",
    (
        b"GET /bucket HTTP/9.9\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
        b"PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"PUT /bucket/k HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        b"PUT /bucket/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nx",
    ),
)
async def test_bytes_that_are_no_http(bucket: str, world: World, data: bytes) -> None:
    answer = await world.raw(data)
    assert (answer.status, answer.code) == (400, "InvalidRequest")
    assert (world.seen[-1].status, world.seen[-1].error) == (400, "InvalidRequest")
    assert answer.headers["x-amz-request-id"] == answer.element("RequestId")
    assert await world.contents() == {"bucket"}


async def test_headers_over_limits(bucket: str, world: World) -> None:
    long = await world.do("GET", "/", headers={"x-test": "x" * 20_000})
    many = await world.do("GET", "/", headers={f"x-test-{n}": "x" for n in range(300)})
    line = await world.do("GET", "/bucket/" + "k" * 20_000)
    for answer in (long, many, line):
        assert (answer.status, answer.code) == (400, "RequestHeaderSectionTooLarge")


@pytest.mark.parametrize(
    ("method", "target"),
    (
        ("GET", "/bucket?acl&acl"),
        ("GET", "/bucket/k?versionId=a&versionId=b"),
        ("PUT", "/bucket/k?partNumber=1&partNumber=2&uploadId=u"),
        ("GET", "/bucket?acl&policy"),
        ("GET", "/bucket/k?versionId="),
        ("PUT", "/bucket/k?uploadId=u"),
        ("PUT", "/bucket/k?partNumber=1"),
        ("GET", "/bucket/k?attributes"),
    ),
)
async def test_queries_that_contradict_themselves(bucket: str, world: World, method: str, target: str) -> None:
    answer = await world.do(method, target, b"x" if method == "PUT" else b"")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert await world.contents() == {"bucket"}


async def test_parameters_that_nobody_knows_change_nothing(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"hello")
    assert (await world.do("GET", "/bucket/k?x-id=GetObject&colour=blue")).body == b"hello"


def _target(name: str) -> str:
    operation = MODELLED[name]
    path = {"service": "/", "bucket": "/bucket", "object": "/bucket/k"}[operation.level.value]
    keys = {**dict.fromkeys(operation.required_query, "1"), **operation.query}
    query = "&".join(f"{key}={value}" if value else key for key, value in keys.items())
    return f"{path}?{query}" if query else path


REFUSED = sorted(set(MODELLED) - set(OPERATIONS) - {PREFLIGHT})


@pytest.mark.parametrize("name", REFUSED)
async def test_operations_that_are_not_served_say_so(bucket: str, world: World, name: str) -> None:
    operation = MODELLED[name]
    await world.do("PUT", "/bucket/k", b"hello")
    headers = {**dict.fromkeys(operation.required_headers, "1"), "Content-Length": "0"}
    answer = await world.do(operation.method, _target(name), headers=headers)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert name in answer.element("Message")
    assert await world.contents() == {"bucket", "bucket/k"}


def test_the_table_names_operations_of_the_model() -> None:
    assert set(OPERATIONS) <= set(MODELLED)
    assert {"SelectObjectContent", "PutBucketLogging"} <= set(REFUSED)


@pytest.mark.parametrize(
    "headers",
    (
        {"x-amz-server-side-encryption": "AES256"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
        {"x-amz-object-lock-event-hold": "ON"},
        {"x-amz-storage-class": "GLACIER"},
        {"x-amz-write-offset-bytes": "0"},
        {"x-amz-if-match-size": "1"},
        {"x-amz-if-match-last-modified-time": "Sat, 21 Nov 2026 13:00:00 GMT"},
    ),
)
async def test_what_is_not_done_is_refused(bucket: str, world: World, headers: dict[str, str]) -> None:
    put = await world.do("PUT", "/bucket/k", b"x", headers)
    begun = await world.do("POST", "/bucket/k?uploads", headers=headers)
    for answer in (put, begun):
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert answer.element("Header") == next(iter(headers))
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize(
    "headers",
    (
        {"x-amz-acl": "private"},
        {"x-amz-acl": "bucket-owner-full-control"},
        {"x-amz-storage-class": "STANDARD"},
        {"x-amz-request-payer": "requester"},
    ),
)
async def test_what_is_the_case_anyway_may_be_asked_for(bucket: str, world: World, headers: dict[str, str]) -> None:
    assert (await world.do("PUT", "/bucket/k", b"x", headers)).status == 200


async def test_buckets_with_features_are_refused(world: World) -> None:
    headers = {"x-amz-bucket-namespace": "account-regional", "Content-Length": "0"}
    answer = await world.do("PUT", "/new-bucket", headers=headers)
    assert (answer.status, answer.code) == (501, "NotImplemented")
    assert await world.contents() == set()


@pytest.mark.parametrize("body", (b"<CreateBucketConfiguration>", b"{}", b"\xff\xfe", b"<a/>", b"<a" + b">" * 100))
async def test_documents_that_cannot_be_read(world: World, body: bytes) -> None:
    answer = await world.do("PUT", "/new-bucket", body)
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert await world.contents() == set()


NUMBERLESS = b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>"


async def test_completion_that_cannot_be_read(s3: S3Client, world: World) -> None:
    upload = (await s3.create_multipart_upload(Bucket="bucket", Key="k"))["UploadId"]
    for body in (
        b"",
        b"<CompleteMultipartUpload/>",
        b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part>",
        NUMBERLESS,
    ):
        headers = {"Content-Length": str(len(body))}
        answer = await world.do("POST", f"/bucket/k?uploadId={upload}", body, headers)
        assert answer.status == 400
        assert answer.code in {"MalformedXML", "MissingRequestBodyError"}
    many = b"".join(b"<Part><PartNumber>%d</PartNumber><ETag>x</ETag></Part>" % n for n in range(1, 10_002))
    answer = await world.do(
        "POST", f"/bucket/k?uploadId={upload}", b"<CompleteMultipartUpload>" + many + b"</CompleteMultipartUpload>"
    )
    assert answer.status == 400
    assert await world.contents() == {"bucket", "bucket/k (upload)"}


async def test_virtual_hosts(store: Store) -> None:
    async with serving(store, domain="s3.example.test") as world:
        assert (await world.send(Request("PUT", "/", host="bucket.s3.example.test").sign())).status == 200
        for host in ("bucket.s3.example.test", "Bucket.S3.example.test:9000"):
            assert (await world.send(Request("PUT", "/a/b", b"hello", host=host).sign())).status == 200
            assert (await world.send(Request("GET", "//c", host=host).sign())).code == "NoSuchKey"
        for host in ("s3.example.test", "127.0.0.1", "[::1]:9000", "bucket.elsewhere.test"):
            answer = await world.send(Request("GET", "/bucket/a/b", host=host).sign())
            assert answer.body == b"hello"
        assert await world.contents() == {"bucket", "bucket/a/b"}


async def test_without_a_domain_the_host_names_no_bucket(s3: S3Client, world: World) -> None:
    answer = await world.send(Request("GET", "/", host="bucket.s3.example.test").sign())
    assert answer.status == 200
    assert b"ListAllMyBucketsResult" in answer.body
