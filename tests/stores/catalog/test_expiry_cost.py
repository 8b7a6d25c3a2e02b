"""What it costs to be told what is due, in steps of SQLite's machine: as much as is told, however much there is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.core.types import Expired, Key
from gateway.stores.catalog.database import Connection, migrate, migrations
from gateway.stores.catalog.tables.expiry import due

OBJECTS = 20_000
EVERY = 10
"""One of so many objects vanishes."""


@pytest.fixture(scope="module")
def db() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, migrations())
        connection.execute("INSERT INTO buckets (id, name, owner, created) VALUES (1, 'a', '', 0), (2, 'b', '', 0)")
        connection.executemany(
            """INSERT INTO objects (bucket, name, content, size, etag, modified, content_type, expires)
                VALUES (?, ?, 0, 0, '', 0, '', ?)""",
            [
                (1 + number % 2, f"{number:08}", None if number % EVERY else number + 1_000_000)
                for number in range(OBJECTS)
            ],
        )
        yield connection


def cost(db: Connection, until: int, after: Expired | None = None, limit: int = 100) -> tuple[int, int]:
    """How many rows came, and the steps that they took."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(step, 1)
    found = due(db, until, after, limit)
    db.set_progress_handler(None, 1)
    return len(found), count


def test_a_look_at_nothing_costs_nothing(db: Connection) -> None:
    rows, steps = cost(db, 999_999)
    assert rows == 0
    assert steps < 60


@pytest.mark.parametrize("limit", (10, 100, 1000))
def test_a_page_costs_what_it_tells(db: Connection, limit: int) -> None:
    rows, steps = cost(db, 2_000_000, limit=limit)
    assert rows == limit
    assert steps < 60 + 25 * limit


def test_a_page_costs_the_same_wherever_it_starts(db: Connection) -> None:
    first = cost(db, 2_000_000)
    behind = Expired(Key("a", f"{OBJECTS // 2:08}"), OBJECTS // 2 + 1_000_000)
    later = cost(db, 2_000_000, behind)
    assert later[0] == first[0]
    assert abs(later[1] - first[1]) < 30


def test_a_mark_in_a_bucket_that_is_gone_loses_no_row(db: Connection) -> None:
    found = due(db, 1_000_020, None, 10)
    behind = Expired(Key("gone", found[0].key.name), found[0].expires)
    assert list(due(db, 1_000_020, behind, 10)) == list(found)
