import pytest
from multidict import CIMultiDict

from gateway.core.conditions import ANY, When
from gateway.core.ranges import Span
from gateway.core.types import Key, Meta
from gateway.frontends.http.headers import http_date, parse_http_date, range_applies, spans_of, when_of

FOUND = Meta(key=Key("b", "k"), size=1, etag="abc", modified=1_700_000_000_999_999_999)


def test_dates_go_both_ways() -> None:
    assert http_date(1_700_000_000_999_999_999) == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert parse_http_date("Tue, 14 Nov 2023 22:13:20 GMT") == 1_700_000_000


@pytest.mark.parametrize("text", ("", "yesterday", "Tue, 99 Nov 2023 22:13:20 GMT", "x" * 10_000, "-1", "1e999"))
def test_what_is_no_date_is_ignored(text: str) -> None:
    assert parse_http_date(text) is None


def test_no_condition_is_the_shared_one() -> None:
    assert when_of(CIMultiDict()) is ANY


def test_conditions_are_read_whatever_their_case() -> None:
    headers = CIMultiDict({"if-match": 'W/"a", "b"', "IF-MODIFIED-SINCE": "Tue, 14 Nov 2023 22:13:20 GMT"})
    assert when_of(headers) == When(if_match=("a", "b"), if_modified_since=1_700_000_000)


def test_conditions_of_a_copy_speak_of_its_source() -> None:
    headers = CIMultiDict({"x-amz-copy-source-if-none-match": "*", "If-Match": "c"})
    assert when_of(headers, "x-amz-copy-source-if-") == When(if_none_match=("*",))


def test_spans() -> None:
    assert spans_of(CIMultiDict()) == ()
    assert spans_of(CIMultiDict({"range": "bytes=0-1,-5"})) == (Span(0, 1), Span(None, 5))


@pytest.mark.parametrize(
    ("if_range", "applies"),
    (
        ('"abc"', True),
        ('"other"', False),
        ('W/"abc"', False),
        ("Tue, 14 Nov 2023 22:13:20 GMT", True),
        ("Tue, 14 Nov 2023 22:13:21 GMT", False),
    ),
)
def test_if_range(if_range: str, applies: bool) -> None:
    assert range_applies(if_range, FOUND) is applies
