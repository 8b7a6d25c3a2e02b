"""Buckets: the folders of the directory."""

import os
from collections.abc import Iterator
from contextlib import suppress
from time import time_ns

import msgspec

from gateway.core import locks
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.errors import AlreadyExists, NoSuchBucket, NotEmpty, StoreError, Unavailable
from gateway.core.listing import paginate
from gateway.core.store import Caps, Store
from gateway.core.tasks import Turns
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.stores.directory import system
from gateway.stores.directory.emptying import dismantle, is_used
from gateway.stores.directory.failures import log
from gateway.stores.directory.hidden import DRAFTS, remove_tree
from gateway.stores.directory.listing import Bound
from gateway.stores.directory.names import folder
from gateway.stores.directory.records import BucketRecord
from gateway.stores.directory.settings import DirectorySettings
from gateway.stores.directory.site import Site
from gateway.stores.directory.threads import Threads
from gateway.stores.directory.writing import Writing

WRITING_THREADS = 32
READING_THREADS = 16


class Buckets(Store):
    """Whoever changes anything in a bucket keeps it where it is; deleting and renaming it waits for all of them."""

    def __init__(self, settings: DirectorySettings, owner: str) -> None:
        """`owner`: the account that buckets belong to which others have made."""
        self.caps = Caps(counters=False, durable=settings.durability == "full")
        self._site = Site(settings, owner)
        self._writing = Writing(self._site)
        self._threads = Threads(WRITING_THREADS, "portico-directory-write")
        self._reading = Threads(READING_THREADS, "portico-directory-read")
        self._turns = Turns()

    async def start(self) -> None:
        try:
            await self._threads.run(self._site.open)
        except StoreError as error:
            reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error.message
            raise Unavailable(f"The directory can't be used: {reason}") from error
        if not self.caps.durable:
            log.warning("durability is relaxed: a failure of power may take back the last acknowledged writes")

    async def aclose(self) -> None:
        await self._threads.aclose()
        await self._reading.aclose()
        self._site.close()

    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        return await self._reading.run(self._buckets, query, owner)

    def _buckets(self, query: ListQuery, owner: str | None) -> Page[BucketMeta | Prefix]:
        names = self._site.bucket_names()

        def seek(start: str, included: bool) -> Iterator[BucketMeta]:
            bound = Bound(start, included, query.reverse)
            for name in filter(bound.admits, reversed(names) if query.reverse else names):
                meta = self._found(name)
                if meta is not None and owner in {None, meta.owner}:
                    yield meta

        return paginate(seek, query)

    def _found(self, name: str) -> BucketMeta | None:
        """None: it is gone, or nobody may look into it."""
        with suppress(NoSuchBucket, PermissionError), self._site.bucket(name) as bucket:
            return bucket.meta
        return None

    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        locks.refuse(props)
        return await self._threads.run(self._create_bucket, folder(name), props)

    def _create_bucket(self, name: str, props: BucketProps) -> bool:
        hidden = self._site.hidden
        draft = hidden.unique()
        with self._site.locks.bucket(name, alone=True), hidden.folder(DRAFTS, make=True) as drafts:
            os.mkdir(draft, dir_fd=drafts)
            try:
                with system.inside(drafts, (draft,)) as descriptor:
                    bucket = self._site.bucket_of(name, os.dup(descriptor))
                    try:
                        bucket.keep(BucketRecord.of(props, time_ns()))
                    finally:
                        bucket.close()
                with self._site.above(name, make=True) as above:
                    system.rename_free(draft, drafts, name, above)
                    hidden.sync(above)
            except FileExistsError:
                remove_tree(draft, drafts)
                return False
        return True

    async def stat_bucket(self, name: str) -> BucketMeta:
        return await self._reading.run(self._stat_bucket, name)

    def _stat_bucket(self, name: str) -> BucketMeta:
        with self._site.bucket(name) as bucket:
            return bucket.meta

    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        return await self._threads.run(self._update_bucket, name, change)

    def _update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        locks = self._site.locks
        with locks.bucket(name), locks.names((name, "")), self._site.bucket(name) as bucket:
            found = bucket.record
            user, system = dict(change.apply_user(found.user)), dict(change.apply_system(found.system))
            bucket.keep(msgspec.structs.replace(found, user=user, system=system))
            return bucket.meta

    async def delete_bucket(self, name: str) -> None:
        await self._threads.run(self._delete_bucket, name)

    def _delete_bucket(self, name: str) -> None:
        """It goes at once, and comes back should somebody who minds no locks have put something there meanwhile."""
        hidden = self._site.hidden
        gone = hidden.unique()
        with self._site.locks.bucket(name, alone=True):
            with self._site.bucket(name) as bucket:
                if is_used(bucket):
                    raise NotEmpty
            with hidden.folder(DRAFTS, make=True) as drafts, self._site.above(name) as above:
                os.rename(name, gone, src_dir_fd=above, dst_dir_fd=drafts)
                try:
                    dismantle(gone, drafts)
                except OSError as error:
                    system.rename_free(gone, drafts, name, above)
                    raise NotEmpty from error
                hidden.sync(above)

    async def rename_bucket(self, source: str, target: str) -> None:
        """`capabilities.Rename`."""
        await self._threads.run(self._rename_bucket, source, folder(target))

    def _rename_bucket(self, source: str, target: str) -> None:
        with self._site.locks.bucket(source, target, alone=True):
            with self._site.bucket(source):
                pass
            with self._site.above(source) as old, self._site.above(target, make=True) as new:
                try:
                    system.rename_free(source, old, target, new)
                except FileExistsError:
                    raise AlreadyExists from None
                self._site.hidden.sync(old)
                self._site.hidden.sync(new)
