"""Signatures of version 2, made by botocore and by hand."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from time import time
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import HmacV1Auth, HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.request import SignedRequest, fold
from gateway.auth.sigv2 import SigV2
from tests.unit.auth.signing import HOST, REGISTRY, TESTER

SIGV2 = SigV2(REGISTRY)


def signed(
    method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None, *, expires: int = 0
) -> SignedRequest:
    """A request as botocore signs it: presigned, if it `expires`."""
    request = AWSRequest(method, f"http://{HOST}{path}{'?' + query if query else ''}", headers=dict(headers or {}))
    credentials = Credentials(TESTER.access_key, TESTER.secret)
    (HmacV1QueryAuth(credentials, expires) if expires else HmacV1Auth(credentials)).add_auth(request)
    found = urlsplit(request.url)
    return SignedRequest(method, found.path, found.query, fold([("Host", HOST), *request.headers.items()]))


def refusal(request: SignedRequest, sigv2: SigV2 = SIGV2) -> AuthError:
    with pytest.raises(AuthError) as raised:
        sigv2.verify(request)
    return raised.value


PLAIN: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("GET", "/", "", {}),
    ("GET", "/bucket", "prefix=a%2Fb&delimiter=%2F&max-keys=2", {}),
    ("GET", "/bucket", "acl", {}),
    ("PUT", "/bucket", "policy", {"Content-Type": "application/json", "Content-MD5": "x"}),
    ("GET", "/bucket/k%C3%A4%20y", "response-content-type=text%2Fplain&versionId=v", {}),
    (
        "PUT",
        "/bucket/k",
        "partNumber=1&uploadId=abc",
        {"x-amz-meta-b": "2", "x-amz-meta-a": " 1  1 ", "X-Amz-Acl": "private"},
    ),
    ("POST", "/bucket/k", "uploads", {}),
    ("POST", "/bucket", "delete", {"Content-MD5": "x"}),
)


@pytest.mark.parametrize(("method", "path", "query", "headers"), PLAIN)
def test_what_botocore_signs_is_verified(method: str, path: str, query: str, headers: dict[str, str]) -> None:
    assert SIGV2.verify(signed(method, path, query, headers)) is TESTER
    if not headers:
        assert SIGV2.verify(signed(method, path, query, expires=60)) is TESTER


def test_the_example_of_the_documentation() -> None:
    user = User(Account("a", "a"), "u", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", Role.ADMIN)
    at = datetime(2007, 3, 27, 19, 36, 42, tzinfo=UTC).timestamp()
    headers = {
        "host": "awsexamplebucket1.us-west-1.s3.amazonaws.com",
        "date": "Tue, 27 Mar 2007 19:36:42 +0000",
        "authorization": "AWS AKIAIOSFODNN7EXAMPLE:qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
    }
    request = SignedRequest("GET", "/photos/puppy.jpg", "", headers)
    sigv2 = SigV2(Registry([user]), lambda: at)
    assert sigv2.verify(request, "awsexamplebucket1") is user
    with pytest.raises(AuthError):
        sigv2.verify(request)


@pytest.mark.parametrize("expires", (0, 60))
def test_what_is_signed_can_not_be_changed(expires: int) -> None:
    request = signed("GET", "/bucket/k", "versionId=a", {} if expires else {"x-amz-meta-a": "b"}, expires=expires)
    assert SIGV2.verify(request) is TESTER
    headers = request.headers
    for changed in (
        request._replace(method="DELETE"),
        request._replace(path="/bucket/other"),
        request._replace(query=request.query.replace("versionId=a", "versionId=b")),
        request._replace(query=request.query + "&acl"),
        request._replace(headers={**headers, "x-amz-acl": "public-read"}),
        request._replace(headers={**headers, "content-type": "text/html"}),
        request._replace(headers={**headers, "content-md5": "x"}),
    ):
        assert refusal(changed).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_a_presigned_url_takes_no_sub_resource_that_is_not_signed() -> None:
    request = signed("PUT", "/bucket", "", expires=60)
    for name in ("publicAccessBlock", "ownershipControls", "encryption", "policyStatus", "x"):
        assert refusal(request._replace(query=f"{request.query}&{name}")).code is AuthCode.ACCESS_DENIED
    assert SIGV2.verify(request._replace(query=request.query + "&prefix=a&list-type=2")) is TESTER


def at(offset: float) -> SigV2:
    """A verifier whose clock differs from the signer's by so many seconds."""
    return SigV2(REGISTRY, lambda: time() + offset)


