"""Requests to the S3 frontend that are signed with keys of Keystone's."""

import asyncio
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from botocore.auth import HmacV1Auth, HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.auth.keystone.authority import SIGNATURE_SECONDS
from tests.keystone.portico import serving, swift
from tests.passthrough.world import Answer, Gateway
from tests.support.keystone import OTHER, PROJECT, FakeKeystone, document, signature

KEY, SECRET = "0a1b2c3d4e5f", "s3-secret-of-alice"
SIGNED, SECRETS = "POST /s3tokens", f"GET /users/a11ce000000000000000000000000000/credentials/OS-EC2/{KEY}"


@pytest.fixture(autouse=True)
def keys(fake: FakeKeystone) -> None:
    fake.keys[KEY] = SECRET, document("member")
    fake.keys["b0b"] = "s3-secret-of-bob", document("member", project=OTHER, user="bob-id")
    fake.tokens["alice"] = document("member")


class Chunked(S3SigV4Auth):  # type: ignore[misc]
    """Signs for a body in signed chunks."""

    def payload(self, request: AWSRequest) -> str:
        return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


async def sent(
    gateway: Gateway, signer: type, method: str, path: str, body: bytes = b"", secret: str = SECRET
) -> Answer:
    """A request that is signed by one of botocore's ways."""
    in_url = signer in {HmacV1QueryAuth, S3SigV4QueryAuth}
    request = AWSRequest(method, gateway.app.endpoints["s3"] + path, {}, None if in_url else body)
    scope = () if signer in {HmacV1Auth, HmacV1QueryAuth} else ("s3", "us-east-1")
    signer(Credentials(KEY, secret), *scope).add_auth(request)
    return await gateway.ask(method, request.url, dict(request.headers.items()), body)


async def test_a_key_of_keystones_opens_the_account_of_its_project(fake: FakeKeystone) -> None:
    async with serving(fake.url) as gateway:
        assert (await gateway.s3(KEY, SECRET, "PUT", "/box")).status == 200
        assert (await gateway.s3(KEY, SECRET, "PUT", "/box/thing", b"data")).status == 200
        found = await swift(gateway, "GET", f"AUTH_{PROJECT}", "box", "thing", token="alice")
        assert (found.status, found.body) == (200, b"data")
        assert (await gateway.s3("b0b", "s3-secret-of-bob", "GET", "/box/thing")).status == 403
        granted = {"X-Container-Read": f"{OTHER}:bob-id"}
        assert (await swift(gateway, "POST", f"AUTH_{PROJECT}", "box", token="alice", headers=granted)).status == 204
        assert (await gateway.s3("b0b", "s3-secret-of-bob", "GET", "/box/thing")).body == b"data"


async def test_keystone_is_asked_once_for_as_long_as_the_secret_is_held(fake: FakeKeystone) -> None:
    async with serving(fake.url) as gateway:
        answers = await asyncio.gather(*[gateway.s3(KEY, SECRET, "GET") for _ in range(5)])
        assert {answer.status for answer in answers} == {200}
        for path in ("/", "/missing", "/other"):
            await gateway.s3(KEY, SECRET, "GET", path)
        assert (fake.times(SIGNED), fake.times(SECRETS)) == (1, 1)
        wrong = await gateway.s3(KEY, "wrong", "GET")
        assert (wrong.status, b"<Code>SignatureDoesNotMatch</Code>" in wrong.body) == (403, True)
        assert fake.times(SIGNED) == 1


@pytest.mark.parametrize("tells", (True, False), ids=("secret told", "secret kept"))
@pytest.mark.parametrize("signer", (S3SigV4Auth, S3SigV4QueryAuth, HmacV1Auth, HmacV1QueryAuth))
async def test_every_way_to_sign(fake: FakeKeystone, signer: type, tells: bool) -> None:
    fake.tells_secrets = tells
    async with serving(fake.url) as gateway:
        wrong = await sent(gateway, signer, "PUT", "/box", secret="wrong")
        assert (wrong.status, b"<Code>SignatureDoesNotMatch</Code>" in wrong.body) == (403, True)
        assert SECRET.encode() not in wrong.body
        for _ in range(2):
            assert (await sent(gateway, signer, "PUT", "/box")).status == 200
        assert (await sent(gateway, signer, "PUT", "/box/thing", b"data")).status == 200
        assert (await sent(gateway, signer, "GET", "/box/thing")).body == b"data"
        wrong = await sent(gateway, signer, "GET", "/box/thing", secret="wrong")
        assert (wrong.status, b"<Code>SignatureDoesNotMatch</Code>" in wrong.body) == (403, True)


async def test_without_the_secret_a_verified_signature_is_good_for_a_while(fake: FakeKeystone) -> None:
    async with serving(fake.url, secret_seconds=0) as gateway:
        request = AWSRequest("GET", gateway.app.endpoints["s3"] + "/", {})
        S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
        for _ in range(3):
            assert (await gateway.ask("GET", request.url)).status == 200
        assert (fake.times(SIGNED), fake.times(SECRETS)) == (1, 0)
    assert SIGNATURE_SECONDS <= 300


