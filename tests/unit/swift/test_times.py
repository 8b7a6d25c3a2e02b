from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.frontends.swift.times import iso8601, last_modified, timestamp

TIMES = st.integers(0, 4_000_000_000 * 10**9)


@pytest.mark.parametrize(
    ("nanoseconds", "stamp", "iso", "header"),
    (
        (0, "0000000000.00000", "1970-01-01T00:00:00.000000", "Thu, 01 Jan 1970 00:00:00 GMT"),
        (9_999, "0000000000.00000", "1970-01-01T00:00:00.000000", "Thu, 01 Jan 1970 00:00:00 GMT"),
        (10_000, "0000000000.00001", "1970-01-01T00:00:00.000010", "Thu, 01 Jan 1970 00:00:01 GMT"),
        (
            1_795_229_234_720_400_000,
            "1795229234.72040",
            "2026-11-21T02:47:14.720400",
            "Sat, 21 Nov 2026 02:47:15 GMT",
        ),
        (
            1_795_229_234_000_000_000,
            "1795229234.00000",
            "2026-11-21T02:47:14.000000",
            "Sat, 21 Nov 2026 02:47:14 GMT",
        ),
    ),
)
def test_times_as_swift_writes_them(nanoseconds: int, stamp: str, iso: str, header: str) -> None:
    assert timestamp(nanoseconds) == stamp
    assert iso8601(nanoseconds) == iso
    assert last_modified(nanoseconds) == header


@given(TIMES)
def test_all_three_mean_the_same_moment(nanoseconds: int) -> None:
    moment = datetime.fromisoformat(iso8601(nanoseconds)).replace(tzinfo=UTC)
    assert f"{moment.timestamp():016.5f}" == timestamp(nanoseconds)
    rounded = parsedate_to_datetime(last_modified(nanoseconds))
    assert 0 <= (rounded - moment).total_seconds() < 1
