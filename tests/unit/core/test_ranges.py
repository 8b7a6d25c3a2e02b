import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import BadRange
from gateway.core.ranges import MAX_SPANS, Extent, Span, content_range, parse_range, resolve

HEADERS = {
    "bytes=0-0": (Span(0, 0),),
    "bytes=0-499": (Span(0, 499),),
    "bytes=500-": (Span(500),),
    "bytes=-500": (Span(None, 500),),
    "bytes=-0": (Span(None, 0),),
    "bytes=9500-": (Span(9500),),
    "bytes=0-0,-1": (Span(0, 0), Span(None, 1)),
    "bytes=500-600,601-999": (Span(500, 600), Span(601, 999)),
    "bytes=500-700 , 601-999": (Span(500, 700), Span(601, 999)),
    "bytes= 0-1": (Span(0, 1),),
    "bytes=,0-1,,2-3,": (Span(0, 1), Span(2, 3)),
    "BYTES=0-1": (Span(0, 1),),
    " bytes =0-1": (Span(0, 1),),
    "bytes=007-008": (Span(7, 8),),
    "bytes=0-99999999999999999999": (Span(0, 99999999999999999999),),
}

IGNORED = (
    "",
    "bytes",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=--1",
    "bytes=1",
    "bytes=a-b",
    "bytes=0x1-0x2",
    "bytes=1-0",
    "bytes=+1-2",
    "bytes=1.0-2",
    "bytes=1-2-3",
    "bytes=1-2;3-4",
    "bytes=0-1,x",
    "bytes=0-1,5-4",
    "bytes=٣-٤",
    "items=0-1",
    "0-1",
    "seconds=1-2",
    "bytes=0-" + "9" * 100,
    "bytes=" + ",".join(["0-0"] * (MAX_SPANS + 1)),
)


@pytest.mark.parametrize(("header", "spans"), HEADERS.items())
def test_a_range_header_is_read(header: str, spans: tuple[Span, ...]) -> None:
    assert parse_range(header) == spans


@pytest.mark.parametrize("header", IGNORED, ids=lambda header: header[:30])
def test_a_header_that_is_malformed_or_of_another_unit_is_ignored(header: str) -> None:
    assert parse_range(header) == ()


def test_as_many_spans_as_the_limit_allows_are_read() -> None:
    assert parse_range("bytes=" + ",".join(["0-0"] * MAX_SPANS)) == (Span(0, 0),) * MAX_SPANS


@given(st.text())
def test_no_header_breaks_the_parser(text: str) -> None:
    parse_range(text)
    parse_range("bytes=" + text)


sizes = st.integers(0, 30)
positions = st.integers(0, 40)


def _span(first: int, length: int | None) -> Span:
    return Span(first, None if length is None else first + length)


spans = st.one_of(
    st.builds(_span, positions, st.one_of(st.none(), positions)), st.builds(Span, st.none(), st.integers(0, 40))
)


def spelt(span: Span) -> str:
    return f"{'' if span.first is None else span.first}-{'' if span.last is None else span.last}"


@given(st.lists(spans, min_size=1, max_size=5))
def test_what_is_written_is_read(wanted: list[Span]) -> None:
    assert parse_range("bytes=" + ", ".join(map(spelt, wanted))) == tuple(wanted)


@given(spans, sizes)
def test_a_span_means_the_bytes_that_rfc_9110_says(span: Span, size: int) -> None:
    numbers = range(size)
    if span.first is None:
        expected = numbers[max(0, size - (span.last or 0)) :]
    else:
        expected = numbers[span.first : None if span.last is None else span.last + 1]
    if not expected:
        with pytest.raises(BadRange) as refused:
            span.resolve(size)
        assert refused.value.size == size
        return
    extent = span.resolve(size)
    assert range(extent.start, extent.stop) == expected
    assert len(extent) == len(expected)
    assert resolve(span, size) == extent
    assert content_range(extent, size) == f"bytes {expected[0]}-{expected[-1]}/{size}"


def test_no_span_means_the_whole_object() -> None:
    assert resolve(None, 7) == Extent(0, 7)
    assert resolve(None, 0) == Extent(0, 0)


def test_examples_of_content_range() -> None:
    assert content_range(Extent(0, 500), 1234) == "bytes 0-499/1234"
    assert content_range(Extent(734, 1234), 1234) == "bytes 734-1233/1234"