async def test_secrets_that_are_not_told_are_not_asked_for_each_time(
    fake: FakeKeystone, caplog: pytest.LogCaptureFixture
) -> None:
    fake.tells_secrets = False
    async with serving(fake.url) as gateway:
        for path in ("/", "/one", "/two"):
            assert (await gateway.s3(KEY, SECRET, "GET", path)).status in {200, 404}
        assert (fake.times(SIGNED), fake.times(SECRETS)) == (3, 1)
    assert caplog.text.count("give the user the role admin") == 1


async def test_without_the_secret_the_body_is_checked_all_the_same(fake: FakeKeystone) -> None:
    async with serving(fake.url, secret_seconds=0) as gateway:
        assert (await gateway.s3(KEY, SECRET, "PUT", "/box")).status == 200
        request = AWSRequest("PUT", gateway.app.endpoints["s3"] + "/box/thing", {}, b"data")
        S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
        changed = await gateway.ask("PUT", request.url, dict(request.headers.items()), b"atad")
        assert (changed.status, b"XAmzContentSHA256Mismatch" in changed.body) == (400, True)
        chunked = await sent(gateway, Chunked, "PUT", "/box/thing", b"0;chunk-signature=0\r\n\r\n")
        assert (chunked.status, b"<Code>NotImplemented</Code>" in chunked.body) == (501, True)
        assert (await gateway.s3(KEY, SECRET, "GET", "/box/thing")).status == 404


async def test_what_is_wrong_with_a_request_is_said_before_keystone_is_asked(fake: FakeKeystone) -> None:
    async with serving(fake.url) as gateway:
        request = AWSRequest("GET", gateway.app.endpoints["s3"] + "/", {})
        S3SigV4Auth(Credentials(KEY, SECRET), "s3", "eu-elsewhere").add_auth(request)
        foreign = await gateway.ask("GET", request.url, dict(request.headers.items()))
        assert (foreign.status, b"AuthorizationHeaderMalformed" in foreign.body) == (400, True)
        request = AWSRequest("GET", gateway.app.endpoints["s3"] + "/", {})
        old = S3SigV4QueryAuth(Credentials(KEY, SECRET), "s3", "us-east-1", expires=1)
        old.add_auth(request)
        url = request.url.replace(f"X-Amz-Date={datetime.now(UTC):%Y}", f"X-Amz-Date={datetime.now(UTC).year - 1}")
        url = url.replace(f"%2F{datetime.now(UTC):%Y}", f"%2F{datetime.now(UTC).year - 1}")
        expired = await gateway.ask("GET", url)
        assert (expired.status, b"AccessDenied" in expired.body) == (403, True)
        assert SIGNED not in fake.asked


async def test_an_unknown_key_is_asked_about_once_in_a_while(fake: FakeKeystone) -> None:
    async with serving(fake.url) as gateway:
        for path in ("/", "/one", "/two"):
            answer = await gateway.s3("nobodys-key", "secret", "GET", path)
            assert (answer.status, b"<Code>InvalidAccessKeyId</Code>" in answer.body) == (403, True)
        assert fake.times(SIGNED) == 1
        assert (await gateway.s3("alice", "alice-secret", "GET")).status == 200
        assert fake.times(SIGNED) == 1


@pytest.mark.parametrize(
    ("status", "text"), ((500, b"Keystone can't answer"), (403, b"does not let the gateway verify signatures"))
)
async def test_keystone_that_is_down_stops_its_users_alone(fake: FakeKeystone, status: int, text: bytes) -> None:
    async def broken(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    async with serving(fake.url) as gateway:
        fake.instead["/s3tokens"] = broken
        answer = await gateway.s3(KEY, SECRET, "GET")
        assert (answer.status, b"<Code>ServiceUnavailable</Code>" in answer.body) == (503, True)
        assert text in answer.body
        assert (await gateway.s3("alice", "alice-secret", "GET")).status == 200
        fake.instead.clear()
        assert (await gateway.s3(KEY, SECRET, "GET")).status == 200


@pytest.mark.parametrize("secret_seconds", (60, 0))
async def test_forms_of_keys_of_keystones(fake: FakeKeystone, secret_seconds: int) -> None:
    expires = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    policy = b64encode(
        json.dumps({"expiration": expires, "conditions": [{"bucket": "box"}, {"key": "thing"}]}).encode()
    )
    fields = {"key": "thing", "AWSAccessKeyId": KEY, "policy": policy.decode(), "signature": signature(SECRET, policy)}
    async with serving(fake.url, secret_seconds=secret_seconds) as gateway:
        url = gateway.app.endpoints["s3"] + "/box"
        assert (await gateway.s3(KEY, SECRET, "PUT", "/box")).status == 200
        for stated, status in (({**fields, "signature": "AAAA"}, 403), (fields, 204)):
            parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in stated.items()]
            parts.append('Content-Disposition: form-data; name="file"; filename="thing"\r\n\r\ndata')
            body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            assert (await gateway.ask("POST", url, headers, body.encode())).status == status
        assert (await gateway.s3(KEY, SECRET, "GET", "/box/thing")).body == b"data"


async def test_the_rights_of_a_key_are_those_of_its_roles(fake: FakeKeystone) -> None:
    fake.keys[KEY] = SECRET, document("reader")
    async with serving(fake.url) as gateway:
        assert (await gateway.s3(KEY, SECRET, "GET")).status == 200
        assert (await gateway.s3(KEY, SECRET, "PUT", "/box")).status == 403
