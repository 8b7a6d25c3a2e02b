"""Many deletes as one: a thousand names, or versions, are one transaction."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.types import Deleted, ListQuery
from gateway.core.versions import VersionQuery, VersionRef
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.database import Connection
from tests.stores.catalog.tools import BUCKET, SMALL, opened, put

NAMES = [f"name-{number:04}" for number in range(1000)]


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="owner"))
        yield store


async def commits_of(catalog: Catalog) -> list[str]:
    """What the writer commits from now on."""
    commits: list[str] = []

    def watch(db: Connection) -> None:
        db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    await catalog._engine.writer.run(watch, ())
    commits.clear()
    return commits


async def test_a_thousand_names(catalog: Catalog) -> None:
    for name in NAMES:
        await put(catalog, name, SMALL)
    commits = await commits_of(catalog)
    done = await catalog.delete_many(BUCKET, NAMES)
    assert commits == ["COMMIT"]
    assert [isinstance(each, Deleted) and each.existed for each in done] == [True] * len(NAMES)
    assert (await catalog.list(BUCKET, ListQuery())).items == ()


async def test_a_thousand_versions(catalog: Catalog) -> None:
    await catalog.set_versioning(BUCKET, enabled=True)
    metas = [await put(catalog, name, SMALL) for name in NAMES]
    commits = await commits_of(catalog)
    await catalog.delete_versions(BUCKET, [VersionRef(meta.name, meta.version) for meta in metas])
    assert commits == ["COMMIT"]
    assert (await catalog.versions(BUCKET, VersionQuery())).items == ()
