"""The schema's versions."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import Corrupt, Unavailable
from gateway.core.types import ListQuery, Put
from gateway.core.uploads import PartRef
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.database import Connection, migrate, migrations, open_writer
from tests.stores.catalog.tools import KEY, LARGE, SMALL, opened, put, put_part, read, settings
from tests.support.catalog import INDEX, connect, files, tidy

FIRST = 1
FORMER = 7
"""The version that counts the bytes of former versions."""
NEXT = max(migrations()) + 1


@pytest.fixture
def db() -> Iterator[Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def version(db: Connection) -> int:
    (found,) = db.execute("PRAGMA user_version").fetchone()
    return int(found)


def only(*versions: int) -> Mapping[int, str]:
    return {number: sql for number, sql in migrations().items() if number in versions}


def test_the_migrations_are_numbered_without_a_gap() -> None:
    assert list(migrations()) == list(range(FIRST, NEXT))
    assert all(sql.strip() for sql in migrations().values())


def test_steps_are_applied_once_and_in_order(db: Connection) -> None:
    steps = {1: "CREATE TABLE a (x);", 2: "ALTER TABLE a ADD y;"}
    migrate(db, {1: steps[1]})
    migrate(db, steps)
    migrate(db, steps)
    assert version(db) == 2
    db.execute("INSERT INTO a (x, y) VALUES (1, 2)")


def test_a_step_that_fails_leaves_nothing_of_itself(db: Connection) -> None:
    migrate(db, {1: "CREATE TABLE a (x);"})
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, {1: "", 2: "CREATE TABLE b (x); INSERT INTO missing VALUES (1);"})
    assert version(db) == 1
    assert not db.in_transaction
    assert [name for (name,) in db.execute("SELECT name FROM sqlite_schema")] == ["a"]


async def test_an_index_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """With the objects that it holds."""
    with closing(sqlite3.connect(tmp_path / INDEX, isolation_level=None)) as db:
        migrate(db, only(FIRST))
        db.execute("INSERT INTO buckets (id, name, owner, created, objects, bytes) VALUES (1, 'bucket', 'o', 1, 1, 5)")
        db.execute("INSERT INTO contents (id, size, refs, data) VALUES (1, 5, 1, ?)", (b"hello",))
        db.execute(
            """INSERT INTO objects (bucket, name, content, size, etag, modified, content_type)
                VALUES (1, 'object', 1, 5, '5d41402abc4b2a76b9719d911017c592', 1, 'text/plain')"""
        )
    async with opened(tmp_path) as store:
        assert await read(store, KEY) == b"hello"
        await put(store, "other", LARGE)
        await tidy(tmp_path)
    with closing(connect(tmp_path)) as db:
        assert version(db) == NEXT - 1


async def test_what_stood_before_versions_were_known_is_kept_as_one(tmp_path: Path) -> None:
    """Bytes that lie inline and in a file, counters, an upload under way, and rights to go on as before."""
    async with opened(tmp_path) as store:
        await store.create_bucket(KEY.bucket, BucketProps(owner="o"))
        await put(store, KEY, SMALL)
        await put(store, "large", LARGE)
        upload = await store.create_upload(KEY, Put())
        part = await put_part(store, KEY, upload.id, 1, LARGE)
        before = await store.stat_bucket(KEY.bucket), await store.list(KEY.bucket, ListQuery())
    _downgrade(tmp_path)
    async with opened(tmp_path) as store:
        assert (await store.stat_bucket(KEY.bucket), await store.list(KEY.bucket, ListQuery())) == before
        assert await read(store, "large") == LARGE
        await store.set_versioning(KEY.bucket, enabled=True)
        made = await store.complete_upload(KEY, upload.id, [PartRef(1, part.etag)])
        page = await store.versions(KEY.bucket, VersionQuery())
        assert [row.meta.version for row in page.items if isinstance(row, Version)] == [None, made.version, None]
        async with store.open(KEY, version=NULL) as reader:
            assert b"".join([chunk async for chunk in reader.chunks()]) == SMALL
        await tidy(tmp_path)


async def test_former_versions_of_before_are_counted(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / INDEX, isolation_level=None)) as db:
        migrate(db, only(*range(FIRST, FORMER)))
        db.execute("INSERT INTO buckets (id, name, owner, created, versioning) VALUES (1, 'bucket', 'o', 1, 'enabled')")
        for rank, size in ((1, 5), (2, 7)):
            db.execute(
                """INSERT INTO versions (bucket, name, rank, size, etag, modified, content_type, version)
                    VALUES (1, 'object', ?, ?, '', 1, '', ?)""",
                (rank, size, f"{rank:032}"),
            )
    async with opened(tmp_path) as store:
        assert (await store.stat_bucket("bucket")).former == 12 == (await store.stat_account("o")).former


def _downgrade(path: Path) -> None:
    """Make of an index the one that the first release would have written."""
    with closing(sqlite3.connect(":memory:")) as first, closing(sqlite3.connect(path / INDEX)) as now:
        migrate(first, only(FIRST))
        schema = first.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
        indexes = first.execute("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
        columns = {name: [row[1] for row in first.execute(f"PRAGMA table_info({name})")] for name, _ in schema}
        found = {name: now.execute(f"SELECT {', '.join(columns[name])} FROM {name}").fetchall() for name, _ in schema}
        for (name,) in now.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            now.execute(f"DROP TABLE {name}")
        for name, sql in schema:
            now.execute(sql)
            now.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns[name]))})", found[name])
        for (sql,) in indexes:
            now.execute(sql)
        now.execute(f"PRAGMA user_version = {FIRST}")
        now.commit()


async def test_an_index_newer_than_the_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    with closing(sqlite3.connect(tmp_path / INDEX, isolation_level=None)) as db:
        db.execute(f"PRAGMA user_version = {NEXT}")
    store = Catalog(settings(tmp_path))
    with pytest.raises(Unavailable, match=f"has version {NEXT}.*up to {NEXT - 1}") as refusal:
        await store.start()
    assert not refusal.value.retryable
    with closing(connect(tmp_path)) as db:
        assert version(db) == NEXT


@pytest.mark.parametrize("suspect", (False, True))
def test_a_damaged_index_is_refused(tmp_path: Path, suspect: bool) -> None:
    (tmp_path / INDEX).write_bytes(b"this is no database at all, though it is long enough to be one" * 100)
    with pytest.raises(Corrupt):
        open_writer(tmp_path, "full", suspect)


async def test_after_an_unclean_end_the_index_is_looked_through(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(KEY.bucket, BucketProps(owner="o"))
        for number in range(300):
            await put(store, f"{number:03}", SMALL)
    with closing(connect(tmp_path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'objects'").fetchone()
    with (tmp_path / INDEX).open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    (tmp_path / "lock").write_text("12345\n")
    with pytest.raises(Corrupt):
        await Catalog(settings(tmp_path)).start()


@pytest.mark.parametrize("emptied", (False, True))
async def test_without_its_index_a_store_does_not_start_and_keeps_its_files(tmp_path: Path, emptied: bool) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(KEY.bucket, BucketProps(owner="o"))
        await put(store, KEY, LARGE)
    index = tmp_path / INDEX
    backup = index.read_bytes()
    index.write_bytes(b"") if emptied else index.unlink()
    for _ in range(2):  # the refused start has left a new, empty index
        with pytest.raises(Corrupt, match="is missing or empty; restore it"):
            await Catalog(settings(tmp_path)).start()
    assert len(files(tmp_path)) == 1
    index.write_bytes(backup)
    async with opened(tmp_path) as store:
        assert await read(store, KEY) == LARGE
