"""What no client should send: each gets S3's own code, and whatever stood before stands as it was."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from hashlib import md5, sha256

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.core import ops
from gateway.core.store import Store
from gateway.frontends.s3.operations import OPERATIONS
from gateway.layers.encrypted import Encrypted, MasterKeys
from gateway.stores.memory import Memory
from tests.frontends.s3.chunks import SIGNED, SIGNED_TRAILER, chunked, crc32, signed_body
from tests.frontends.s3.plain import request_of
from tests.frontends.s3.test_post import USUAL, USUAL_FIELDS, V4, form, policy, post, sign_v4
from tests.frontends.s3.world import REGION, USERS, Answer, Request, World

DOCUMENTS = sorted(name for name, operation in OPERATIONS.items() if operation.document)
LAUGHS = "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9))
BOMBS = {
    "laughs": f"<!DOCTYPE x [<!ENTITY l0 'lol'>{LAUGHS}]><x>&l9;</x>".encode(),
    "quadratic": b"<!DOCTYPE x [<!ENTITY e '" + b"e" * 40_000 + b"'>]><x>" + b"&e;" * 5000 + b"</x>",
    "file": b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
    "remote": b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:1/x.dtd'><x/>",
    "parameter": b"<!DOCTYPE x [<!ENTITY % e SYSTEM 'file:///etc/passwd'>%e;]><x/>",
    "deep": b"<x>" * 20_000,
}
LARGE = 10_000_000


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """In memory only: what is refused here never comes to a store."""
    store = Encrypted(Memory(), MasterKeys({"k": bytes(32)}, "k"), default=False)
    await store.start()
    yield store
    await store.aclose()


@pytest.fixture
async def upload(world: World, bucket: str) -> str:
    begun = await world.do("POST", "/bucket/key?uploads")
    return begun.element("UploadId")


@pytest.fixture(autouse=True)
async def standing(world: World, bucket: str, upload: str) -> AsyncIterator[None]:
    """A bucket, an object and an upload, and the certainty that all is as it was when the test is over."""
    assert (await world.do("PUT", "/bucket/key", b"hello", {"x-amz-tagging": "a=1"})).status == 200
    before = await everything(world)
    yield
    assert await everything(world) == before


async def everything(world: World) -> set[str]:
    """All that is stored, with its properties."""
    found = await world.contents()
    async for bucket in ops.each_bucket(world.store):
        found.add(repr(await world.store.stat_bucket(bucket.name)))
        async with aclosing(ops.each(world.store, bucket.name)) as rows:
            found |= {repr(row) async for row in rows}
    found.add(str((await world.do("GET", "/bucket?uploads")).body.count(b"<Upload>")))
    return found


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.body


def digest(body: bytes) -> dict[str, str]:
    return {"Content-MD5": b64encode(md5(body).digest()).decode()}


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_xml_bombs(world: World, name: str) -> None:
    method, target, headers = request_of(name)
    code = "MalformedACLError" if name.endswith("Acl") else "MalformedXML"
    for body in BOMBS.values():
        refused(await world.do(method, target, body, {**headers, **digest(body)}), 400, code)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_documents_of_10_mb(world: World, name: str) -> None:
    """Whether their length is stated or turns out."""
    method, target, headers = request_of(name)
    body = b"<x>" + b" " * LARGE
    stated = {**headers, **digest(body)}
    refused(await world.do(method, target, body, stated), 400, "MaxMessageLengthExceeded")
    request = Request(method, target, headers=stated).sign(payload=sha256(body).hexdigest())
    request.headers["Transfer-Encoding"] = "chunked"
    request.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    refused(await world.send(request), 400, "MaxMessageLengthExceeded")


def completion(*numbers: int) -> bytes:
    rows = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>x</ETag></Part>" for number in numbers)
    return f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()


@pytest.mark.parametrize(
    ("method", "query", "body", "code"),
    (
        ("POST", "uploadId={}", completion(*range(1, 10_002)), "MalformedXML"),
        ("POST", "uploadId={}", completion(0), "InvalidPart"),
        ("POST", "uploadId={}", completion(10_001), "InvalidPart"),
        ("POST", "uploadId={}", completion(-1), "InvalidPart"),
        ("POST", "uploadId={}", completion(1), "InvalidPart"),
        ("PUT", "uploadId={}&partNumber=0", b"x", "InvalidArgument"),
        ("PUT", "uploadId={}&partNumber=10001", b"x", "InvalidArgument"),
        ("GET", "partNumber=0", b"", "InvalidArgument"),
        ("GET", "partNumber=10001", b"", "InvalidArgument"),
    ),
)
async def test_parts_that_cannot_be(world: World, upload: str, method: str, query: str, body: bytes, code: str) -> None:
    refused(await world.do(method, f"/bucket/key?{query.format(upload)}", body), 400, code)
    assert b"<Part>" not in (await world.do("GET", f"/bucket/key?uploadId={upload}")).body


@pytest.mark.parametrize(
    ("method", "target"),
    (
        ("GET", "/bucket?prefix=a&prefix=b"),
        ("GET", "/bucket?list-type=2&list-type=1"),
        ("GET", "/bucket?max-keys=1&max-keys=1"),
        ("GET", "/bucket?acl&acl="),
        ("GET", "/bucket/key?versionId=a&versionId=b"),
        ("GET", "/bucket/key?%76ersionId=a&versionId=b"),
        ("PUT", "/bucket/key?partNumber=1&partNumber=2&uploadId=u"),
        ("PUT", "/bucket/new?x-id=PutObject&x-id=PutObject"),
        ("DELETE", "/bucket/key?uploadId=a&uploadId=b"),
        ("POST", "/bucket?delete&delete"),
    ),
)
async def test_query_keys_that_are_there_twice(world: World, method: str, target: str) -> None:
    refused(await world.do(method, target, b"x" if method == "PUT" else b""), 400, "InvalidArgument")


SECOND = Request("PUT", "/bucket/smuggled", b"x").sign()


@pytest.mark.parametrize(
    "lines",
    (
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nContent-Length: 7",
        "Content-Length: 6\r\nContent-Length: 6",
        "Content-Length: 6, 6",
        "Content-Length: +6",
        "Content-Length: 0x6",
        "Content-Length: 6 6",
        "Content-Length : 6",
        "Content-Length: 6\r\nTransfer-Encoding : chunked",
        "Content-Length: 6\r\nTransfer-Encoding:\x0bchunked",
        "Content-Length: 6\r\nX: y\r\n Transfer-Encoding: chunked",
        "Content-Length: 6\r\nX: y\r\n\tfolded",
        "Content-Length: 6\r\nX: a\0b",
        "Content-Length: 6\r\nX\0: a",
        "Content-Length: 6\r\nX: a\rTransfer-Encoding: chunked",
        "Content-Length: 6\r\n: nameless",
        "Content-Length: 6\r\n X: first",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
    ),
)
async def test_smuggled_requests(world: World, lines: str) -> None:
    """Where two servers could see the end of a request in different places, nothing behind it is heard."""
    request = Request("PUT", "/bucket/new").sign(payload="UNSIGNED-PAYLOAD")
    head = request.head().replace(b"\r\n\r\n", b"\r\n" + lines.encode() + b"\r\n\r\n")
    async with world.connect() as (reader, writer):
        writer.write(head + b"0\r\n\r\n" + SECOND.head() + SECOND.body)
        answered = await reader.read()
    told = re.findall(rb"HTTP/1\.\d (\d+).*<Code>(\w+)</Code>", answered, re.DOTALL)
    assert told in ([(b"400", b"InvalidRequest")], [(b"501", b"NotImplemented")])
    assert answered.count(b"HTTP/1.") == 1


@pytest.mark.parametrize(
    "name",
    (
        "ab",
        "a" * 64,
        "Upper",
        "under_score",
        "-dash",
        "dash-",
        ".dot",
        "dot.",
        "two..dots",
        "dash-.dot",
        "dot.-dash",
        "192.168.5.4",
        "xn--bucket",
        "sthree-bucket",
        "amzn-s3-demo-bucket",
        "bucket-s3alias",
        "bucket--ol-s3",
        "bucket.mrap",
        "bucket--x-s3",
        "bucket--table-s3",
        "b%C3%BCcket",
        "buck%20et",
        "bucket%0A",
        "bucket%00",
        "buck%5Cet",
        "..",
    ),
)
async def test_names_that_no_bucket_may_have(world: World, name: str) -> None:
    refused(await world.do("PUT", f"/{name}"), 400, "InvalidBucketName")


LONG = "k" * 1025
WIDE = "%C3%BC" * 513
DELETION = f"<Delete><Object><Key>{LONG}</Key></Object></Delete>".encode()


@pytest.mark.parametrize("key", (LONG, WIDE))
@pytest.mark.parametrize(
    ("method", "query", "headers"),
    (
        ("PUT", "", {}),
        ("GET", "", {}),
        ("DELETE", "", {}),
        ("POST", "?uploads", {}),
        ("PUT", "?tagging", {}),
        ("PUT", "?acl", {"x-amz-acl": "private"}),
        ("PUT", "", {"x-amz-copy-source": "bucket/key"}),
        ("PUT", "?renameObject", {"x-amz-rename-source": "bucket/key"}),
    ),
)
async def test_keys_over_1024_bytes(
    world: World, key: str, method: str, query: str, headers: Mapping[str, str]
) -> None:
    answer = await world.do(method, f"/bucket/{key}{query}", b"x" if method == "PUT" else b"", headers)
    refused(answer, 400, "KeyTooLongError")


async def test_keys_over_1024_bytes_in_other_places(world: World) -> None:
    for source in ("x-amz-copy-source", "x-amz-rename-source"):
        query = "?renameObject" if "rename" in source else ""
        answer = await world.do("PUT", f"/bucket/new{query}", headers={source: f"bucket/{LONG}", "Content-Length": "0"})
        refused(answer, 400, "KeyTooLongError")
    answer = await world.do("POST", "/bucket?delete", DELETION, digest(DELETION))
    assert b"<Code>KeyTooLongError</Code>" in answer.body
    conditions = [["starts-with", "$key", ""] if row == ["starts-with", "$key", "foo"] else row for row in USUAL]
    fields = {**USUAL_FIELDS, "key": LONG, **sign_v4(policy(*conditions, *V4))}
    refused(await post(world, form(fields)), 400, "KeyTooLongError")


@pytest.mark.parametrize("scope", ({"region": "eu-west-1"}, {"service": "ec2"}))
async def test_scopes_of_elsewhere(world: World, scope: dict[str, str]) -> None:
    refused(await world.send(Request("PUT", "/bucket/new", b"x").sign(**scope)), 400, "AuthorizationHeaderMalformed")
    request = AWSRequest("PUT", "http://127.0.0.1/bucket/new")
    alice = USERS["alice"]
    region, service = scope.get("region", REGION), scope.get("service", "s3")
    S3SigV4QueryAuth(Credentials(alice.access_key, alice.secret), service, region, expires=60).add_auth(request)
    presigned = Request("PUT", request.url.removeprefix("http://127.0.0.1"), b"x")
    refused(await world.send(presigned), 400, "AuthorizationQueryParametersError")


PIECES = (b"a" * 8192, b"b" * 8192, b"c")


@pytest.mark.parametrize("kind", (SIGNED, SIGNED_TRAILER))
async def test_chunks_with_signatures_of_others(world: World, kind: str) -> None:
    """A chunk twice, two that change places, one of another request or another body, all of another request."""
    headers, trailer = {}, ""
    if kind == SIGNED_TRAILER:
        headers, trailer = {"x-amz-trailer": "x-amz-checksum-crc32"}, f"x-amz-checksum-crc32:{crc32(b''.join(PIECES))}"
    size = sum(map(len, PIECES))
    request, other = (chunked(kind, size, **stated) for stated in (headers, {**headers, "x-amz-meta-a": "b"}))
    first, second, third, end = split(signed_body(request, PIECES, trailer))
    foreign = split(signed_body(other, PIECES, trailer))
    elsewhere = split(signed_body(request, (PIECES[1], PIECES[0], PIECES[2]), trailer))
    for chunks in (
        (first, first, third, end),
        (second, first, third, end),
        (first, foreign[1], third, end),
        (first, elsewhere[1], third, end),
        (first, second, third, foreign[3]),
        foreign,
    ):
        request.body = b"".join(chunks)
        refused(await world.send(request), 403, "SignatureDoesNotMatch")


def split(body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The chunks of `PIECES`, in whichever order, and what ends them."""
    starts = [found.start(1) for found in re.finditer(rb"(?:^|\r\n)([0-9a-f]+;chunk-signature=)", body)]
    assert len(starts) == 4
    one, two, three, four = (body[at:to] for at, to in zip(starts, [*starts[1:], len(body)], strict=True))
    return one, two, three, four


