import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.conditions import SECOND
from gateway.core.entries import Entry, directory
from gateway.core.paths import ROOT
from gateway.frontends.ftp.listing import (
    DEFAULT_FACTS,
    FACTS,
    Place,
    Rights,
    chosen_facts,
    fact_time,
    facts_line,
    features_of,
    lines_of,
    list_time,
    name_line,
    owner_name,
    unix_line,
)
from gateway.frontends.ftp.names import UTF8

NOW = 1_790_000_000.0
PLACE = Place(ROOT.resolve("/c/d"), Rights("r", "el"))

ENTRIES = st.builds(
    Entry,
    name=st.text(min_size=1),
    is_directory=st.booleans(),
    size=st.integers(0, 2**63),
    modified=st.one_of(st.none(), st.integers(-(2**70), 2**70)),
    content_type=st.text(max_size=10),
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    (
        (0, "Jan  1  1970"),
        (NOW - 1, "Sep 21 14:13"),
        (NOW - 180 * 86400, "Mar 25 14:13"),
        (NOW - 183 * 86400, "Mar 22  2026"),
        (NOW + 30, "Sep 21 14:13"),
        (NOW + 86400, "Sep 22  2026"),
        (-5, "Jan  1  1970"),
        (10**15, "Dec 31  9999"),
    ),
)
def test_times_of_list_are_recent_or_have_a_year(seconds: float, expected: str) -> None:
    assert list_time(int(seconds) * SECOND, NOW) == expected


def test_times_of_facts_are_utc() -> None:
    assert fact_time(981173106_999_999_999) == "20010203040506"
    assert fact_time(-1) == "19700101000000"
    assert fact_time(2**80) == "99991231235959"


def test_f18_a_unix_line() -> None:
    file = Entry(name="a file", is_directory=False, size=1234, modified=981173106 * SECOND)
    assert unix_line("test", NOW)(file) == "-rw-r--r-- 1 test     test             1234 Feb  3  2001 a file"
    folder = directory("d", 981173106 * SECOND)
    assert unix_line("test", NOW)(folder) == "drwxr-xr-x 1 test     test                0 Feb  3  2001 d"


@given(ENTRIES)
def test_every_entry_is_one_line_of_each_form(entry: Entry) -> None:
    for line in (unix_line("o", NOW), facts_line(tuple(FACTS), PLACE), name_line("above/")):
        assert not re.search(r"[\r\n\0]", line(entry))
        sent = lines_of(line, UTF8)([entry, entry])
        assert sent.decode(errors="surrogateescape") == f"{line(entry)}\r\n" * 2
    facts, _, name = facts_line(tuple(FACTS), PLACE)(entry).partition("; ")
    assert {fact.partition("=")[0] for fact in facts.split(";")} <= set(FACTS)
    assert len(name) == len(entry.name)


def test_all_facts_of_a_file_and_of_a_directory() -> None:
    file = Entry(name="f", is_directory=False, size=5, modified=981173106 * SECOND, content_type="image/png")
    line = facts_line(tuple(FACTS), PLACE)(file)
    unique = re.search("unique=([0-9a-f]{20});", line)
    assert unique
    assert line == (
        f"type=file;size=5;modify=20010203040506;perm=r;unique={unique[1]};UNIX.mode=0644;media-type=image/png; f"
    )
    assert unique[1] not in facts_line(("unique",), Place(ROOT, PLACE.rights))(file)
    assert facts_line(DEFAULT_FACTS, PLACE)(directory("x")) == "type=dir;perm=el; x"


def test_facts_are_chosen_by_any_spelling_and_shown_in_one_order() -> None:
    assert chosen_facts(["UNIX.MODE", "Type", "nonsense", ""]) == ("type", "UNIX.mode")
    assert features_of(("size",)) == "MLST type;size*;modify;perm;unique;UNIX.mode;media-type;create;"


@pytest.mark.parametrize(
    ("account", "owner"), (("test", "test"), ("two words", "two_words"), ("", "-"), ("é" * 50, "_" * 32))
)
def test_owners_are_one_word(account: str, owner: str) -> None:
    assert owner_name(account) == owner
