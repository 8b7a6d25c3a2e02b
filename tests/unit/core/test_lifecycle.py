"""What rules say of objects, past versions, markers and uploads."""

from collections.abc import Sequence
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.conditions import SECOND
from gateway.core.lifecycle import (
    DAY,
    Case,
    Expiry,
    Filter,
    Form,
    Kind,
    Rule,
    Succession,
    due,
    pack,
    prefixes,
    unpack,
    upload_due,
)
from gateway.core.types import Key, Meta
from gateway.core.versions import Version

NOON = 20_000 * DAY + DAY // 2

TAGS = st.lists(st.tuples(st.text("ab", min_size=1, max_size=2), st.text("ab", max_size=2)), max_size=2).map(tuple)
NUMBERS = st.none() | st.integers(1, 5)
FILTERS = st.builds(
    Filter,
    form=st.sampled_from(Form),
    prefix=st.text("ab/", max_size=3),
    tags=TAGS,
    larger=st.none() | st.integers(0, 9),
    smaller=NUMBERS,
)
RULES = st.builds(
    Rule,
    id=st.text(max_size=3),
    enabled=st.booleans(),
    filter=FILTERS,
    days=NUMBERS,
    date=st.none() | st.integers(0, 30_000).map(lambda day: day * DAY),
    markers=st.booleans(),
    past_days=NUMBERS,
    kept=st.integers(0, 2),
    upload_days=NUMBERS,
)


def version(
    name: str = "k", *, modified: int = NOON, size: int = 5, latest: bool = True, marker: bool = False
) -> Version:
    return Version(meta=Meta(key=Key("b", name), size=size, etag="e", modified=modified), latest=latest, marker=marker)


def current(modified: int = NOON) -> Case:
    return Case(Kind.CURRENT, version(modified=modified))


def at(rules: Sequence[Rule], case: Case, tags: dict[str, str] | None = None) -> int | None:
    found = due(rules, case, {} if tags is None else tags)
    return None if found is None else found.at


@given(st.lists(RULES, max_size=3).map(tuple))
def test_rules_come_back_as_they_were_packed(rules: tuple[Rule, ...]) -> None:
    assert unpack(pack(rules)) == rules


@pytest.mark.parametrize(
    ("modified", "days", "expected"),
    (
        (NOON, 1, 20_002 * DAY),
        (NOON, 30, 20_031 * DAY),
        (20_000 * DAY, 1, 20_001 * DAY),
        (20_000 * DAY + 1, 1, 20_002 * DAY),
        (20_001 * DAY - 1, 1, 20_002 * DAY),
    ),
)
def test_days_end_at_the_midnight_that_follows(modified: int, days: int, expected: int) -> None:
    assert at([Rule(id="r", days=days)], current(modified=modified)) == expected
    assert at([Rule(id="r", past_days=days)], Case(Kind.PAST, version(), since=modified)) == expected
    rule = Rule(id="r", upload_days=days)
    assert upload_due([Rule(id="later", upload_days=days + 1), rule], "k", modified) == Expiry(expected, rule)


@pytest.mark.parametrize(
    ("found", "name", "size", "tags", "admitted"),
    (
        (Filter(), "any", 0, {}, True),
        (Filter(prefix="logs/"), "logs/a", 1, {}, True),
        (Filter(prefix="logs/"), "log", 1, {}, False),
        (Filter(larger=5), "k", 5, {}, False),
        (Filter(larger=5), "k", 6, {}, True),
        (Filter(smaller=5), "k", 5, {}, False),
        (Filter(smaller=5), "k", 4, {}, True),
        (Filter(larger=5, smaller=7), "k", 6, {}, True),
        (Filter(tags=(("a", "1"),)), "k", 1, {"a": "1", "b": "2"}, True),
        (Filter(tags=(("a", "1"),)), "k", 1, {"a": "2"}, False),
        (Filter(tags=(("a", "1"), ("b", "2"))), "k", 1, {"a": "1"}, False),
        (Filter(tags=(("a", ""),)), "k", 1, {}, False),
        (Filter(tags=(("a", "1"),)), "k", 1, None, True),
        (Filter(prefix="x", tags=(("a", "1"),)), "k", 1, None, False),
    ),
)
def test_what_a_filter_admits(found: Filter, name: str, size: int, tags: dict[str, str] | None, admitted: bool) -> None:
    assert found.admits(name, size, tags) is admitted
    assert (
        due([Rule(id="r", filter=found, days=1)], Case(Kind.CURRENT, version(name, size=size)), tags) is not None
    ) is (admitted)