@pytest.mark.parametrize(
    "text",
    (
        b"no json",
        b"\xff\xfe{}",
        b"[" * 20_000,
        b'{"a":' * 4000,
        b'{"Version": ' + b"9" * 19_000 + b"}",
        b'{"Version": NaN, "Statement": []}',
        b'{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}',
        b'{"Version": "2012-10-17", "Statement": [' + b" " * 20_480 + b"]}",
        b"{" + b" " * LARGE + b"}",
    ),
    ids=("text", "bytes", "lists", "objects", "number", "constant", "twice", "20 KB", "10 MB"),
)
async def test_policies_that_are_none(world: World, text: bytes) -> None:
    refused(await world.do("PUT", "/bucket?policy", text), 400, "MalformedPolicy")
    request = Request("PUT", "/bucket?policy").sign(payload=sha256(text).hexdigest())
    request.headers["Transfer-Encoding"] = "chunked"
    request.body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(text), text)
    refused(await world.send(request), 400, "MalformedPolicy")
    signed = sign_v4(b64encode(text).decode())
    answer = await post(world, form({**USUAL_FIELDS, **signed}))
    assert (answer.status, answer.code) in {(400, "InvalidPolicyDocument"), (400, "MaxPostPreDataLengthExceededError")}


TOO_MANY, TOO_LONG, TOO_WIDE = "&".join(f"k{n}=v" for n in range(11)), "k" * 129 + "=v", "k=" + "v" * 257


