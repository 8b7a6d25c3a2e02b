from datetime import UTC, datetime, timedelta

import botocore.auth
import pytest
from botocore.exceptions import ClientError

from tests.frontends.marks import in_memory
from tests.frontends.s3.world import Request, S3Client, World

EMPTY = "UNSIGNED-PAYLOAD"


async def test_n05_wrong_signatures(bucket: str, world: World) -> None:
    def forge(name: str, old: str, new: str) -> Request:
        request = Request("PUT", "/bucket/k", b"x").sign()
        assert old in request.headers[name]
        request.headers[name] = request.headers[name].replace(old, new)
        return request

    refused = (
        (forge("Authorization", "Signature=", "Signature=0"), 403, "SignatureDoesNotMatch"),
        (forge("Authorization", "ALICE", "NOBODY"), 403, "InvalidAccessKeyId"),
        (forge("Authorization", "ALICE", "OLGA"), 403, "SignatureDoesNotMatch"),
        (forge("Authorization", "/s3/", "/ec2/"), 400, "AuthorizationHeaderMalformed"),
        (forge("Authorization", "us-east-1", "eu-west-1"), 400, "AuthorizationHeaderMalformed"),
        (forge("Authorization", "aws4_request", "aws5_request"), 400, "AuthorizationHeaderMalformed"),
        (forge("Authorization", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA512 "), 400, "InvalidRequest"),
        (forge("Authorization", "AWS4-HMAC-SHA256 ", "Bearer "), 400, "InvalidArgument"),
        (forge("Authorization", "SignedHeaders=host;", "SignedHeaders="), 403, "AccessDenied"),
        (forge("X-Amz-Content-SHA256", "2d71", "3d71"), 403, "SignatureDoesNotMatch"),
    )
    for request, status, code in refused:
        answer = await world.send(request)
        assert (answer.status, answer.code) == (status, code), request.headers
    assert await world.contents() == {"bucket"}


async def test_what_is_signed_cannot_be_changed(s3: S3Client, world: World) -> None:
    changes: tuple[dict[str, object], ...] = (
        {"target": "/bucket/other"},
        {"target": "/bucket/k?acl"},
        {"method": "DELETE"},
        {"headers": {**Request("PUT", "/bucket/k", b"x").sign().headers, "Host": "elsewhere"}},
    )
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    for change in changes:
        request = Request("PUT", "/bucket/k", b"x").sign()
        for name, value in change.items():
            setattr(request, name, value)
        answer = await world.send(request)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), change
    added = Request("PUT", "/bucket/k", b"x").sign()
    added.headers["x-amz-meta-a"] = "b"
    assert (await world.send(added)).code == "AccessDenied"
    assert await world.contents() == {"bucket", "bucket/k"}


@pytest.mark.parametrize("minutes", (-16, 16))
async def test_clocks_that_differ(world: World, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    with monkeypatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
        request = Request("PUT", "/bucket").sign()
    answer = await world.send(request)
    assert (answer.status, answer.code) == (403, "RequestTimeTooSkewed")
    assert answer.element("MaxAllowedSkewMilliseconds") == "900000"
    assert await world.contents() == set()


async def test_presigned(bucket: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put = await world.send(Request("PUT", "/bucket/k%20e", b"hello").presign())
    assert put.status == 200
    got = await world.send(Request("GET", "/bucket/k%20e?response-content-type=text/html").presign())
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, b"hello", "text/html")
    other_verb = Request("GET", "/bucket/k%20e").presign()
    other_verb.method = "DELETE"
    assert (await world.send(other_verb)).code == "SignatureDoesNotMatch"
    moment = datetime.now(UTC) - timedelta(minutes=2)
    with monkeypatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)
        late = Request("GET", "/bucket/k%20e").presign(expires=60)
    answer = await world.send(late)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert await world.contents() == {"bucket", "bucket/k e"}


async def test_presigned_by_botocore(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="ä b", Body=b"hello")
    async with world.client(signature_version="s3v4") as client:
        url = await client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "ä b"})
    host, _, target = url.removeprefix("http://").partition("/")
    answer = await world.send(Request("GET", "/" + target, host=host))
    assert (answer.status, answer.body) == (200, b"hello")


