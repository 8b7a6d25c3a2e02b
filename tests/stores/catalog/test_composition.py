"""Which parts contents were put together from, as the index keeps it."""

from pathlib import Path

from gateway.core.buckets import BucketProps
from gateway.core.types import Copy
from gateway.core.uploads import ObjectParts
from gateway.stores.catalog import Catalog
from gateway.stores.catalog.database import Connection
from tests.stores.catalog.tools import KEY, LARGE, SMALL, assembled, key, opened, read
from tests.support.waiting import until


def kept(catalog: Catalog) -> int:
    """Rows that tell of parts."""

    def count(db: Connection) -> int:
        return int(db.execute("SELECT count(*) FROM object_parts").fetchone()[0])

    return catalog._engine.readers.here(count)


async def test_parts_are_kept_once_for_all_copies_and_go_with_the_last(catalog: Catalog) -> None:
    await assembled(catalog, KEY, SMALL, LARGE, SMALL)
    await catalog.copy(KEY, key("copy"), Copy())
    assert kept(catalog) == 3
    await catalog.delete(KEY)
    assert (await catalog.object_parts(key("copy"))).total == 3
    await catalog.delete(key("copy"))
    await until(lambda: kept(catalog) == 0)


async def test_what_an_older_release_completed_is_read_as_before(catalog: Catalog) -> None:
    meta = await assembled(catalog, KEY, SMALL, LARGE)
    await catalog._engine.writer.run(lambda db: db.execute("DELETE FROM object_parts"), ())
    assert await catalog.object_parts(KEY) == ObjectParts(meta)
    assert await read(catalog, KEY) == SMALL + LARGE


async def test_parts_are_known_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path / "store") as store:
        await store.create_bucket(KEY.bucket, BucketProps(owner="owner"))
        await assembled(store, KEY, SMALL, LARGE)
    async with opened(tmp_path / "store") as store:
        assert [part.size for part in (await store.object_parts(KEY)).parts] == [len(SMALL), len(LARGE)]
