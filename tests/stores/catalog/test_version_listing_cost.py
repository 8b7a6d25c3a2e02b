"""What a page of versions costs, in steps of SQLite's machine: as much as the page, wherever it starts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.core.types import ListQuery
from gateway.core.versions import Version, VersionQuery, new_id
from gateway.stores.catalog.database import Connection, migrate, migrations
from gateway.stores.catalog.tables import listing, versions

NAMES = 2000
PAST = 10
DEEP = 20_000
GROUPS = 40
MEMBERS = 50


@pytest.fixture(scope="module")
def db() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, migrations())
        connection.execute(
            """INSERT INTO buckets (id, name, owner, created, versioning) VALUES
                (1, 'wide', '', 0, 'enabled'), (2, 'deep', '', 0, 'enabled'), (3, 'groups', '', 0, 'enabled')"""
        )
        for number in range(NAMES):
            fill(connection, 1, f"{number:08}", PAST)
        fill(connection, 2, "name", DEEP)
        for group in range(GROUPS):
            for member in range(MEMBERS):
                fill(connection, 3, f"{group:04}/{member:06}", PAST)
        yield connection


def fill(db: Connection, bucket: int, name: str, past: int) -> None:
    """An object, and former versions of it."""
    db.execute(
        """INSERT INTO objects (bucket, name, content, size, etag, modified, content_type, version)
            VALUES (?, ?, 0, 0, '', 0, '', ?)""",
        (bucket, name, new_id(0)),
    )
    db.executemany(
        """INSERT INTO versions (bucket, name, rank, content, size, etag, modified, content_type, version)
            VALUES (?, ?, ?, 0, 0, '', 0, '', ?)""",
        [(bucket, name, rank, new_id(rank)) for rank in range(1, past + 1)],
    )


def cost(db: Connection, bucket: str, query: VersionQuery) -> int:
    """Steps for a page, which must be full."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(step, 1)
    found = versions.page(db, bucket, query)
    db.set_progress_handler(None, 1)
    assert len(found.items) == query.limit
    return count


def test_nothing_is_sorted_and_only_for_markers_anything_looked_up(db: Connection) -> None:
    place = {"bucket": 1, "name": "", "rank": -1, "limit": 1000}
    plan = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + versions._PAGE, place)]
    assert "MERGE (UNION ALL)" in plan
    assert [step for step in plan if "SEARCH" in step] == [
        "SEARCH objects USING PRIMARY KEY (bucket=? AND name>?)",
        "SEARCH v USING PRIMARY KEY (bucket=? AND (name,rank)>(?,?))",
        "SEARCH objects USING PRIMARY KEY (bucket=? AND name=?)",
    ]
    assert not [step for step in plan if "TEMP B-TREE" in step or "AUTOMATIC" in step]


def test_the_last_page_costs_what_the_first_does(db: Connection) -> None:
    first = cost(db, "wide", VersionQuery())
    last = cost(db, "wide", VersionQuery(key_marker=f"{NAMES - 92:08}"))
    assert max(first, last) < 1.1 * min(first, last)


def test_a_page_in_the_middle_of_a_name_costs_what_the_first_does(db: Connection) -> None:
    first = cost(db, "deep", VersionQuery())
    last = cost(db, "deep", VersionQuery(key_marker="name", version_marker=new_id(DEEP - 1000)))
    assert max(first, last) < 1.1 * min(first, last)


def test_a_page_costs_little_more_than_one_of_objects(db: Connection) -> None:
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(step, 1)
    listing.page(db, "wide", ListQuery(limit=1000))
    db.set_progress_handler(None, 1)
    assert cost(db, "wide", VersionQuery()) < 3 * count


def test_groups_are_jumped_over_whatever_they_hold(db: Connection) -> None:
    """A group costs a few rows, not its hundreds."""
    query = VersionQuery(limit=20)
    assert cost(db, "groups", replace(query, delimiter="/")) < cost(db, "wide", replace(query, limit=20 * 10))


def test_a_page_of_one_costs_little(db: Connection) -> None:
    one, thousand = (cost(db, "wide", VersionQuery(limit=limit)) for limit in (1, 1000))
    assert one < thousand / 100


def test_a_version_is_looked_up_by_its_place(db: Connection) -> None:
    """Whatever number of versions its name has."""
    for sql, which in (
        (versions._NEWEST, (2, "name")),
        (versions._WITHOUT_ID, (2, "name")),
        (versions._BY_ID, (2, "name", DEEP, new_id(DEEP))),
    ):
        (step,) = [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, which)]
        assert step.startswith("SEARCH versions USING")


def test_all_versions_of_a_name_are_walked(db: Connection) -> None:
    query, seen = VersionQuery(limit=3000), 0
    while True:
        page = versions.page(db, "deep", query)
        rows = [row for row in page.items if isinstance(row, Version)]
        assert [row.latest for row in rows] == [seen + place == 0 for place in range(len(rows))]
        seen += len(rows)
        if page.next is None:
            break
        query = replace(query, key_marker="name", version_marker=rows[-1].meta.version or "")
    assert seen == DEEP + 1
