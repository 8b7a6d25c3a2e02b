"""Uploads by forms, as browsers send them."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest

from gateway.auth.sigv4 import signing_key
from tests.frontends.marks import in_memory
from tests.frontends.s3.world import REGION, USERS, Answer, Request, S3Client, World

Fields: TypeAlias = dict[str, str]
Json: TypeAlias = "str | int | Sequence[Json] | Mapping[str, Json]"

BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
NOW = datetime.now(UTC)


def form(fields: Fields, data: bytes = b"hello", *, name: str = "file", file_name: str = "foo.txt") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
    return (
        b"".join(parts) + f"{head}Content-Type: text/plain\r\n\r\n".encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


def policy(*conditions: Json, seconds: int = 12 * 3600, **changes: Json) -> str:
    expiration = (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"expiration": expiration, "conditions": list(conditions), **changes}
    return b64encode(json.dumps(document).encode()).decode()


USUAL: tuple[Json, ...] = (
    {"bucket": "bucket"},
    ["starts-with", "$key", "foo"],
    {"acl": "private"},
    ["starts-with", "$Content-Type", "text/"],
    ["content-length-range", 0, 1024],
)
USUAL_FIELDS: Fields = {"key": "foo.txt", "acl": "private", "Content-Type": "text/plain"}
SCOPE = f"{NOW:%Y%m%d}/{REGION}/s3/aws4_request"
STATED = {"x-amz-algorithm": "AWS4-HMAC-SHA256", "x-amz-date": f"{NOW:%Y%m%dT%H%M%SZ}"}
V4: tuple[Json, ...] = (
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-credential": f"ALICE/{SCOPE}"},
    {"x-amz-date": STATED["x-amz-date"]},
)


def sign_v2(document: str, user: str = "alice") -> Fields:
    found = USERS[user]
    signature = b64encode(hmac.digest(found.secret.encode(), document.encode(), "sha1")).decode()
    return {"AWSAccessKeyId": found.access_key, "policy": document, "signature": signature}


def sign_v4(document: str, user: str = "alice") -> Fields:
    found = USERS[user]
    key = signing_key(found.secret, f"{NOW:%Y%m%d}", REGION, "s3")
    signature = hmac.digest(key, document.encode(), "sha256").hex()
    credential = {"x-amz-credential": f"{found.access_key}/{SCOPE}"}
    return {**STATED, **credential, "policy": document, "x-amz-signature": signature}


async def post(world: World, body: bytes, target: str = "/bucket") -> Answer:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await world.send(Request("POST", target, body, headers))


async def stored(s3: S3Client, key: str = "foo.txt") -> bytes:
    found: bytes = await (await s3.get_object(Bucket="bucket", Key=key))["Body"].read()
    return found


@pytest.mark.parametrize("version", ("2", "4"))
async def test_a_signed_form(s3: S3Client, world: World, version: str) -> None:
    signed = sign_v2(policy(*USUAL)) if version == "2" else sign_v4(policy(*USUAL, *V4))
    answer = await post(world, form({**USUAL_FIELDS, **signed}))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    found = await s3.head_object(Bucket="bucket", Key="foo.txt")
    assert (found["ContentType"], found["ContentLength"]) == ("text/plain", 5)
    assert await stored(s3) == b"hello"
    assert (world.seen[0].operation, [seen.key for seen in world.seen if seen.operation == "PostObject"]) == (
        "CreateBucket",
        ["foo.txt"],
    )


async def test_botocores_forms(s3: S3Client, world: World) -> None:
    for version in ("s3", "s3v4"):
        async with world.client(signature_version=version) as client:
            made = await client.generate_presigned_post(
                "bucket",
                "dir/${filename}",
                Fields={"x-amz-meta-a": "b", "Cache-Control": "no-store"},
                Conditions=[
                    {"x-amz-meta-a": "b"},
                    ["starts-with", "$cache-control", "no"],
                    ["content-length-range", 1, 9],
                ],
            )
        assert (await post(world, form(made["fields"], file_name=f"{version}.txt"))).status == 204
        found = await s3.head_object(Bucket="bucket", Key=f"dir/{version}.txt")
        assert (found["Metadata"], found["CacheControl"]) == ({"a": "b"}, "no-store")


async def test_a_form_of_nobody_in_particular(s3: S3Client, world: World) -> None:
    fields = {"key": "foo.txt", "acl": "public-read", "Content-Type": "text/plain"}
    answer = await post(world, form(fields))
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert await world.contents() == {"bucket"}
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    assert (await post(world, form(fields))).status == 204
    assert (await world.ask("anybody", "GET", "/bucket/foo.txt")).body == b"hello"
    assert await stored(s3) == b"hello"


async def test_a_signature_gives_no_more_than_its_users_rights(s3: S3Client, world: World) -> None:
    for user, status in (("walter", 204), ("rita", 403), ("nina", 403), ("olga", 403)):
        assert (await post(world, form({**USUAL_FIELDS, **sign_v2(policy(*USUAL), user)}))).status == status
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/foo*"}
    await s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Statement": deny}))
    assert (await post(world, form({**USUAL_FIELDS, **sign_v2(policy(*USUAL))}))).code == "AccessDenied"


async def test_conditions_of_bucket_policies_see_the_form(s3: S3Client, world: World) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"StringEquals": {"s3:authType": "POST", "s3:x-amz-acl": "private"}},
    }
    await s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps({"Statement": statement}))
    assert (await post(world, form({**USUAL_FIELDS, **sign_v2(policy(*USUAL), "norma")}))).status == 204
    assert (await world.ask("norma", "PUT", "/bucket/foo.txt", b"x", x_amz_acl="private")).status == 403


async def test_what_is_told_of_success(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    for stated, status in (("200", 200), ("201", 201), ("204", 204), ("404", 204), ("", 204)):
        answer = await post(world, form({"key": "a&b", "success_action_status": stated}))
        assert answer.status == status
        if status == 201:
            assert answer.headers["Content-Type"] == "application/xml"
            told = [answer.element(name) for name in ("Bucket", "Key", "ETag")]
            assert told == ["bucket", "a&b", '"5d41402abc4b2a76b9719d911017c592"']
            assert answer.element("Location").endswith("/bucket/a%26b")
        else:
            assert answer.body == b""


async def test_where_a_browser_goes_on(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    told = "bucket=bucket&key=k&etag=%225d41402abc4b2a76b9719d911017c592%22"
    for name in ("success_action_redirect", "redirect"):
        for stated, target in (
            ("http://example.com/done", f"http://example.com/done?{told}"),
            ("https://example.com/?a=b#c", f"https://example.com/?a=b&{told}#c"),
        ):
            answer = await post(world, form({"key": "k", name: stated}))
            assert (answer.status, answer.headers["Location"]) == (303, target)
    for bad in ("/local", "javascript:alert(1)", "http://a\r\nSet-Cookie: b", "http://[", "ftp://example.com/"):
        answer = await post(world, form({"key": "k", "redirect": bad}))
        assert answer.status == 204
        assert "Set-Cookie" not in answer.headers


async def test_names_of_fields_are_the_same_in_any_case(s3: S3Client, world: World) -> None:
    conditions: tuple[Json, ...] = ({"bUcKeT": "bucket"}, ["StArTs-WiTh", "$KeY", "foo"], {"AcL": "private"})
    signed = sign_v2(policy(*conditions))
    fields = {"kEy": "foo.txt", "aCl": "private", **{name.upper(): value for name, value in signed.items()}}
    assert (await post(world, form(fields, name="FILE"))).status == 204


async def test_fields_that_are_ignored(s3: S3Client, world: World) -> None:
    signed = sign_v2(policy(*USUAL))
    assert (await post(world, form({**USUAL_FIELDS, **signed, "x-ignore-foo": "bar"}))).status == 204


async def test_metadata(s3: S3Client, world: World) -> None:
    signed = sign_v2(policy(*USUAL, ["starts-with", "$x-amz-meta-foo", "bar"]))
    assert (await post(world, form({**USUAL_FIELDS, **signed, "x-amz-meta-foo": "barclamp"}))).status == 204
    assert (await s3.head_object(Bucket="bucket", Key="foo.txt"))["Metadata"] == {"foo": "barclamp"}


async def test_checksums_of_the_file(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    good = {"key": "k", "acl": "public-read", "x-amz-checksum-crc32": "NhCmhg=="}
    assert (await post(world, form(good))).status == 204
    found = await s3.head_object(Bucket="bucket", Key="k", ChecksumMode="ENABLED")
    assert found["ChecksumCRC32"] == "NhCmhg=="
    for bad in ({"x-amz-checksum-crc32": "AAAAAA=="}, {"Content-MD5": b64encode(bytes(16)).decode()}):
        answer = await post(world, form({"key": "bad", **bad}))
        assert (answer.status, answer.code) == (400, "BadDigest")
    assert await world.contents() == {"bucket", "bucket/k"}


async def test_a_policy_need_not_speak_of_checksums(s3: S3Client, world: World) -> None:
    fields = {**USUAL_FIELDS, **sign_v2(policy(*USUAL))}
    assert (await post(world, form({**fields, "x-amz-checksum-crc32": "NhCmhg=="}))).status == 204
    for bad in ("AAAAAA==", "sailor"):
        answer = await post(world, form({**fields, "key": "foo.bad", "x-amz-checksum-crc32": bad}))
        assert (answer.status, answer.code) == (400, "BadDigest")
    assert await world.contents() == {"bucket", "bucket/foo.txt"}


FORBIDDEN: tuple[tuple[str, Fields, str, int, str], ...] = (
    ("another key", {"key": "bar.txt"}, policy(*USUAL), 403, "AccessDenied"),
    ("another list", {"acl": "public-read"}, policy(*USUAL), 403, "AccessDenied"),
    ("a field too many", {"x-amz-meta-foo": "bar"}, policy(*USUAL), 403, "AccessDenied"),
    ("another bucket", {}, policy({"bucket": "other"}, *USUAL[1:]), 403, "AccessDenied"),
    ("expired", {}, policy(*USUAL, seconds=-1), 403, "AccessDenied"),
    ("a field too few", {}, policy(*USUAL, {"x-amz-meta-foo": "bar"}), 403, "AccessDenied"),
    ("too large", {}, policy(*USUAL, ["content-length-range", 0, 4]), 400, "EntityTooLarge"),
    ("too small", {}, policy(*USUAL, ["content-length-range", 6, 1000]), 400, "EntityTooSmall"),
    ("no expiration", {}, policy(*USUAL, expiration=1), 400, "InvalidPolicyDocument"),
    ("bad expiration", {}, policy(*USUAL, expiration="tomorrow"), 400, "InvalidPolicyDocument"),
    ("no conditions", {}, policy(conditions="none"), 400, "InvalidPolicyDocument"),
    ("an empty condition", {}, policy({}), 400, "InvalidPolicyDocument"),
    ("half a range", {}, policy(*USUAL, ["content-length-range", 0]), 400, "InvalidPolicyDocument"),
    ("a negative range", {}, policy(*USUAL, ["content-length-range", -1, 0]), 400, "InvalidPolicyDocument"),
    ("an unknown condition", {}, policy(*USUAL, ["ends-with", "$key", "txt"]), 400, "InvalidPolicyDocument"),
    ("another word", {}, policy(*USUAL, CONDITIONS=[]), 400, "InvalidPolicyDocument"),
    ("no base64", {}, "{}", 400, "InvalidPolicyDocument"),
)


@in_memory
@pytest.mark.parametrize(
    ("fields", "document", "status", "code"), [row[1:] for row in FORBIDDEN], ids=[row[0] for row in FORBIDDEN]
)
async def test_what_a_policy_forbids(
    bucket: str, world: World, fields: Fields, document: str, status: int, code: str
) -> None:
    answer = await post(world, form({**USUAL_FIELDS, **fields, **sign_v2(document)}))
    assert (answer.status, answer.code) == (status, code)
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    (
        ({"signature": "AAAA"}, 403, "SignatureDoesNotMatch"),
        ({"signature": ""}, 400, "InvalidArgument"),
        ({"policy": ""}, 400, "InvalidArgument"),
        ({"AWSAccessKeyId": "NOBODY"}, 403, "InvalidAccessKeyId"),
        ({"AWSAccessKeyId": "OLGA"}, 403, "SignatureDoesNotMatch"),
        ({"policy": policy({"bucket": "bucket"})}, 403, "SignatureDoesNotMatch"),
    ),
    ids=range(6),
)
async def test_bad_signatures_of_version_2(bucket: str, world: World, changes: Fields, status: int, code: str) -> None:
    answer = await post(world, form({**USUAL_FIELDS, **sign_v2(policy(*USUAL)), **changes}))
    assert (answer.status, answer.code) == (status, code)
    assert await world.contents() == {"bucket"}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    (
        ({"x-amz-signature": "0" * 64}, 403, "SignatureDoesNotMatch"),
        ({"x-amz-signature": ""}, 400, "InvalidArgument"),
        ({"x-amz-algorithm": "AWS5"}, 400, "InvalidArgument"),
        ({"x-amz-date": "20200101T000000Z"}, 400, "AuthorizationQueryParametersError"),
        ({"x-amz-credential": "ALICE"}, 400, "AuthorizationQueryParametersError"),
        ({"x-amz-credential": f"ALICE/{SCOPE}".replace(REGION, "eu-west-1")}, 400, "AuthorizationQueryParametersError"),
        ({"x-amz-credential": f"NOBODY/{SCOPE}"}, 403, "InvalidAccessKeyId"),
        ({"x-amz-security-token": "t"}, 400, "InvalidToken"),
    ),
    ids=range(8),
)
async def test_bad_signatures_of_version_4(bucket: str, world: World, changes: Fields, status: int, code: str) -> None:
    answer = await post(world, form({**USUAL_FIELDS, **sign_v4(policy(*USUAL, *V4)), **changes}))
    assert (answer.status, answer.code) == (status, code)
    assert await world.contents() == {"bucket"}


FILE = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n'.encode()
KEY = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n'.encode()
END = f"--{BOUNDARY}--\r\n".encode()


@in_memory
@pytest.mark.parametrize(
    ("body", "code"),
    (
        (FILE + END, "InvalidArgument"),
        (form({"key": ""}), "InvalidArgument"),
        (form({"key": "k" * 1025}), "KeyTooLongError"),
        (KEY + END, "IncorrectNumberOfFilesInPostRequest"),
        (KEY + FILE + FILE + END, "IncorrectNumberOfFilesInPostRequest"),
        (KEY + FILE, "IncompleteBody"),
        (KEY + FILE[:-10], "IncompleteBody"),
        (b"hello", "MalformedPOSTRequest"),
        (KEY.replace(b"form-data", b"attachment") + FILE + END, "MalformedPOSTRequest"),
        (KEY.replace(b'name="key"', b"") + FILE + END, "MalformedPOSTRequest"),
        (KEY.replace(b"\r\nk\r\n", b"\r\n\xff\r\n") + FILE + END, "MalformedPOSTRequest"),
        (form({"key": "k", "a": "x" * 20_480}), "MaxPostPreDataLengthExceededError"),
        (KEY.replace(b"form-data;", b"form-data;" + b" " * 5000) + FILE + END, "MaxPostPreDataLengthExceededError"),
        (form({"key": "k", "x-amz-meta-a": "b\r\nSet-Cookie: c"}), "InvalidArgument"),
        (form({"key": "k", "x-amz-meta-a b": "c"}), "InvalidArgument"),
        (form({"key": "k", "x-amz-server-side-encryption": "AES256"}), "NotImplemented"),
    ),
)
async def test_what_is_no_form(s3: S3Client, world: World, body: bytes, code: str) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    answer = await post(world, body)
    assert answer.code == code
    assert await world.contents() == {"bucket"}


async def test_a_body_that_is_no_form_at_all(bucket: str, world: World) -> None:
    for content_type in ("text/plain", "multipart/form-data", "multipart/form-data; boundary=", ""):
        headers = {"Content-Type": content_type} if content_type else {}
        answer = await world.send(Request("POST", "/bucket", b"hello", headers))
        assert (answer.status, answer.code) == (412, "PreconditionFailed")


async def test_a_form_for_a_bucket_that_is_not_there(world: World) -> None:
    assert (await post(world, form({"key": "k"}), "/missing")).code == "NoSuchBucket"


async def test_fields_that_would_be_headers_of_other_requests_mean_nothing(s3: S3Client, world: World) -> None:
    await s3.put_bucket_acl(Bucket="bucket", ACL="public-read-write")
    for name, value in (
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("x-amz-copy-source", "bucket/k"),
        ("x-amz-expected-bucket-owner", "acc-other"),
        ("If-None-Match", "*"),
        ("Content-Length", "1"),
    ):
        assert (await post(world, form({"key": "k", "acl": "public-read", name: value}))).status == 204
    assert await stored(s3, "k") == b"hello"


async def test_a_large_file_streams(s3: S3Client, world: World) -> None:
    data = bytes(range(256)) * 20_000
    signed = sign_v2(policy({"bucket": "bucket"}, {"key": "large"}))
    assert (await post(world, form({"key": "large", **signed}, data))).status == 204
    assert await stored(s3, "large") == data
