from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.conditions import (
    ABSENT,
    ANY,
    ANYTHING,
    SECOND,
    TICK,
    When,
    check_read,
    check_write,
    parse_etags,
    rounded_up,
)
from gateway.core.errors import ConditionFailed, NotModified, StoreError


@dataclass(frozen=True)
class Found:
    etag: str = "tag"
    modified: int = 1000 * SECOND + 999_999_999
    size: int = 7
    expires: int | None = None


TAGS = {
    "absent": (),
    "equal": ("tag",),
    "different": ("other",),
    "several with it": ("other", "tag"),
    "several without it": ("other", "another"),
    "anything": (ANYTHING,),
}
DATES = {"absent": None, "before": 999, "same second": 1000, "after": 1001}

EVERYTHING = tuple(
    When(if_match=match, if_none_match=none_match, if_modified_since=modified, if_unmodified_since=unmodified)
    for match, none_match, modified, unmodified in product(TAGS.values(), TAGS.values(), DATES.values(), DATES.values())
)


def outcome(check: object, when: When, found: Found | None) -> type[StoreError] | None:
    try:
        if check is check_read:
            check_read(when, found or Found())
        else:
            check_write(when, found)
    except StoreError as error:
        return type(error)
    return None


def rfc_9110(when: When, found: Found | None, *, reading: bool) -> type[StoreError] | None:
    """Section 13.2.2, step by step."""
    # 1. When recipient is the origin server and If-Match is present, evaluate it
    if when.if_match:
        if found is None or (when.if_match != ("*",) and "tag" not in when.if_match):
            return ConditionFailed
    # 2. If-Match is not present and If-Unmodified-Since is present
    elif when.if_unmodified_since is not None and found is not None and when.if_unmodified_since < 1000:
        return ConditionFailed
    # 3. When If-None-Match is present: false means 304 for GET and HEAD, 412 for other methods
    if when.if_none_match:
        if found is not None and (when.if_none_match == ("*",) or "tag" in when.if_none_match):
            return NotModified if reading else ConditionFailed
    # 4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is present
    elif reading and when.if_modified_since is not None and when.if_modified_since >= 1000:
        return NotModified
    return None


def test_reads_follow_the_whole_table() -> None:
    for when in EVERYTHING:
        assert outcome(check_read, when, Found()) == rfc_9110(when, Found(), reading=True), when


@pytest.mark.parametrize("found", (Found(), None), ids=("standing", "missing"))
def test_writes_follow_the_whole_table(found: Found | None) -> None:
    for when in EVERYTHING:
        assert outcome(check_write, when, found) == rfc_9110(when, found, reading=False), when


def test_no_condition_always_holds() -> None:
    assert outcome(check_read, ANY, Found()) is None
    assert outcome(check_write, ANY, Found()) is None
    assert outcome(check_write, ANY, None) is None
    assert outcome(check_write, When(), None) is None


def test_a_name_that_must_be_free() -> None:
    assert outcome(check_write, ABSENT, None) is None
    assert outcome(check_write, ABSENT, Found()) is ConditionFailed


@pytest.mark.parametrize(("found", "missing"), ((None, True), (Found(), False)))
def test_a_failure_tells_whether_there_was_anything_to_compare_with(found: Found | None, missing: bool) -> None:
    with pytest.raises(ConditionFailed) as failed:
        check_write(When(if_match=("other",)), found)
    assert failed.value.missing is missing


def test_tags_are_compared_to_the_letter() -> None:
    assert outcome(check_read, When(if_match=("TAG",)), Found()) is ConditionFailed
    assert outcome(check_read, When(if_none_match=("TAG",)), Found()) is None


@pytest.mark.parametrize(
    ("when", "holds"),
    (
        (When(size=7), True),
        (When(size=0), False),
        (When(modified=1000), True),
        (When(modified=999), False),
        (When(modified=1001), False),
        (When(size=7, modified=1000, if_match=("tag",)), True),
        (When(size=7, modified=1000, if_match=("other",)), False),
        (When(size=7, modified=1), False),
        (When(size=8, modified=1000), False),
    ),
)
def test_sizes_and_times_that_must_be_the_same(when: When, holds: bool) -> None:
    assert outcome(check_write, when, Found()) is (None if holds else ConditionFailed)
    with pytest.raises(ConditionFailed) as failed:
        check_write(when, None)
    assert failed.value.missing


