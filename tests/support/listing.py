"""A listing as its rules say it, without any cleverness: what `paginate` and the stores are measured against."""

from collections.abc import Iterable

from hypothesis import strategies as st

from gateway.core.types import ListQuery


def naive(names: Iterable[str], query: ListQuery) -> tuple[list[str], str | None]:
    """The rows of one page, groups as `<name>`, and the marker of the next page."""
    rows: list[str] = []
    for name in sorted(names, key=str.encode, reverse=query.reverse):
        if not name.startswith(query.prefix) or not _within(name, query):
            continue
        row = _row(name, query)
        if row not in rows and row != f"<{query.marker}>":
            rows.append(row)
    if query.limit <= 0:
        return [], None
    shown = rows[: query.limit]
    return shown, shown[-1].removeprefix("<").removesuffix(">") if len(rows) > len(shown) else None


def _row(name: str, query: ListQuery) -> str:
    head, delimiter, _ = name[len(query.prefix) :].partition(query.delimiter) if query.delimiter else (name, "", "")
    return f"<{query.prefix}{head}{delimiter}>" if delimiter else name


def _within(name: str, query: ListQuery) -> bool:
    spelt, marker, end = name.encode(), query.marker.encode(), query.end_marker.encode()
    if query.reverse:
        return (not marker or spelt < marker) and (not end or spelt > end)
    return spelt > marker and (not end or spelt < end)


ALPHABET = "ab/-é\ud7ff\ue000\uffff\U0001f600\U0010ffff"
"""Characters that lie beside the edges of UTF-8, and some to share prefixes with."""

NAMES = st.text(st.sampled_from(ALPHABET), min_size=1, max_size=5)
BOUNDS = st.one_of(st.just(""), NAMES)

QUERIES = st.builds(
    ListQuery,
    prefix=st.one_of(st.just(""), st.text(st.sampled_from(ALPHABET), max_size=2)),
    delimiter=st.sampled_from(("", "/", "-", "//", "a/", "é", "\U0010ffff")),
    marker=BOUNDS,
    end_marker=BOUNDS,
    limit=st.integers(0, 6),
    reverse=st.booleans(),
)
