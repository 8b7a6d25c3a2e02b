from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.listing import group_of, paginate, successor
from gateway.core.types import ListQuery, Page, Prefix
from tests.support.listing import ALPHABET, NAMES, QUERIES, naive


@dataclass(frozen=True)
class Row:
    name: str


class Names:
    """Rows to seek in, which count how often they were asked for and how many were looked at."""

    def __init__(self, names: Iterable[str], reverse: bool = False) -> None:
        self._names = sorted(names, key=str.encode)
        self._reverse = reverse
        self.seeks = 0
        self.looked_at = 0

    def seek(self, start: str, included: bool) -> Iterator[Row]:
        self.seeks += 1
        for name in reversed(self._names) if self._reverse else self._names:
            if not start or (included and name == start) or (name < start if self._reverse else name > start):
                self.looked_at += 1
                yield Row(name)


def page(names: Iterable[str], query: ListQuery) -> tuple[list[str], str | None]:
    found: Page[Row | Prefix] = paginate(Names(names, query.reverse).seek, query)
    return [f"<{row.name}>" if isinstance(row, Prefix) else row.name for row in found.items], found.next


@given(st.sets(NAMES, max_size=30), QUERIES)
@example({"a/", "a/b"}, ListQuery(delimiter="/", marker="a/"))
@example({"a//b", "a///"}, ListQuery(delimiter="//", limit=1))
@example({"\U0010ffff", "\U0010ffffa"}, ListQuery(prefix="\U0010ffff", reverse=True))
@example({"\U0010ffffa", "b"}, ListQuery(delimiter="\U0010ffff", limit=1))
@example({"\ud7ff", "\ud7ffa", "\ue000"}, ListQuery(prefix="\ud7ff", reverse=True))
def test_a_page_is_that_of_the_model(names: set[str], query: ListQuery) -> None:
    assert page(names, query) == naive(names, query)


@given(st.sets(NAMES, max_size=30), QUERIES, st.integers(1, 4))
def test_pages_show_every_row_once(names: set[str], query: ListQuery, limit: int) -> None:
    whole, rest = page(names, replace(query, limit=1000))
    assert rest is None
    found: list[str] = []
    marker: str | None = query.marker
    while marker is not None:
        items, marker = page(names, replace(query, limit=limit, marker=marker))
        assert 0 < len(items) <= limit or marker is None
        found += items
    assert found == whole


@given(st.text(st.sampled_from(ALPHABET), max_size=4), st.lists(NAMES))
def test_the_successor_lies_behind_every_name_of_a_prefix_and_before_all_others(prefix: str, names: list[str]) -> None:
    following = successor(prefix)
    if following is None:
        assert not prefix.strip("\U0010ffff")
        return
    for name in [*names, prefix + "\U0010ffff" * 3]:
        assert (name < following) == (name < prefix or name.startswith(prefix))
        assert (name.encode() < following.encode()) == (name < following)


def test_examples_of_successors() -> None:
    assert successor("a/") == "a0"
    assert successor("a\U0010ffff") == "b"
    assert successor("\ud7ff") == "\ue000"
    assert successor("\U0010ffff" * 3) is None
    assert successor("") is None


def test_a_group_ends_with_the_first_delimiter_behind_the_prefix() -> None:
    assert group_of("a/b/c", ListQuery(delimiter="/")) == "a/"
    assert group_of("a/b/c", ListQuery(delimiter="/", prefix="a/")) == "a/b/"
    assert group_of("a/b/c", ListQuery(delimiter="/", prefix="a")) == "a/"
    assert group_of("a/b/", ListQuery(delimiter="/", prefix="a/b/")) is None
    assert group_of("a/b/c", ListQuery(delimiter="//")) is None
    assert group_of("a::b", ListQuery(delimiter="::")) == "a::"
    assert group_of("a/b", ListQuery()) is None


def test_groups_are_jumped_over() -> None:
    names = Names([f"{group}/{number:03}" for group in "abcdef" for number in range(100)])
    found = paginate(names.seek, ListQuery(delimiter="/", limit=3))
    assert found == Page((Prefix("a/"), Prefix("b/"), Prefix("c/")), "c/")
    assert names.looked_at == 4
    assert names.seeks == 4


def test_a_page_costs_as_much_as_the_page() -> None:
    names = Names([f"{number:05}" for number in range(10_000)])
    found = paginate(names.seek, ListQuery(limit=10, marker="05000"))
    assert [row.name for row in found.items] == [f"{number:05}" for number in range(5001, 5011)]
    assert (names.looked_at, names.seeks) == (11, 1)


def test_nothing_is_looked_at_where_no_rows_are_wanted() -> None:
    for limit in (0, -1):
        names = Names(["a"])
        assert paginate(names.seek, ListQuery(limit=limit)) == Page(())
        assert names.looked_at == 0
