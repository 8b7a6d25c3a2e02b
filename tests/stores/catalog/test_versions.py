"""Versions in the catalog: against the memory store, over restarts, with clocks that go back."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import StoreError
from gateway.core.store import Store
from gateway.core.types import Copy, Deleted, Key, Meta, Put
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.stores.catalog import Catalog
from gateway.stores.memory import Memory
from tests.stores.catalog.tools import INLINE_MAX, KEY, LARGE, SMALL, opened, put, read
from tests.stores.catalog.tools import settings as catalog_settings
from tests.support.catalog import files, tidy

T = TypeVar("T")

BUCKET = "bucket"
names = strategies.sampled_from(("a", "a/b", "a/c", "b"))
sizes = strategies.sampled_from((0, 1, INLINE_MAX - 1, INLINE_MAX + 1, 5000))
places = strategies.integers(0, 4)


Both = Catalog | Memory
Work = Callable[[Both], Coroutine[None, None, object]]


class Model(RuleBasedStateMachine):
    """Every operation is done to a catalog and to a memory store, and has the same outcome in both."""

    props = BucketProps(owner="owner")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="portico-versions-"))
        self.catalog = Catalog(catalog_settings(self.directory))
        self.memory = Memory()
        self.fill = 0

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        for store in (self.catalog, self.memory):
            self.run(store.start())
            self.run(store.create_bucket(BUCKET, self.props))

    @rule(enabled=strategies.booleans())
    def switch(self, enabled: bool) -> None:
        self.both(lambda store: store.set_versioning(BUCKET, enabled=enabled))

    @rule(name=names, size=sizes, more=strategies.booleans())
    def put(self, name: str, size: int, more: bool) -> None:
        self.fill += 1
        data = (b"%d," % self.fill * size)[:size]
        for store in (self.catalog, self.memory):
            write = store.append if more else store.put
            self.run(write(Key(BUCKET, name), BytesBody(data), Put()))

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.both(lambda store: store.delete(Key(BUCKET, name)))

    @rule(name=names, place=places)
    def delete_version(self, name: str, place: int) -> None:
        self.both(lambda store: store.delete(Key(BUCKET, name), self.version(store, name, place)))

    @rule(name=names, place=places)
    def stand(self, name: str, place: int) -> None:
        self.both(lambda store: store.stand(Key(BUCKET, name), self.version(store, name, place)))

    @rule(name=names)
    def withdraw(self, name: str) -> None:
        self.both(lambda store: store.withdraw(Key(BUCKET, name)))

    @rule(name=names, place=places)
    def expunge(self, name: str, place: int) -> None:
        self.both(lambda store: store.expunge(Key(BUCKET, name), self.version(store, name, place)))

    @rule(source=names, destination=names, place=places)
    def copy(self, source: str, destination: str, place: int) -> None:
        self.both(
            lambda store: store.copy(
                Key(BUCKET, source), Key(BUCKET, destination), Copy(source_version=self.version(store, source, place))
            )
        )

    @rule(source=names, destination=names)
    def rename(self, source: str, destination: str) -> None:
        self.both(lambda store: store.rename(Key(BUCKET, source), Key(BUCKET, destination)))

    @rule(source=strategies.sampled_from(("a", "a/", "b")), destination=strategies.sampled_from(("a/", "b", "c/")))
    def rename_prefix(self, source: str, destination: str) -> None:
        self.both(lambda store: store.rename_prefix(Key(BUCKET, source), Key(BUCKET, destination)))

    @rule()
    def restart(self) -> None:
        self.run(self.catalog.aclose())
        self.run(self.catalog.start())

    def both(self, work: Work) -> None:
        """The same outcome in both stores, or the same refusal."""
        outcomes: list[tuple[bool, bool] | str] = []
        for store in (self.catalog, self.memory):
            try:
                done = self.run(work(store))
                outcomes.append((done.existed, done.marker) if isinstance(done, Deleted) else "")
            except StoreError as error:
                outcomes.append(type(error).__name__)
        assert outcomes[0] == outcomes[1]

    def version(self, store: Both, name: str, place: int) -> str:
        """The id of a version by its place in the listing; behind the last one, an id that is not there."""
        found = [row for row in self.listed(store) if row.name == name]
        return (found[place].meta.version or NULL) if place < len(found) else "0" * 32

    def listed(self, store: Both) -> list[Version]:
        page = self.run(store.versions(BUCKET, VersionQuery()))
        return [row for row in page.items if isinstance(row, Version)]

    @invariant()
    def listings_agree(self) -> None:
        seen = []
        for store in (self.catalog, self.memory):
            rows = self.listed(store)
            meta = self.run(store.stat_bucket(BUCKET))
            standing = [row.meta for row in rows if row.latest and not row.marker]
            assert (meta.objects, meta.bytes) == (len(standing), sum(row.size for row in standing))
            assert meta.former == sum(row.meta.size for row in rows if not row.latest)
            seen.append([(row.name, row.latest, row.marker, row.meta.size, row.meta.version is None) for row in rows])
        assert seen[0] == seen[1]

    def teardown(self) -> None:
        try:
            for ours, theirs in zip(self.listed(self.catalog), self.listed(self.memory), strict=True):
                if not ours.marker:
                    assert self.run(whole(self.catalog, ours.meta)) == self.run(whole(self.memory, theirs.meta))
            self.run(tidy(self.directory))
        finally:
            self.run(self.catalog.aclose())
            self.runner.close()
            shutil.rmtree(self.directory)


async def whole(store: Store, meta: Meta) -> bytes:
    async with store.open(meta.key, version=meta.version or NULL) as reader:
        return b"".join([chunk async for chunk in reader.chunks()])


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=30, stateful_step_count=30)


async def test_versions_outlive_the_process(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        await store.create_bucket(BUCKET, BucketProps(owner="o"))
        await store.set_versioning(BUCKET, enabled=True)
        metas = [await put(store, KEY, data) for data in (SMALL, LARGE, SMALL)]
        marker = (await store.delete(KEY)).version
    async with opened(tmp_path) as store:
        page = await store.versions(BUCKET, VersionQuery())
        rows = [row for row in page.items if isinstance(row, Version)]
        assert [row.meta.version for row in rows] == [marker, *(meta.version for meta in reversed(metas))]
        assert await whole(store, metas[1]) == LARGE
        await tidy(tmp_path)


async def test_files_of_versions_go_with_the_last_one(catalog: Catalog, tmp_path: Path) -> None:
    await catalog.set_versioning(BUCKET, enabled=True)
    first = await put(catalog, KEY, LARGE)
    copied = await catalog.copy(KEY, KEY, Copy())
    await put(catalog, KEY, SMALL)
    await catalog.delete(KEY, first.version)
    await tidy(tmp_path)
    assert len(files(tmp_path)) == 1
    assert await whole(catalog, copied) == LARGE
    assert await catalog.delete(KEY, copied.version) == Deleted(True, copied.version)
    await tidy(tmp_path)
    assert not files(tmp_path)
    assert await read(catalog, KEY) == SMALL


async def test_a_clock_that_is_set_back_changes_no_order(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    await catalog.set_versioning(BUCKET, enabled=True)
    metas = []
    for offset in (0, -3600, 3600, -7200, 0):
        with monkeypatch.context() as patch:
            moment = time.time_ns() + offset * 1_000_000_000
            patch.setattr(time, "time_ns", lambda moment=moment: moment)
            metas += [await put(catalog, KEY, b"%d" % offset) for _ in range(2)]
    page = await catalog.versions(BUCKET, VersionQuery())
    assert [row.meta for row in page.items if isinstance(row, Version)] == metas[::-1]
