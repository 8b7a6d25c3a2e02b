import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.s3.text import escape, iso8601, parse_iso8601


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    (
        (0, "1970-01-01T00:00:00.000Z"),
        (1_255_369_830_000_000_000, "2009-10-12T17:50:30.000Z"),
        (1_255_369_830_999_999_999, "2009-10-12T17:50:30.999Z"),
        (-1_000_000, "1969-12-31T23:59:59.999Z"),
    ),
)
def test_times_are_written_with_milliseconds(nanoseconds: int, text: str) -> None:
    assert iso8601(nanoseconds) == text


@pytest.mark.parametrize(
    "text",
    (
        "2009-10-12T17:50:30.000Z",
        "2009-10-12T17:50:30Z",
        "2009-10-12T17:50:30",
        "2009-10-12T19:50:30+02:00",
        "20091012T175030Z",
    ),
)
def test_times_are_read_in_the_forms_that_sdks_write(text: str) -> None:
    assert parse_iso8601(text) == 1_255_369_830_000_000_000


@pytest.mark.parametrize("text", ("", "noon", "2009-13-01", "2009-10-12T25:00:00Z"))
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_iso8601(text)


@given(st.integers(0, 253_402_300_799_999))
def test_times_come_back_as_they_were(milliseconds: int) -> None:
    assert parse_iso8601(iso8601(milliseconds * 1_000_000)) == milliseconds * 1_000_000


def test_escapes() -> None:
    assert escape("a<b>&\"'\n\x01\ud800") == "a&lt;b&gt;&amp;&quot;'&#xa;&#x1;\ufffd"