@in_memory
@pytest.mark.parametrize(
    ("method", "target"),
    (
        ("GET", "/"),
        ("GET", "/bucket"),
        ("HEAD", "/bucket/k"),
        ("GET", "/bucket/k"),
        ("GET", "/bucket/missing"),
        ("PUT", "/bucket/new"),
        ("PUT", "/new-bucket"),
        ("DELETE", "/bucket/k"),
        ("DELETE", "/bucket"),
        ("POST", "/bucket/k?uploads"),
        ("POST", "/bucket?delete"),
    ),
)
async def test_nobody_in_particular_is_denied(s3: S3Client, world: World, method: str, target: str) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    answer = await world.send(Request(method, target, b"x" if method in {"PUT", "POST"} else b""))
    assert answer.status == 403
    if method != "HEAD":
        assert answer.code == "AccessDenied"
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_that_a_bucket_is_missing_is_told_to_everybody(world: World) -> None:
    for user in ("alice", "nina", "olga"):
        assert (await world.do("GET", "/missing", user=user)).code == "NoSuchBucket"
    assert (await world.send(Request("GET", "/missing/k"))).code == "NoSuchBucket"


async def test_two_schemes_at_once(world: World) -> None:
    request = Request("GET", "/").presign()
    request.headers["Authorization"] = Request("GET", "/").sign().headers["Authorization"]
    assert (await world.send(request)).code == "InvalidArgument"


DOES = {
    "list": ("GET", "/bucket"),
    "head_bucket": ("HEAD", "/bucket"),
    "location": ("GET", "/bucket?location"),
    "uploads": ("GET", "/bucket?uploads"),
    "read": ("GET", "/bucket/k"),
    "head": ("HEAD", "/bucket/k"),
    "attributes": ("GET", "/bucket/k?attributes"),
    "write": ("PUT", "/bucket/new"),
    "copy": ("PUT", "/bucket/copy"),
    "begin": ("POST", "/bucket/new?uploads"),
    "delete": ("DELETE", "/bucket/other"),
    "create_bucket": ("PUT", "/new-bucket"),
    "delete_bucket": ("DELETE", "/doomed"),
    "buckets": ("GET", "/"),
}
READS = {"list", "head_bucket", "location", "uploads", "read", "head", "attributes", "buckets"}
WRITES = {"write", "copy", "begin", "delete"}
HEADERS = {
    "attributes": {"x-amz-object-attributes": "ETag"},
    "copy": {"x-amz-copy-source": "bucket/k"},
}


@pytest.mark.parametrize(
    ("user", "allowed"),
    (
        ("opal", set(DOES)),
        ("alice", set(DOES)),
        ("walter", READS | WRITES),
        ("rita", READS),
        ("nina", set[str]()),
        ("olga", {"create_bucket", "buckets"}),
    ),
)
async def test_f07_what_each_role_may(s3: S3Client, world: World, user: str, allowed: set[str]) -> None:
    await s3.create_bucket(Bucket="doomed")
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    may = set()
    for name, (method, target) in DOES.items():
        body = b"x" if name == "write" else b""
        headers = {"Content-Length": str(len(body)), **HEADERS.get(name, {})}
        answer = await world.do(method, target, body, headers, user)
        if answer.status < 300:
            may.add(name)
        else:
            assert answer.status == 403
    assert may == allowed


async def test_f07_copies_need_both_ends(s3: S3Client, world: World) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    async with world.client("olga") as other:
        await other.create_bucket(Bucket="others-bucket")
        with pytest.raises(ClientError, match="AccessDenied"):
            await other.copy_object(Bucket="others-bucket", Key="k", CopySource="bucket/k")
        await other.put_object(Bucket="others-bucket", Key="mine", Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            await other.copy_object(Bucket="bucket", Key="k2", CopySource="others-bucket/mine")
        upload = (await other.create_multipart_upload(Bucket="others-bucket", Key="big"))["UploadId"]
        with pytest.raises(ClientError, match="AccessDenied"):
            await other.upload_part_copy(
                Bucket="others-bucket", Key="big", UploadId=upload, PartNumber=1, CopySource="bucket/k"
            )
    assert await world.contents() == {
        "bucket",
        "bucket/k",
        "others-bucket",
        "others-bucket/mine",
        "others-bucket/big (upload)",
    }


async def test_expected_owners(s3: S3Client) -> None:
    await s3.put_object(Bucket="bucket", Key="k", Body=b"x", ExpectedBucketOwner="acc-test")
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.put_object(Bucket="bucket", Key="k", Body=b"y", ExpectedBucketOwner="acc-other")
    with pytest.raises(ClientError, match="AccessDenied"):
        await s3.copy_object(Bucket="bucket", Key="k2", CopySource="bucket/k", ExpectedSourceBucketOwner="acc-other")
    with pytest.raises(ClientError, match="403"):
        await s3.head_bucket(Bucket="bucket", ExpectedBucketOwner="acc-other")