HEADERS = {
    "": (),
    "  ": (),
    ",,": (),
    "*": (ANYTHING,),
    " * ": (ANYTHING,),
    '"a"': ("a",),
    'W/"a"': ("a",),
    '"a", W/"b","c"': ("a", "b", "c"),
    '"a" "b"': ("a", "b"),
    "a": ("a",),
    "W/a": ("a",),
    "a,b": ("a", "b"),
    '"a,b"': ("a,b",),
    '"a b"': ("a b",),
    '""': ("",),
    '"*"': ('"*"',),
    'W/"*"': ('W/"*"',),
    '"x,*"': ("x,*",),
    '"unterminated': ("unterminated",),
    'not-"md5"': ('not-"md5"',),
    '"md5-2"': ("md5-2",),
}


@pytest.mark.parametrize(("header", "tags"), HEADERS.items())
def test_entity_tags_are_read(header: str, tags: tuple[str, ...]) -> None:
    assert parse_etags(header) == tags


def test_only_a_bare_star_means_anything() -> None:
    assert outcome(check_write, When(if_none_match=parse_etags("*")), Found()) is ConditionFailed
    assert outcome(check_write, When(if_none_match=parse_etags('"*"')), Found()) is None
    assert outcome(check_write, When(if_match=parse_etags('"*"')), Found()) is ConditionFailed


def test_an_empty_tag_is_a_condition_and_fails() -> None:
    assert outcome(check_write, When(if_match=parse_etags('""')), Found()) is ConditionFailed


@given(st.text())
def test_no_header_breaks_the_parser(text: str) -> None:
    assert all('"' not in tag or tag in text for tag in parse_etags(text))


@given(st.lists(st.text(st.characters(exclude_characters='"*')), min_size=1))
def test_quoted_tags_are_read_as_they_were_written(tags: list[str]) -> None:
    assert parse_etags(", ".join(f'"{tag}"' for tag in tags)) == tuple(tags)


FAR = 2**62
VANISHED = Found(expires=1)


@pytest.mark.parametrize(
    ("when", "found", "expected"),
    (
        (ABSENT, VANISHED, None),
        (ABSENT, Found(expires=FAR), ConditionFailed),
        (When(if_match=("tag",)), VANISHED, ConditionFailed),
        (When(if_match=("tag",)), Found(expires=FAR), None),
        (When(size=7), VANISHED, ConditionFailed),
        (When(expires=1), VANISHED, None),
        (When(expires=1, if_match=("tag",)), VANISHED, None),
        (When(expires=1, if_match=("other",)), VANISHED, ConditionFailed),
        (When(expires=FAR), Found(expires=FAR), None),
        (When(expires=2), VANISHED, ConditionFailed),
        (When(expires=1), Found(), ConditionFailed),
        (When(expires=1), None, ConditionFailed),
        (ANY, VANISHED, None),
    ),
)
def test_what_has_vanished_counts_as_gone_unless_its_time_is_asked_for(
    when: When, found: Found | None, expected: type[StoreError] | None
) -> None:
    assert outcome(check_write, when, found) == expected


def test_times_may_be_rounded_up() -> None:
    for moment, second in ((0, 0), (TICK - 1, 0), (TICK, 1), (SECOND, 1), (SECOND + TICK - 1, 1), (SECOND + TICK, 2)):
        assert rounded_up(moment) == second
        found = Found(modified=moment)
        assert outcome(check_read, When(if_modified_since=second, up=True), found) is NotModified
        assert outcome(check_read, When(if_modified_since=second - 1, up=True), found) is None
        assert outcome(check_write, When(if_unmodified_since=second, up=True), found) is None
        assert outcome(check_write, When(if_unmodified_since=second - 1, up=True), found) is ConditionFailed
