"""Verification against botocore's signer as the oracle, and what does not match."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate
from hashlib import sha256
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import sigv4
from gateway.auth.errors import AuthCode
from gateway.auth.principals import Registry
from gateway.auth.request import SignedRequest
from gateway.auth.sigv4 import PayloadKind, SigV4
from tests.unit.auth.signing import ODD, REGION, REGISTRY, TESTER, by_header, by_query
from tests.unit.auth.verifying import QUERIES, SIGV4, WORDS, raw_query, refusal, with_header, without

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
OTHERS = WORDS.filter(lambda word: word != "" and not word.startswith("X-Amz-"))
"""Parameters that are not the signature's own."""
NAMES = st.sampled_from(["x-amz-meta-a", "x-amz-meta-b-c", "x-amz-acl", "content-type", "range", "x-other"])
VALUES = st.text(st.sampled_from("abc ;,=:\"'%+/\t\u00e9"), max_size=20)


def raw_path(key: str) -> str:
    return "/bucket/" + quote(key, safe="/~")


def at(offset: float) -> SigV4:
    """A verifier whose clock is `offset` seconds ahead."""
    return SigV4(REGISTRY, REGION, lambda: time.time() + offset)


@given(st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE"]), KEYS, QUERIES, st.dictionaries(NAMES, VALUES))
def test_what_botocore_signs_by_header_is_verified(
    method: str, key: str, query: list[tuple[str, str]], headers: Mapping[str, str]
) -> None:
    request = by_header(method, raw_path(key), raw_query(query), headers, b"body")
    verified = SIGV4.verify(request)
    assert verified.user is TESTER
    assert verified.payload == (PayloadKind.SIGNED, sha256(b"body").hexdigest())
    assert request.headers["authorization"].endswith(verified.signature)


@given(st.sampled_from(["GET", "PUT"]), KEYS, st.dictionaries(OTHERS, WORDS), st.integers(1, 604_800))
def test_what_botocore_presigns_is_verified(method: str, key: str, query: dict[str, str], expires: int) -> None:
    request = by_query(method, raw_path(key), raw_query(list(query.items())), expires=expires)
    verified = SIGV4.verify(request)
    assert (verified.user, verified.payload.kind) == (TESTER, PayloadKind.UNSIGNED)


def test_an_odd_access_key_and_secret_are_verified() -> None:
    assert SIGV4.verify(by_header("GET", "/b/k", user=ODD)).user is ODD
    assert SIGV4.verify(by_query("GET", "/b/k", user=ODD)).user is ODD


@pytest.mark.parametrize(
    ("signed", "received"),
    (
        ("/b/a%20b", "/b/a b"),
        ("/b/%2B%3D", "/b/+="),
        ("/b/a~b-c_d.e", "/b/%61%7Eb%2Dc%5Fd%2Ee"),
        ("/b/%C3%A9", "/b/%c3%a9"),
        ("/b/%C3%A9", "/b/é"),
        ("/b/%FF", "/b/\udcff"),
        ("/b/a/c", "/b/a%2Fc"),
        ("/b/%25zz", "/b/%zz"),
    ),
)
def test_a_path_counts_by_its_bytes_however_it_is_escaped(signed: str, received: str) -> None:
    assert SIGV4.verify(by_header("GET", signed)._replace(path=received)).user is TESTER


@pytest.mark.parametrize("path", ("/b/a//b", "/b/./a", "/b/a/../c", "/b/a/", "//b/a"))
def test_a_path_is_not_normalised(path: str) -> None:
    assert SIGV4.verify(by_header("GET", path)).user is TESTER
    assert refusal(by_header("GET", path)._replace(path="/b/a")).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_an_empty_path_is_the_root() -> None:
    assert SIGV4.verify(by_header("GET", "/")._replace(path="")).user is TESTER


@pytest.mark.parametrize(
    ("signed", "received"),
    (
        ("a=b%20c", "a=b+c"),
        ("a=b%20c", "a=b c"),
        ("prefix=a%2Fb", "prefix=a/b"),
        ("acl=", "acl"),
        ("a=1&b=2", "b=2&a=1"),
        ("a=1&a=2", "a=2&a=1"),
        ("a=1&b=2", "a=1&&b=2&"),
        ("a=b%3Dc", "a=b=c"),
        ("m=%C3%A9", "m=%c3%a9"),
    ),
)
def test_a_query_counts_by_its_pairs(signed: str, received: str) -> None:
    assert SIGV4.verify(by_header("GET", "/b", signed)._replace(query=received)).user is TESTER


@pytest.mark.parametrize(("signed", "received"), (("a b", "  a   b\t"), ("", "  "), ("a", " a")))
def test_blanks_around_and_inside_of_values_do_not_count(signed: str, received: str) -> None:
    request = by_header("GET", "/b", headers={"x-amz-meta-a": signed})
    assert SIGV4.verify(with_header(request, x_amz_meta_a=received)).user is TESTER


def test_bytes_that_are_no_text_are_signed_as_they_are() -> None:
    raw = b"\xff\xfe".decode("utf-8", "surrogateescape")
    request = with_header(by_header("GET", "/b"), x_amz_meta_a=raw)
    assert refusal(request).code is AuthCode.ACCESS_DENIED
    listed = request.headers["authorization"].replace("x-amz-date", "x-amz-date;x-amz-meta-a")
    assert refusal(with_header(request, authorization=listed)).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_a_date_header_stands_in_for_x_amz_date() -> None:
    request = by_header("GET", "/b", headers={"Date": formatdate(usegmt=True)})
    assert "x-amz-date" not in request.headers
    assert SIGV4.verify(request).user is TESTER


@pytest.mark.parametrize(
    ("header", "kind"),
    (
        ("UNSIGNED-PAYLOAD", PayloadKind.UNSIGNED),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", PayloadKind.STREAMING),
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", PayloadKind.STREAMING_TRAILER),
        ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", PayloadKind.STREAMING_UNSIGNED_TRAILER),
    ),
)
def test_kinds_of_payload(header: str, kind: PayloadKind) -> None:
    assert SIGV4.verify(by_header("PUT", "/b/k", payload=header)).payload == (kind, "")
    assert kind.is_chunked is header.startswith("STREAMING")


def test_a_presigned_url_may_state_the_digest_of_the_body() -> None:
    request = with_header(by_query("PUT", "/b/k"), x_amz_content_sha256="UNSIGNED-PAYLOAD")
    assert SIGV4.verify(request).payload.kind is PayloadKind.UNSIGNED
    request = with_header(request, x_amz_content_sha256="0" * 64)
    assert refusal(request).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_the_key_of_a_day_is_derived_once(monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[str] = []

    def counting(secret: str, day: str, region: str, service: str) -> bytes:
        derived.append(day)
        return original(secret, day, region, service)

    original = sigv4.signing_key
    monkeypatch.setattr(sigv4, "signing_key", counting)
    verifier = SigV4(REGISTRY, REGION)
    for number in range(3):
        verifier.verify(by_header("GET", f"/b/{number}"))
    assert len(derived) == 1


def test_a_changed_secret_counts_at_once() -> None:
    request = by_header("GET", "/b")
    SIGV4.verify(request)
    changed = SigV4(Registry([replace(TESTER, secret="another")]), REGION)
    assert refusal(request, changed).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


@pytest.mark.parametrize(
    "change",
    (
        {"method": "PUT"},
        {"path": "/b/k2"},
        {"query": "a=2"},
        {"query": "a=1&b"},
        {"query": ""},
    ),
)
@pytest.mark.parametrize("signer", (by_header, by_query))
def test_a_changed_request_does_not_match(
    signer: Callable[[str, str, str], SignedRequest], change: dict[str, str]
) -> None:
    request = signer("GET", "/b/k", "a=1")
    changed = SignedRequest(
        change.get("method", request.method),
        change.get("path", request.path),
        request.query.replace("a=1", change.get("query", "a=1")),
        request.headers,
    )
    assert refusal(changed).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


@pytest.mark.parametrize(
    ("name", "value"),
    (("host", "other.example"), ("x_amz_content_sha256", "UNSIGNED-PAYLOAD"), ("x_amz_meta_a", "2")),
)
def test_a_changed_header_does_not_match(name: str, value: str) -> None:
    request = by_header("GET", "/b", headers={"x-amz-meta-a": "1"})
    assert refusal(with_header(request, **{name: value})).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_a_missing_signed_header_does_not_match() -> None:
    request = by_header("GET", "/b", headers={"x-amz-meta-a": "1"})
    assert refusal(without(request, "x-amz-meta-a")).code is AuthCode.SIGNATURE_DOES_NOT_MATCH


def test_n05_a_bad_signature_tells_what_was_signed_and_nothing_secret() -> None:
    request = by_header("GET", "/b/k")
    bad = with_header(request, authorization=request.headers["authorization"][:-1] + "\u00e9")
    error = refusal(bad)
    assert error.code is AuthCode.SIGNATURE_DOES_NOT_MATCH
    assert error.elements["AWSAccessKeyId"] == "tester"
    assert error.elements["CanonicalRequest"].startswith("GET\n/b/k\n\nhost:")
    assert error.elements["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert "testing-secret" not in repr((error.message, error.elements))


def test_an_unknown_access_key() -> None:
    error = refusal(by_header("GET", "/b", user=replace(TESTER, access_key="nobody")))
    assert (error.code, error.elements) == (AuthCode.INVALID_ACCESS_KEY_ID, {"AWSAccessKeyId": "nobody"})


@pytest.mark.parametrize("offset", (901, -901, 86_400, -86_400))
def test_a_skewed_clock(offset: int) -> None:
    error = refusal(by_header("GET", "/b"), at(offset))
    assert error.code is AuthCode.REQUEST_TIME_TOO_SKEWED
    assert error.elements["MaxAllowedSkewMilliseconds"] == "900000"


@pytest.mark.parametrize("offset", (890, -890))
def test_a_clock_that_is_off_by_less_than_15_minutes(offset: int) -> None:
    assert at(offset).verify(by_header("GET", "/b")).user is TESTER


def test_a_presigned_url_lives_as_long_as_it_says() -> None:
    request = by_query("GET", "/b/k", expires=2000)
    assert at(1990).verify(request).user is TESTER
    assert at(-890).verify(request).user is TESTER
    expired, early = refusal(request, at(2005)), refusal(request, at(-910))
    assert (expired.code, expired.message) == (AuthCode.ACCESS_DENIED, "Request has expired")
    assert expired.elements["X-Amz-Expires"] == "2000"
    assert (early.code, early.message) == (AuthCode.ACCESS_DENIED, "Request is not valid yet")


def test_a_presigned_url_lives_a_second_to_a_week() -> None:
    for seconds in (1, 604_800):
        assert SIGV4.verify(by_query("GET", "/b/k", expires=seconds)).user is TESTER
    for seconds in (0, -1, 604_801):
        assert refusal(by_query("GET", "/b/k", expires=seconds)).code is AuthCode.ACCESS_DENIED


def test_another_region_is_named() -> None:
    error = refusal(by_header("GET", "/b", region="eu-west-1"))
    assert error.code is AuthCode.AUTHORIZATION_HEADER_MALFORMED
    assert error.elements == {"Region": REGION}
    assert "the region 'eu-west-1' is wrong; expecting 'us-east-1'" in error.message
    error = refusal(by_query("GET", "/b", region="eu-west-1"))
    assert (error.code, error.elements) == (
        AuthCode.AUTHORIZATION_QUERY_PARAMETERS_ERROR,
        {"Region": REGION},
    )
