"""Locks in the catalog: against the memory store, and against what was promised, whatever is tried."""

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import invariant, rule

from gateway.core.buckets import BucketProps
from gateway.core.errors import StoreError
from gateway.core.locks import LEGAL_HOLD, OBJECT_LOCK, ON, BucketLock, DefaultRetention, Mode, Retention, Unit
from gateway.core.types import Key
from gateway.core.versions import VersionRef
from tests.stores.catalog.test_versions import BUCKET, Both, Model, names, places
from tests.support.clock import DAY, SECOND, Clock

modes = strategies.sampled_from(Mode)
days = strategies.integers(1, 6)
bypasses = strategies.booleans()


class LockModel(Model):
    """What was held, or retained for compliance, is there until that is over: the model keeps count of it by itself."""

    props = BucketProps(owner="owner", system={OBJECT_LOCK: BucketLock().pack()})

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.clock = Clock(self.patch)
        self.held: set[tuple[str, str]] = set()
        self.retained: dict[tuple[str, str], int] = {}

    @rule(hours=strategies.integers(1, 60))
    def let_pass(self, hours: int) -> None:
        """Never as much as whole days in sum: both stores are to be asked on the same side of any end."""
        self.clock.let_pass(hours * DAY // 24 + 7 * 60 * SECOND)

    @rule(default=strategies.none() | strategies.builds(DefaultRetention, modes, days, strategies.just(Unit.DAYS)))
    def set_lock(self, default: DefaultRetention | None) -> None:
        self.both(lambda store: store.set_lock(BUCKET, BucketLock(default)))

    @rule(name=names, place=places, mode=strategies.none() | modes, days=days, bypass=bypasses)
    def set_retention(self, name: str, place: int, mode: Mode | None, days: int, bypass: bool) -> None:
        wanted = None if mode is None else Retention(mode, self.clock() + days * DAY)
        key = Key(BUCKET, name)
        version = self.version(self.catalog, name, place)
        self.both(lambda store: store.set_retention(key, wanted, self.version(store, name, place), bypass=bypass))
        if wanted is not None and mode is Mode.COMPLIANCE and self.says(key, version, wanted):
            self.retained[name, version] = wanted.until

    @rule(name=names, place=places, held=strategies.booleans())
    def set_hold(self, name: str, place: int, held: bool) -> None:
        key = Key(BUCKET, name)
        version = self.version(self.catalog, name, place)
        self.both(lambda store: store.set_hold(key, self.version(store, name, place), held=held))
        if not held:
            self.held.discard((name, version))
        elif self.holds(key, version):
            self.held.add((name, version))

    @rule(name=names, place=places)
    def delete_governed(self, name: str, place: int) -> None:
        self.both(lambda store: store.delete_governed(Key(BUCKET, name), self.version(store, name, place)))

    @rule(name=names, count=strategies.integers(1, 3))
    def delete_versions(self, name: str, count: int) -> None:
        def refs(store: Both) -> list[VersionRef]:
            return [VersionRef(name, self.version(store, name, place)) for place in range(count)]

        outcomes = [
            [type(done) for done in self.run(store.delete_versions(BUCKET, refs(store)))]
            for store in (self.catalog, self.memory)
        ]
        assert outcomes[0] == outcomes[1]

    @invariant()
    def promises_are_kept(self) -> None:
        bound = {row for row, until in self.retained.items() if until > self.clock()}
        there = {(row.name, row.meta.version or "") for row in self.listed(self.catalog)}
        assert self.held | bound <= there

    def says(self, key: Key, version: str, wanted: Retention) -> bool:
        system = self.system(key, version)
        return system is not None and system.get("s3:retention") == wanted.pack()

    def holds(self, key: Key, version: str) -> bool:
        system = self.system(key, version)
        return system is not None and system.get(LEGAL_HOLD) == ON

    def system(self, key: Key, version: str) -> dict[str, str] | None:
        try:
            return dict(self.run(self.catalog.stat(key, version)).props.system)
        except StoreError:
            return None

    def teardown(self) -> None:
        self.patch.undo()
        super().teardown()


TestLockModel = LockModel.TestCase
TestLockModel.settings = settings(max_examples=15, stateful_step_count=30)
