"""Accounts and counters in the index."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.core.buckets import AccountMeta
from gateway.core.types import ListQuery, PropsChange
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.database import migrate, migrations
from tests.stores.catalog.tools import BUCKET, LARGE, SMALL, opened, put
from tests.support.catalog import INDEX

BEFORE = 5
"""The schema in which no account stood beside those of the configuration."""


async def test_o01_an_account_outlives_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        assert await store.create_account("new", PropsChange(user={"a": "1"}, system={"x:y": "z"}))
        found = await store.stat_account("new")
    async with opened(tmp_path) as store:
        assert await store.has_account("new")
        assert await store.stat_account("new") == found
        assert (await store.accounts(ListQuery())).items == (found,)
        await store.delete_account("new")
    async with opened(tmp_path) as store:
        assert not await store.has_account("new")
        assert await store.stat_account("new") == AccountMeta(name="new", buckets=0, objects=0, bytes=0)


async def test_properties_from_before_are_kept_and_make_no_account(tmp_path: Path) -> None:
    steps = {number: sql for number, sql in migrations().items() if number <= BEFORE}
    with closing(sqlite3.connect(tmp_path / INDEX, isolation_level=None)) as db:
        migrate(db, steps)
        db.execute("INSERT INTO accounts (id, user) VALUES ('old', '{\"a\":\"1\"}')")
    async with opened(tmp_path) as store:
        found = await store.stat_account("old")
        assert (found.user, found.created) == ({"a": "1"}, None)
        assert not await store.has_account("old")
        assert (await store.accounts(ListQuery())).items == ()


async def test_o02_a_recount_repairs_the_counters(catalog: Catalog, tmp_path: Path) -> None:
    await put(catalog, "small", SMALL)
    await put(catalog, "large", LARGE)
    await catalog.set_versioning(BUCKET, enabled=True)
    await put(catalog, "small", LARGE)
    await put(catalog, "small", SMALL)
    right = await catalog.stat_bucket(BUCKET)
    with closing(sqlite3.connect(tmp_path / INDEX, isolation_level=None)) as db:
        db.execute("UPDATE buckets SET objects = 17, bytes = -5, former = 3")
    assert await catalog.recount(BUCKET) == right
    assert await catalog.stat_bucket(BUCKET) == right
    totals = await catalog.stat_account("owner")
    assert (totals.objects, totals.bytes, totals.former) == (2, len(SMALL + LARGE), len(SMALL + LARGE))
    assert totals.used == right.used == 2 * len(SMALL + LARGE)
