"""The catalog against a dictionary: whatever is done in whatever order, names, bytes, counters and references agree."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.errors import AlreadyExists, InvalidName, NoSuchKey, NoSuchUpload, StoreError
from gateway.core.ranges import Span
from gateway.core.types import Copy, Key, ListQuery, Meta, Put
from gateway.core.uploads import PartRef
from gateway.stores.catalog import Catalog
from tests.stores.catalog.tools import INLINE_MAX, read
from tests.stores.catalog.tools import settings as catalog_settings
from tests.support.catalog import tidy

T = TypeVar("T")

BUCKETS = ("one", "two")
names = strategies.sampled_from(("a", "a/b", "a/c", "b", "b/é", "c//d", "z"))
keys = strategies.builds(Key, strategies.sampled_from(BUCKETS), names)
prefixes = strategies.builds(
    Key, strategies.sampled_from(BUCKETS), strategies.sampled_from(("a", "a/", "b", "b/", "q/"))
)
numbers = strategies.integers(1, 3)
sizes = strategies.sampled_from((0, 1, 90, INLINE_MAX - 1, INLINE_MAX, INLINE_MAX + 1, 5000))


class Model(RuleBasedStateMachine):
    """`objects` is what should stand."""

    uploads = Bundle("uploads")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="portico-model-"))
        self.store = Catalog(catalog_settings(self.directory))
        self.objects: dict[Key, bytes] = {}
        self.parts: dict[tuple[Key, str], dict[int, bytes]] = {}
        self.fill = 0

    def run(self, work: Coroutine[None, None, T]) -> T:
        return self.runner.run(work)

    def data(self, size: int) -> bytes:
        """Bytes that no other object has."""
        self.fill += 1
        return (b"%d," % self.fill * size)[:size]

    @initialize()
    def begin(self) -> None:
        self.run(self.store.start())
        for bucket in BUCKETS:
            self.run(self.store.create_bucket(bucket, BucketProps(owner="owner")))

    @rule(key=keys, size=sizes)
    def put(self, key: Key, size: int) -> None:
        data = self.data(size)
        self.run(self.store.put(key, BytesBody(data), Put()))
        self.objects[key] = data

    @rule(key=keys, size=sizes)
    def append(self, key: Key, size: int) -> None:
        data = self.data(size)
        meta = self.run(self.store.append(key, BytesBody(data), Put()))
        self.objects[key] = self.objects.get(key, b"") + data
        assert meta.size == len(self.objects[key])

    @rule(key=keys)
    def delete(self, key: Key) -> None:
        existed = self.run(self.store.delete(key)).existed
        assert existed == (self.objects.pop(key, None) is not None)

    @rule(bucket=strategies.sampled_from(BUCKETS), chosen=strategies.lists(names, max_size=4))
    def delete_many(self, bucket: str, chosen: list[str]) -> None:
        self.run(self.store.delete_many(bucket, chosen))
        for name in chosen:
            self.objects.pop(Key(bucket, name), None)

    @rule(source=keys, destination=keys)
    def copy(self, source: Key, destination: Key) -> None:
        if self.refused(source not in self.objects, NoSuchKey, self.store.copy(source, destination, Copy())):
            return
        self.objects[destination] = self.objects[source]

    @rule(source=keys, destination=keys)
    def rename(self, source: Key, destination: Key) -> None:
        if self.refused(source not in self.objects, NoSuchKey, self.store.rename(source, destination)):
            return
        self.objects[destination] = self.objects.pop(source)

    @rule(source=prefixes, destination=prefixes)
    def rename_prefix(self, source: Key, destination: Key) -> None:
        moved = {key: data for key, data in self.objects.items() if self.below(key, source)}
        inside = self.below(destination, source)
        taken = any(self.below(key, destination) for key in self.objects)
        expected = InvalidName if inside else AlreadyExists if taken else NoSuchKey
        if self.refused(inside or taken or not moved, expected, self.store.rename_prefix(source, destination)):
            return
        for key, data in moved.items():
            del self.objects[key]
            self.objects[Key(destination.bucket, destination.name + key.name[len(source.name) :])] = data

    @rule(target=uploads, key=keys)
    def create_upload(self, key: Key) -> tuple[Key, str]:
        upload = self.run(self.store.create_upload(key, Put()))
        self.parts[key, upload.id] = {}
        return key, upload.id

    @rule(upload=uploads, number=numbers, size=sizes)
    def put_part(self, upload: tuple[Key, str], number: int, size: int) -> None:
        data = self.data(size)
        if self.refused(upload not in self.parts, NoSuchUpload, self.store.put_part(*upload, number, BytesBody(data))):
            return
        self.parts[upload][number] = data

    @rule(upload=uploads, number=numbers, source=keys, start=strategies.integers(0, 1500))
    def copy_part(self, upload: tuple[Key, str], number: int, source: Key, start: int) -> None:
        data = self.objects.get(source, b"")[start : start + 1200]
        work = self.store.copy_part(*upload, number, source, span=Span(start, start + 1199))
        if self.refused(upload not in self.parts or not data, StoreError, work):
            return
        self.parts[upload][number] = data

    @rule(upload=uploads, leave_out=numbers)
    def complete_upload(self, upload: tuple[Key, str], leave_out: int) -> None:
        chosen = {number: data for number, data in sorted(self.parts.get(upload, {}).items()) if number != leave_out}
        refs = [PartRef(number) for number in chosen]
        if self.refused(not chosen, StoreError, self.store.complete_upload(*upload, refs)):
            return
        del self.parts[upload]
        self.objects[upload[0]] = b"".join(chosen.values())

    @rule(upload=uploads)
    def abort_upload(self, upload: tuple[Key, str]) -> None:
        if self.refused(upload not in self.parts, NoSuchUpload, self.store.abort_upload(*upload)):
            return
        del self.parts[upload]

    @rule()
    def restart(self) -> None:
        self.run(self.store.aclose())
        self.run(self.store.start())

    @rule(key=keys)
    def read(self, key: Key) -> None:
        if key in self.objects:
            assert self.run(read(self.store, key)) == self.objects[key]

    def refused(self, expected: bool, kind: type[StoreError], work: Coroutine[None, None, object]) -> bool:
        """Do `work`; whether it was refused, which must be as expected."""
        if not expected:
            self.run(work)
            return False
        with pytest.raises(kind):
            self.run(work)
        return True

    @staticmethod
    def below(key: Key, prefix: Key) -> bool:
        return key.bucket == prefix.bucket and key.name.startswith(prefix.name)

    @invariant()
    def listings_agree(self) -> None:
        for bucket in BUCKETS:
            page = self.run(self.store.list(bucket, ListQuery()))
            assert {row.name: row.size for row in page.items if isinstance(row, Meta)} == {
                key.name: len(data) for key, data in self.objects.items() if key.bucket == bucket
            }

    def teardown(self) -> None:
        try:
            for key, data in self.objects.items():
                assert self.run(read(self.store, key)) == data
            self.run(tidy(self.directory))
        finally:
            self.run(self.store.aclose())
            self.runner.close()
            shutil.rmtree(self.directory)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=40, stateful_step_count=30)
