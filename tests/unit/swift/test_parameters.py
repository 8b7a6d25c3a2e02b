import pytest

from gateway.core.types import ListQuery
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.parameters import MAX_FIELDS, Parameters, truth
from gateway.frontends.swift.rows import wanted


def test_parameters() -> None:
    found = Parameters("a=1&a=2&b=&c=%C3%A9+%2B&d")
    assert [found.get(name) for name in "abcde"] == ["2", "", "é +", "", ""]
    assert "d" in found
    assert "e" not in found
    assert found.get("e", "x") == "x"


def test_parameters_have_to_be_utf8_where_they_count() -> None:
    found = Parameters("bad=%FF&good=1")
    assert found.get("good") == "1"
    with pytest.raises(Refusal, match='"bad" parameter not valid UTF-8') as refused:
        found.get("bad")
    assert refused.value.status == 400


def test_parameters_by_the_thousand_are_refused() -> None:
    assert f"p{MAX_FIELDS - 1}" in Parameters("&".join(f"p{number}=" for number in range(MAX_FIELDS)))
    with pytest.raises(Refusal) as refused:
        Parameters("&".join(f"p{number}=" for number in range(MAX_FIELDS + 1)))
    assert refused.value.status == 400


def test_truth() -> None:
    assert all(truth(text) for text in ("true", "1", "yes", "on", "t", "y", "TRUE"))
    assert not any(truth(text) for text in ("", "false", "no", "off", "garbage", "2"))


def test_what_a_listing_wants() -> None:
    found = wanted(Parameters("prefix=p&delimiter=//&marker=m&end_marker=z&limit=5&reverse=on"), "text/xml", 100)
    assert found.query == ListQuery(prefix="p", delimiter="//", marker="m", end_marker="z", limit=5, reverse=True)
    assert found.format is Format.TEXT_XML
    assert found.path is None
    assert found.headers == [("Content-Type", "text/xml; charset=utf-8"), ("Vary", "Accept")]


def test_a_stated_format_does_not_vary() -> None:
    assert wanted(Parameters("format=json"), "", 100).headers == [("Content-Type", "application/json; charset=utf-8")]


@pytest.mark.parametrize(
    ("limit", "expected"),
    (("", 100), ("x", 100), ("-1", 100), ("5.0", 100), ("٥", 100), ("0", 0), ("7", 7), ("100", 100)),
)
def test_limits(limit: str, expected: int) -> None:
    assert wanted(Parameters(f"limit={limit}"), "", 100).query.limit == expected


@pytest.mark.parametrize("limit", ("101", "9" * 5000))
def test_limits_over_the_limit(limit: str) -> None:
    with pytest.raises(Refusal, match="Maximum limit is 100") as refused:
        wanted(Parameters(f"limit={limit}"), "", 100)
    assert refused.value.status == 412


def test_an_empty_path_is_a_path() -> None:
    assert wanted(Parameters("path="), "", 100).path == ""