def test_times() -> None:
    request = signed("GET", "/bucket", expires=60)
    assert at(50).verify(request) is TESTER
    late = refusal(request, at(120))
    assert (late.code, late.message) == (AuthCode.ACCESS_DENIED, "Request has expired")
    for stated in ("soon", "-1", "1" * 12, ""):
        changed = request.query.replace("Expires=", f"Expires={stated}&was=")
        assert refusal(request._replace(query=changed)).code is AuthCode.ACCESS_DENIED
    request = signed("GET", "/bucket")
    for offset, fine in ((890, True), (-890, True), (910, False), (-910, False)):
        if fine:
            assert at(offset).verify(request) is TESTER
        else:
            assert refusal(request, at(offset)).code is AuthCode.REQUEST_TIME_TOO_SKEWED
    for date, code in (
        ("", AuthCode.ACCESS_DENIED),
        ("yesterday", AuthCode.ACCESS_DENIED),
        ("Tue, 99 Mar 2007 19:36:42 +0000", AuthCode.ACCESS_DENIED),
        ("Fri, 07 Jul 1950 21:53:04 GMT", AuthCode.ACCESS_DENIED),
        ("Wed, 07 Jul 2010 21:53:04 GMT", AuthCode.REQUEST_TIME_TOO_SKEWED),
        ("Wed, 07 Jul 9999 21:53:04 GMT", AuthCode.REQUEST_TIME_TOO_SKEWED),
    ):
        for name in ("date", "x-amz-date"):
            assert refusal(request._replace(headers={**request.headers, name: date})).code is code


def test_amazons_date_comes_before_the_other() -> None:
    date = format_datetime(datetime.now(UTC), usegmt=True)
    text = f"GET\n\n\n\nx-amz-date:{date}\n/bucket/k"
    signature = b64encode(hmac.digest(TESTER.secret.encode(), text.encode(), "sha1")).decode()
    headers = {"x-amz-date": date, "date": "long ago", "authorization": f"AWS tester:{signature}"}
    assert SIGV2.verify(SignedRequest("GET", "/bucket/k", "", headers)) is TESTER


@pytest.mark.parametrize(
    ("stated", "code"),
    (
        ("AWS", AuthCode.INVALID_ARGUMENT),
        ("AWS tester", AuthCode.INVALID_ARGUMENT),
        ("AWS nobody:c2ln", AuthCode.INVALID_ACCESS_KEY_ID),
        ("AWS tester:", AuthCode.INVALID_ARGUMENT),
        ("AWS tester:ÿ\udcff", AuthCode.SIGNATURE_DOES_NOT_MATCH),
        (f"AWS tester:{b64encode(bytes(20)).decode()}", AuthCode.SIGNATURE_DOES_NOT_MATCH),
    ),
)
def test_bad_headers(stated: str, code: AuthCode) -> None:
    request = signed("GET", "/bucket")
    assert refusal(request._replace(headers={**request.headers, "authorization": stated})).code is code


@pytest.mark.parametrize("missing", ("AWSAccessKeyId", "Expires", "Signature"))
def test_a_presigned_url_names_all(missing: str) -> None:
    request = signed("GET", "/bucket", expires=60)
    changed = request.query.replace(missing, "x-id")
    assert refusal(request._replace(query=changed)).code is AuthCode.ACCESS_DENIED


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200)
def test_whatever_is_sent_is_signed_or_refused(path: str, query: str, stated: str) -> None:
    for request in (
        SignedRequest("GET", f"/{quote(path)}", query, {"authorization": f"AWS {stated}", "date": stated}),
        SignedRequest("GET", f"/{quote(path)}", f"Signature={query}&Expires={stated}&AWSAccessKeyId=tester", {}),
    ):
        with pytest.raises(AuthError):
            SIGV2.verify(request)
