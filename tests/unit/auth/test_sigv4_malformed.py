"""Signatures that are malformed, stale in form or incomplete, each refused by its own message."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.claim import USUAL_TERMS
from gateway.auth.errors import AuthCode
from gateway.auth.request import SignedRequest
from tests.unit.auth.signing import HOST, TESTER, by_header, by_query
from tests.unit.auth.verifying import SIGV4, refusal, with_header, without


@pytest.mark.parametrize(
    ("old", "new", "message"),
    (
        ("/s3/", "/ec2/", 'incorrect service "ec2"'),
        ("aws4_request", "aws3_request", 'incorrect terminal "aws3_request"'),
        ("tester/2", "tester/1", "Invalid credential date"),
        ("tester/", "tester", "the Credential is mal-formed"),
        ("Credential=", "Credentials=", "requires three components"),
        ("SignedHeaders=", "", "requires three components"),
        (", Signature=", ", ", "requires three components"),
        (", Signature=", ", Signature=x, Signature=", "requires three components"),
    ),
)
def test_a_malformed_authorization_header(old: str, new: str, message: str) -> None:
    request = by_header("GET", "/b")
    error = refusal(with_header(request, authorization=request.headers["authorization"].replace(old, new, 1)))
    assert error.code is AuthCode.AUTHORIZATION_HEADER_MALFORMED
    assert message in error.message


def test_another_algorithm() -> None:
    request = by_header("GET", "/b")
    changed = request.headers["authorization"].replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
    assert refusal(with_header(request, authorization=changed)).code is AuthCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "date", ("yesterday", "20130524", "20131324T000000Z", "20130524T250000Z", "x" * 1000, "\u0661" * 8 + "T000000Z")
)
def test_a_date_that_is_none(date: str) -> None:
    request = by_header("GET", "/b")
    credential = request.headers["authorization"].replace(request.headers["x-amz-date"][:8], date[:8])
    error = refusal(with_header(request, x_amz_date=date, authorization=credential))
    assert error.code is AuthCode.ACCESS_DENIED
    assert "valid Date or x-amz-date header" in error.message


def test_no_date_at_all() -> None:
    assert refusal(without(by_header("GET", "/b"), "x-amz-date")).code is AuthCode.ACCESS_DENIED


def test_no_digest_of_the_body() -> None:
    error = refusal(without(by_header("GET", "/b"), "x-amz-content-sha256"))
    assert error.code is AuthCode.INVALID_REQUEST
    assert "x-amz-content-sha256" in error.message


@pytest.mark.parametrize("digest", ("", "abc", "g" * 64, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"))
def test_a_digest_that_is_none(digest: str) -> None:
    assert refusal(with_header(by_header("PUT", "/b"), x_amz_content_sha256=digest)).code is AuthCode.INVALID_ARGUMENT


def test_everything_of_amazons_must_be_signed() -> None:
    for request in (by_header("PUT", "/b"), by_query("PUT", "/b")):
        error = refusal(with_header(request, x_amz_acl="public-read", x_amz_meta_a="1"))
        assert error.code is AuthCode.ACCESS_DENIED
        assert error.elements == {"HeadersNotSigned": "x-amz-acl, x-amz-meta-a"}


def test_the_host_must_be_signed() -> None:
    request = by_header("GET", "/b")
    unsigned = request.headers["authorization"].replace("host;", "")
    assert refusal(with_header(request, authorization=unsigned)).elements == {"HeadersNotSigned": "host"}


def test_session_tokens_are_refused() -> None:
    by_token = with_header(by_header("GET", "/b"), x_amz_security_token="t")
    assert refusal(by_token).code is AuthCode.INVALID_TOKEN
    request = by_query("GET", "/b")
    assert refusal(request._replace(query=request.query + "&X-Amz-Security-Token=t")).code is AuthCode.INVALID_TOKEN


@pytest.mark.parametrize(
    ("old", "new", "message"),
    (
        ("X-Amz-Expires=300", "X-Amz-Expires=soon", "should be a number"),
        ("X-Amz-Expires=300", "X-Amz-Expires=" + "9" * 5000, "should be a number"),
        ("X-Amz-Expires=300", "", "requires the X-Amz-Algorithm"),
        ("X-Amz-Expires=300", "X-Amz-Expires=300&X-Amz-Expires=600000", "each of them once"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256", "X-Amz-Algorithm only supports"),
        ("X-Amz-Date=2", "X-Amz-Date=T", "ISO8601"),
        ("tester%2F", "tester", "the Credential is mal-formed"),
        ("%2Fs3%2F", "%2Fsqs%2F", 'incorrect service "sqs"'),
        ("X-Amz-Expires=300", "X-Amz-Expires=300&a=%ff", "not valid UTF-8"),
    ),
)
def test_malformed_parameters_of_a_presigned_url(old: str, new: str, message: str) -> None:
    request = by_query("GET", "/b")
    changed = request._replace(query=request.query.replace(old, new))
    assert changed != request
    error = refusal(changed)
    assert error.code is AuthCode.AUTHORIZATION_QUERY_PARAMETERS_ERROR
    assert message in error.message


def test_the_signature_comes_last() -> None:
    request = by_header("GET", "/b")
    terms, _, signature = request.headers["authorization"].partition(", Signature=")
    algorithm, _, rest = terms.partition(" ")
    assert SIGV4.verify(with_header(request, authorization=f"{terms},Signature={signature} ")).user is TESTER
    for text in (f"{algorithm} Signature={signature}, {rest}", f"{terms}, Signature={signature}, More=1", terms):
        error = refusal(with_header(request, authorization=text))
        assert error.code is AuthCode.AUTHORIZATION_HEADER_MALFORMED
        assert "three components" in error.message


def test_unusually_many_signed_headers_are_verified() -> None:
    headers = {f"x-amz-meta-{number:03}": str(number) for number in range(100)}
    request = by_header("GET", "/b", headers=headers)
    assert len(request.headers["authorization"]) > USUAL_TERMS
    assert SIGV4.verify(request).user is TESTER


@given(st.text(max_size=60))
def test_any_authorization_header_is_refused_cleanly(text: str) -> None:
    request = SignedRequest("GET", "/", "", {"host": HOST, "authorization": "AWS4-HMAC-SHA256 " + text})
    refusal(request)


@given(st.text(max_size=60))
def test_any_parameters_are_refused_cleanly(text: str) -> None:
    request = by_query("GET", "/b")
    name, value = "X-Amz-Credential", quote(text, errors="surrogatepass")
    others = [field for field in request.query.split("&") if not field.startswith(name)]
    refusal(request._replace(query="&".join([*others, f"{name}={value}"])))
