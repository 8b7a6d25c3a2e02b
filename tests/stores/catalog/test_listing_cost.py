"""What a page of a listing costs, in steps of SQLite's machine: as much as the page, wherever it starts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from gateway.core.types import ListQuery
from gateway.stores.catalog.database import Connection, migrate, migrations
from gateway.stores.catalog.tables.listing import page

FLAT = 20_000
GROUPS = 40
MEMBERS = 500


@pytest.fixture(scope="module")
def db() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, migrations())
        connection.execute(
            "INSERT INTO buckets (id, name, owner, created) VALUES (1, 'flat', '', 0), (2, 'deep', '', 0)"
        )
        names = [(1, f"{number:08}") for number in range(FLAT)]
        names += [(2, f"{group:04}/{member:06}") for group in range(GROUPS) for member in range(MEMBERS)]
        connection.executemany(
            """INSERT INTO objects (bucket, name, content, size, etag, modified, content_type)
                VALUES (?, ?, 0, 0, '', 0, '')""",
            names,
        )
        yield connection


def cost(db: Connection, bucket: str, query: ListQuery) -> int:
    """Steps for a page, which must be full."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    db.set_progress_handler(step, 1)
    found = page(db, bucket, query)
    db.set_progress_handler(None, 1)
    assert len(found.items) == query.limit
    return count


@pytest.mark.parametrize("reverse", (False, True))
def test_the_last_page_costs_what_the_first_does(db: Connection, reverse: bool) -> None:
    first, last = "", f"{FLAT - 1001:08}"
    if reverse:
        last = "00001000"
    costs = [cost(db, "flat", ListQuery(marker=marker, reverse=reverse)) for marker in (first, last)]
    assert max(costs) < 1.1 * min(costs)


def test_a_page_below_a_prefix_costs_what_the_first_does(db: Connection) -> None:
    assert cost(db, "deep", ListQuery(prefix="0039/", limit=400)) < 1.1 * cost(db, "flat", ListQuery(limit=400))


@pytest.mark.parametrize("reverse", (False, True))
def test_groups_are_jumped_over_whatever_they_hold(db: Connection, reverse: bool) -> None:
    """A group costs a few rows, not its five hundred."""
    groups = cost(db, "deep", ListQuery(delimiter="/", limit=20, reverse=reverse))
    rows = cost(db, "flat", ListQuery(limit=20 * 10))
    assert groups < rows


def test_a_page_of_one_costs_little(db: Connection) -> None:
    one, thousand = (cost(db, "flat", ListQuery(limit=limit)) for limit in (1, 1000))
    assert one < thousand / 100


def test_files_of_a_directory_are_read_in_growing_blocks(db: Connection) -> None:
    directory = cost(db, "deep", ListQuery(prefix="0001/", delimiter="/", limit=400))
    assert directory < 2 * cost(db, "flat", ListQuery(limit=400))


@pytest.mark.parametrize("reverse", (False, True))
def test_a_page_of_several_blocks_goes_on_where_each_ends(db: Connection, reverse: bool) -> None:
    names = sorted((f"{number:08}" for number in range(FLAT)), reverse=reverse)
    found = page(db, "flat", ListQuery(marker=names[99], limit=5000, reverse=reverse))
    assert [item.name for item in found.items] == names[100:5100]
    assert found.next == names[5099]
    rest = page(db, "flat", ListQuery(marker=names[-1500], limit=5000, reverse=reverse))
    assert [item.name for item in rest.items] == names[-1499:]
    assert rest.next is None
