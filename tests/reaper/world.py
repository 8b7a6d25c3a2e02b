"""A store with a bucket in it, and a reaper whose clock a test drives."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.capabilities import find
from gateway.core.capabilities.versions import Versions
from gateway.core.conditions import ANY, SECOND, When
from gateway.core.lifecycle import DAY, LIFECYCLE, Rule, pack
from gateway.core.ops import each
from gateway.core.store import Store
from gateway.core.types import Deleted, Key, Meta, Props, PropsChange, Put
from gateway.core.versions import Version, VersionQuery
from gateway.layers.layer import Layer
from gateway.reaper.reaper import Charge, Reaper
from gateway.reaper.settings import ReaperSettings
from gateway.reaper.tally import What

BUCKET = "bucket"
OWNER = "owner"
PAST = 5 * SECOND


class Clock:
    """The time, and as many days more as a test says."""

    def __init__(self) -> None:
        self.days = 0.0

    def __call__(self) -> int:
        return time.time_ns() + int(self.days * DAY)


@dataclass
class World:
    """What a test works with. `pauses`: how long the reaper has waited, in seconds."""

    store: Store
    settings: Mapping[str, object] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    pauses: list[float] = field(default_factory=list)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def reaper(self, store: Store | None = None, *, embedded: bool = True, **settings: object) -> Reaper:
        """A reaper as it is after a start."""
        charge = Charge(name="main", store=store or self.store, embedded=embedded)
        return Reaper(charge, ReaperSettings.model_validate({**self.settings, **settings}), self.clock, self.pause)

    async def reap(self, store: Store | None = None, *, embedded: bool = True, **settings: object) -> Mapping[str, int]:
        """What a reaper that has just started removes."""
        reaper = self.reaper(store, embedded=embedded, **settings)
        await reaper.reap()
        return {what.value: count for what, count in reaper.tally.removed.items()}

    async def put(
        self,
        name: str,
        data: bytes = b"data",
        *,
        tags: str = "",
        expires: int | None = None,
        modified: int | None = None,
    ) -> Meta:
        props = Props(system={"s3:tagging": tags} if tags else {}, expires=expires)
        return await self.store.put(Key(BUCKET, name), BytesBody(data), Put(props=props, modified=modified))

    async def rule(self, *rules: Rule) -> None:
        await self.store.update_bucket(BUCKET, PropsChange(system={LIFECYCLE: pack(rules) if rules else None}))

    async def names(self) -> list[str]:
        return [row.name async for row in each(self.store, BUCKET)]

    @property
    def versions(self) -> Versions:
        found = find(self.store, Versions)
        assert found is not None
        return found

    async def history(self) -> list[tuple[str, str | None, bool]]:
        """Names, ids, and whether they are markers."""
        page = await self.versions.versions(BUCKET, VersionQuery(limit=10_000))
        return [(row.name, row.meta.version, row.marker) for row in page.items if isinstance(row, Version)]


@asynccontextmanager
async def world_over(store: Store, **settings: object) -> AsyncIterator[World]:
    await store.start()
    try:
        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        yield World(store, settings)
    finally:
        await store.aclose()


class Meddled(Layer):
    """A store in which somebody does something right before each delete."""

    def __init__(self, inner: Store, meddle: Callable[[Key], Awaitable[object]]) -> None:
        super().__init__(inner)
        self._meddle = meddle

    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        await self._meddle(key)
        return await self.inner.delete(key, version, when)


def removed(**counts: int) -> Mapping[str, int]:
    assert counts.keys() <= {what.value for what in What}
    return counts


def ids(metas: Sequence[Meta]) -> list[str | None]:
    return [meta.version for meta in metas]