def tagging(count: int) -> bytes:
    tags = "".join(f"<Tag><Key>{n}</Key><Value>v</Value></Tag>" for n in range(count))
    return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()


async def test_tags_over_limits(world: World) -> None:
    for text in (TOO_MANY, TOO_LONG, TOO_WIDE, "aws:k=v", "k=%01", "=v"):
        stated = {"x-amz-tagging": text}
        copied = {**stated, "x-amz-copy-source": "bucket/key", "x-amz-tagging-directive": "REPLACE"}
        refused(await world.do("PUT", "/bucket/new", b"x", stated), 400, "InvalidTag")
        refused(await world.do("POST", "/bucket/new?uploads", headers=stated), 400, "InvalidTag")
        refused(await world.do("PUT", "/bucket/new", headers={**copied, "Content-Length": "0"}), 400, "InvalidTag")
    for body in (tagging(11), tagging(51)):
        refused(await world.do("PUT", "/bucket/key?tagging", body), 400, "InvalidTag")
    refused(await world.do("PUT", "/bucket?tagging", tagging(51)), 400, "InvalidTag")
    tags = "".join(f"<Tag><Key>{n}</Key><Value>v</Value></Tag>" for n in range(51))
    created = f"<CreateBucketConfiguration><Tags>{tags}</Tags></CreateBucketConfiguration>".encode()
    refused(await world.do("PUT", "/new-bucket", created), 400, "InvalidTag")
    document = tagging(11).decode()
    signed = sign_v4(policy(*USUAL, {"tagging": document}, *V4))
    refused(await post(world, form({**USUAL_FIELDS, "tagging": document, **signed})), 400, "InvalidTag")


@pytest.mark.parametrize("signed", ("GET", "HEAD", "PUT", "POST", "DELETE"))
async def test_presigned_urls_used_with_another_verb(world: World, signed: str) -> None:
    for used in {"GET", "PUT", "POST", "DELETE"} - {signed}:
        query = "?uploads" if "POST" in {signed, used} else ""
        request = Request(signed, f"/bucket/key{query}").presign()
        request.method, request.body = used, b"x" if used == "PUT" else b""
        answer = await world.send(request)
        assert (answer.status, answer.code) in {(403, "SignatureDoesNotMatch"), (405, "MethodNotAllowed")}
