from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.entries import Entry, Rows, entry_of, is_marker
from gateway.core.listing import paginate
from gateway.core.types import DIRECTORY_TYPE, Key, ListQuery, Meta, Page, Prefix, Props

NAMES = st.sets(st.text(st.sampled_from("a-/~.é"), min_size=1, max_size=6), max_size=30)


def meta(name: str, content_type: str = "text/plain", size: int = 3) -> Meta:
    return Meta(key=Key("b", name), size=size, etag="e", modified=7, props=Props(content_type=content_type))


def page_of(names: list[str], query: ListQuery) -> Page[Meta | Prefix]:
    rows = [meta(name) for name in sorted(names)]
    return paginate(lambda start, inside: (r for r in rows if r.name > start or (inside and r.name == start)), query)


def listed(names: list[str], prefix: str, limit: int) -> list[Entry]:
    """A directory as it comes out of pages of `limit` rows."""
    rows, marker, entries = Rows(prefix), "", list[Entry]()
    while True:
        page = page_of(names, ListQuery(prefix=prefix, delimiter="/", marker=marker, limit=limit))
        entries += rows.feed(page.items)
        if page.next is None:
            return [*entries, *rows.rest()]
        marker = page.next


@given(NAMES, st.sampled_from(("", "a/", "-/", "a-/")), st.integers(1, 5))
def test_a_directory_shows_each_name_once_and_prefers_directories(names: set[str], prefix: str, limit: int) -> None:
    below = [name.removeprefix(prefix) for name in names if name.startswith(prefix) and name != prefix]
    directories = {name.split("/")[0] for name in below if "/" in name} - {""}
    files = {name for name in below if "/" not in name} - directories
    entries = listed(sorted(names), prefix, limit)
    assert sorted((entry.name, entry.is_directory) for entry in entries) == sorted(
        chain(((name, True) for name in directories), ((name, False) for name in files))
    )


def test_only_a_chain_of_beginnings_is_held_back() -> None:
    rows = Rows("")
    assert [entry.name for entry in rows.feed([meta("a"), meta("a-b"), meta("a-b-c")])] == []
    assert [entry.name for entry in rows.feed([meta("a-b-d")])] == ["a-b-c"]
    assert [entry.name for entry in rows.feed([Prefix("a-b/")])] == ["a-b-d", "a-b"]
    assert [(entry.name, entry.is_directory) for entry in rows.feed([Prefix("a/"), meta("b")])] == [("a", True)]
    assert [entry.name for entry in rows.rest()] == ["b"]


def test_a_long_listing_is_not_held_back() -> None:
    rows = Rows("")
    assert len(list(rows.feed([meta(f"{number:05}") for number in range(1000)]))) == 999


def test_an_older_marker_beside_its_prefix_is_one_directory_with_the_markers_time() -> None:
    rows = Rows("d/")
    entries = [*rows.feed([meta("d/"), meta("d/a", DIRECTORY_TYPE, 0), Prefix("d/a/")]), *rows.rest()]
    assert entries == [Entry(name="a", is_directory=True, modified=7)]


def test_directories_without_a_time_of_their_own_have_that_of_all() -> None:
    rows = Rows("", since=5)
    entries = [*rows.feed([meta("a", DIRECTORY_TYPE, 0), Prefix("a/"), Prefix("b/"), meta("c")]), *rows.rest()]
    assert [(entry.name, entry.modified) for entry in entries] == [("a", 7), ("b", 5), ("c", 7)]


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    (
        ("a/", "text/plain", True),
        ("a", DIRECTORY_TYPE, True),
        ("a", DIRECTORY_TYPE + "; charset=utf-8", True),
        ("a", "application/directory-of-people", False),
        ("a", "text/plain", False),
    ),
)
def test_markers_are_known_by_name_or_type(name: str, content_type: str, expected: bool) -> None:
    assert is_marker(meta(name, content_type)) is expected


def test_a_files_entry_carries_what_listings_show() -> None:
    assert entry_of(meta("d/a"), "a") == Entry(
        name="a", is_directory=False, size=3, modified=7, content_type="text/plain"
    )
