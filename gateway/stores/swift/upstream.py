"""What all parts of the store share."""

import asyncio
from collections.abc import Mapping, Sequence

from cachetools import LRUCache

from gateway.core.buckets import BucketMeta
from gateway.core.errors import NoSuchBucket, StoreError
from gateway.core.tasks import Turns
from gateway.core.types import Key, Meta
from gateway.stores.swift.client import Client
from gateway.stores.swift.deleting import Deletes
from gateway.stores.swift.empties import Empties
from gateway.stores.swift.found import Found, found_of
from gateway.stores.swift.info import Info
from gateway.stores.swift.notes import Notes
from gateway.stores.swift.overlay import Overlay
from gateway.stores.swift.request import Request
from gateway.stores.swift.segments import Segments
from gateway.stores.swift.settings import SwiftStoreSettings
from gateway.stores.swift.staging import Staging
from gateway.stores.swift.together import together
from gateway.stores.swift.tokens import Shelf

AT_ONCE = 8
ACCOUNT = ""
"""The scope of the overlay of buckets."""


class Upstream:
    """One account of one cluster."""

    def __init__(self, settings: SwiftStoreSettings, owner: str, shelf: Shelf | None = None) -> None:
        self.settings = settings
        self.owner = owner if settings.owner is None else settings.owner
        self.client = Client(settings, shelf)
        self.info = Info(self.client)
        self.deletes = Deletes(self.client, self.info)
        self.notes = Notes(self.client)
        self.segments = Segments(self.client, self.info, self.deletes, self.notes)
        self.staging = Staging(self.client)
        self.turns = Turns()
        self.empty = Empties(settings.overlay_entries)
        self.sized: LRUCache[tuple[Key, int | None], Meta] = LRUCache(settings.overlay_entries)
        """DLOs over parts beside them, by what wrote them last: so large they are."""
        self.objects: Overlay[Meta] = Overlay(settings.overlay_seconds, settings.overlay_entries)
        self.buckets: Overlay[BucketMeta] = Overlay(settings.overlay_seconds, settings.overlay_entries)

    async def need_bucket(self, bucket: str) -> None:
        """Raises `NoSuchBucket`."""
        answer = await self.client.call(Request(method="HEAD", path=(bucket,)), 404)
        if answer.status == 404:
            raise NoSuchBucket

    async def missing(self, bucket: str, otherwise: StoreError) -> StoreError:
        """What a 404 on something in a bucket means: Swift does not say whether the bucket is there."""
        try:
            await self.need_bucket(bucket)
        except NoSuchBucket as error:
            return error
        return otherwise

    async def found(self, key: Key) -> Found | None:
        """What stands under a name."""
        answer = await self.client.call(Request(method="HEAD", path=(key.bucket, key.name)), 404)
        if answer.status == 404:
            return None
        found = found_of(key, answer.headers)
        if found.manifest:
            self.segments.learn(key.bucket)
        return found

    async def looked_up(self, keys: Sequence[Key]) -> Mapping[str, Found | None]:
        """What stands under each name, asked for a few at a time."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def found(key: Key) -> Found | None:
            async with turns:
                return await self.found(key)

        async with together() as group:
            tasks = {key.name: group.create_task(found(key)) for key in keys}
        return {name: task.result() for name, task in tasks.items()}
