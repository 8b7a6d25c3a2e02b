"""Requests as signatures see them: which scheme signs one, and how its query and headers are read."""

import pytest
from hypothesis import given

from gateway.auth.errors import AuthCode, AuthError
from gateway.auth.request import Scheme, SignedRequest, fold, parse_query, scheme_of
from tests.unit.auth.signing import HOST, TESTER, by_header
from tests.unit.auth.verifying import QUERIES, SIGV4, raw_query


@pytest.mark.parametrize(
    ("query", "headers", "scheme"),
    (
        ("", {}, Scheme.ANONYMOUS),
        ("prefix=Signature", {}, Scheme.ANONYMOUS),
        ("", {"authorization": "AWS4-HMAC-SHA256 x"}, Scheme.V4_HEADER),
        ("", {"authorization": "AWS key:sig"}, Scheme.V2_HEADER),
        ("a=1&X-Amz-Algorithm=AWS4-HMAC-SHA256", {}, Scheme.V4_QUERY),
        ("AWSAccessKeyId=a&Expires=1&Signature=b", {}, Scheme.V2_QUERY),
    ),
)
def test_the_scheme_of_a_request(query: str, headers: dict[str, str], scheme: Scheme) -> None:
    assert scheme_of(SignedRequest("GET", "/", query, headers)) is scheme


@pytest.mark.parametrize(
    ("query", "headers"),
    (
        ("X-Amz-Algorithm=x", {"authorization": "AWS4-HMAC-SHA256 x"}),
        ("X-Amz-Algorithm=x&Signature=x", {}),
        ("", {"authorization": "Bearer x"}),
        ("", {"authorization": ""}),
    ),
)
def test_two_schemes_or_an_unknown_one(query: str, headers: dict[str, str]) -> None:
    with pytest.raises(AuthError) as caught:
        scheme_of(SignedRequest("GET", "/", query, headers))
    assert caught.value.code is AuthCode.INVALID_ARGUMENT


def test_repeated_headers_are_joined_and_signed_so() -> None:
    headers = fold([("X-Amz-Meta-A", "1"), ("Host", HOST), ("x-amz-meta-a", "2")])
    assert headers == {"x-amz-meta-a": "1,2", "host": HOST}
    request = by_header("GET", "/b", headers={"x-amz-meta-a": "1,2"})
    assert SIGV4.verify(request._replace(headers={**request.headers, **headers})).user is TESTER


@given(QUERIES)
def test_a_query_is_parsed_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    assert parse_query(raw_query(pairs)) == pairs


def test_a_query_that_is_no_utf8() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        parse_query("a=%ff")