def test_the_first_of_the_rules_counts_and_disabled_ones_do_not() -> None:
    rules = [Rule(id="late", days=9), Rule(id="early", days=2), Rule(id="off", days=1, enabled=False)]
    found = due(rules, current(), {})
    assert found is not None
    assert (found.rule.id, found.at) == ("early", 20_003 * DAY)
    assert upload_due([Rule(id="off", upload_days=1, enabled=False)], "k", NOON) is None


def test_a_date_is_that_date_for_all() -> None:
    rule = Rule(id="r", date=123 * DAY)
    assert at([rule], current()) == at([rule], Case(Kind.MARKER, version(marker=True))) == 123 * DAY
    assert at([rule], Case(Kind.PAST, version(), since=NOON)) is None


def test_each_kind_has_its_own_rules() -> None:
    cases = {kind: Case(kind, version(marker=kind is Kind.MARKER), since=NOON) for kind in Kind}
    table = {
        Rule(id="days", days=1): {Kind.CURRENT, Kind.MARKER},
        Rule(id="markers", markers=True): {Kind.MARKER},
        Rule(id="past", past_days=1): {Kind.PAST},
        Rule(id="uploads", upload_days=1): set(),
    }
    for rule, kinds in table.items():
        assert {kind for kind, case in cases.items() if at([rule], case) is not None} == kinds
    assert at([Rule(id="markers", markers=True)], cases[Kind.MARKER]) == NOON


@pytest.mark.parametrize(("kept", "ended"), ((0, {0, 1, 2}), (1, {1, 2}), (2, {2}), (3, set())))
def test_so_many_past_versions_are_kept(kept: int, ended: set[int]) -> None:
    rule = Rule(id="r", past_days=1, kept=kept)
    found = {newer for newer in range(3) if at([rule], Case(Kind.PAST, version(), NOON, newer)) is not None}
    assert found == ended


def test_a_day_may_be_shorter_for_trials() -> None:
    found = due([Rule(id="r", days=2)], current(modified=1005 * SECOND), {}, day=10 * SECOND)
    assert found is not None
    assert found.at == 1030 * SECOND


@pytest.mark.parametrize(
    ("filters", "expected"),
    (
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a/b", "a", "ab"], ["a"]),
        (["x", ""], [""]),
        (["b", "a", "a"], ["a", "b"]),
    ),
)
def test_only_what_rules_speak_of_is_walked(filters: list[str], expected: list[str]) -> None:
    assert list(prefixes([Rule(id="r", filter=Filter(prefix=prefix)) for prefix in filters])) == expected
    assert list(prefixes([Rule(id="r", enabled=False)])) == []


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)


@given(ROWS)
def test_versions_are_told_from_each_other(rows: list[tuple[str, bool]]) -> None:
    """Held against a look at all rows of a name at once."""
    listed: list[Version] = []
    expected: list[Case] = []
    for name, group in groupby(rows, key=lambda row: row[0]):
        found = [
            version(name, modified=NOON - number, latest=not number, marker=marker)
            for number, (_, marker) in enumerate(group)
        ]
        listed += found
        first = found[0]
        if not first.marker:
            expected.append(Case(Kind.CURRENT, first))
        elif len(found) == 1:
            expected.append(Case(Kind.MARKER, first))
        expected += [Case(Kind.PAST, row, found[number].meta.modified, number) for number, row in enumerate(found[1:])]
    succession = Succession()
    told = [case for row in listed for case in succession.feed(row)] + [*succession.end()]
    assert told == expected
    assert [*succession.end()] == []
