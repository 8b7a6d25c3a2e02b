"""Buckets. S3 knows their names and ages, and has tags; who owns them here, the settings say."""

import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.errors import (
    AlreadyExists,
    Denied,
    NoSuchBucket,
    NoSuchKey,
    NoSuchVersion,
    NotFound,
    StoreError,
    Unavailable,
    Unsupported,
    VersioningOff,
)
from gateway.core.listing import paginate
from gateway.core.locks import (
    OBJECT_LOCK,
    BucketLock,
    check_change,
    check_suspension,
    lock_of,
)
from gateway.core.names import check_bucket
from gateway.core.tasks import Turns, wholly
from gateway.core.types import ListQuery, Page, Prefix, PropsChange
from gateway.core.versions import Versioning
from gateway.stores.s3.bucketlocks import BucketLocks
from gateway.stores.s3.client import Client
from gateway.stores.s3.listing import REPEATED
from gateway.stores.s3.settings import S3StoreSettings
from gateway.stores.s3.tags import BucketTags, unpack

CLASSIC_REGION = "us-east-1"
"""The region that must not be named where a bucket is created."""

MAX_KNOWN = 4096

_STATES = {"Enabled": Versioning.ENABLED, "Suspended": Versioning.SUSPENDED}
_STATUS = {versioning: status for status, versioning in _STATES.items()}


class Buckets:
    """The buckets of one account. What is known of one is believed for `bucket_ttl` seconds.

    Counters are not kept (`Caps.counters`). Properties are kept in tags; changes of one bucket by one process follow
    upon each other, those of several processes at once may undo one another.
    """

    def __init__(self, client: Client, settings: S3StoreSettings, owner: str) -> None:
        self._client = client
        self._settings = settings
        self._owner = owner
        self._tagging = settings.tagging
        self._known: dict[str, tuple[float, BucketMeta]] = {}
        self._changes = 0
        self._turns = Turns()
        self.locks = BucketLocks(client)

    async def list(self, query: ListQuery, owner: str | None) -> Page[BucketMeta | Prefix]:
        """Their properties are left out: a request for each would be needed."""
        rows = await self._all() if owner in {None, self._owner} else []
        names = [row.name for row in rows]

        def seek(start: str, included: bool) -> Iterator[BucketMeta]:
            if query.reverse:
                behind = (bisect_right if included else bisect_left)(names, start) if start else len(names)
                return iter(rows[:behind][::-1])
            return iter(rows[(bisect_left if included else bisect_right)(names, start) :])

        return paginate(seek, query)

    async def create(self, name: str, props: BucketProps) -> bool:
        """False where it is there. Raises `Denied` for an owner that buckets here can't have, `Unsupported`."""
        check_bucket(name)
        return await wholly(self._create(name, props))

    async def _create(self, name: str, props: BucketProps) -> bool:
        async with self._turns.of(name):
            if await self._is_taken(name):
                return False
            if props.owner != self._owner:
                raise Denied("Buckets of this store belong to another account")
            lock = lock_of(props.system)
            tags = _tags_of(props)
            is_tagged = bool(tags.pack())
            region = self._settings.region
            place = None if region == CLASSIC_REGION else {"LocationConstraint": region}
            try:
                await self._client.call(
                    "create_bucket",
                    Bucket=name,
                    CreateBucketConfiguration=place,
                    ObjectLockEnabledForBucket=None if lock is None else True,
                )
            except AlreadyExists:
                return False
            self._forget(name)
            try:
                if lock is not None:
                    await self.locks.put(name, lock)
                if is_tagged:
                    await self._tag(name, tags)
            except StoreError:
                await self._client.call("delete_bucket", Bucket=name)
                raise
            return True

    async def _is_taken(self, name: str) -> bool:
        """By whomever: a bucket of somebody else's is there, and denied."""
        try:
            await self._client.call("head_bucket", Bucket=name)
        except NotFound:
            return False
        except Denied:
            return True
        return True

    async def stat(self, name: str) -> BucketMeta:
        """Raises `NoSuchBucket`."""
        known = self._known.get(check_bucket(name))
        if known and known[0] > time.monotonic():
            return known[1]
        return await self._look(name)

    def _forget(self, name: str) -> None:
        """Something has changed: neither what is known holds, nor what somebody is being told now."""
        self._changes += 1
        self._known.pop(name, None)

    async def _look(self, name: str) -> BucketMeta:
        changes = self._changes
        versioning = await self._versioning(name)
        tags = await self._tags(name)
        lock = await self.locks.of(name) if versioning is Versioning.ENABLED else None
        system = tags.system if lock is None else {**tags.system, OBJECT_LOCK: lock.pack()}
        meta = self._meta(name, await self._created(name))
        meta = replace(meta, user=tags.user, system=system, versioning=versioning)
        if changes == self._changes:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[name] = time.monotonic() + self._settings.bucket_ttl, meta
        return meta

    async def require(self, name: str) -> None:
        """Raises `NoSuchBucket`, as the remote says it now."""
        try:
            await self._client.call("head_bucket", Bucket=check_bucket(name))
        except NotFound:
            self._forget(name)
            raise NoSuchBucket from None

    async def absent(self, name: str, version: str | None = None) -> NotFound:
        """Why a HEAD of an object, or a version of one, in the bucket `name` found nothing."""
        try:
            await self.stat(name)
        except NoSuchBucket as error:
            return error
        return NoSuchKey() if version is None else NoSuchVersion()

    async def update(self, name: str, change: PropsChange) -> BucketMeta:
        """Raises `NoSuchBucket`; `Unsupported` where the remote has no tags, and something was to change."""
        check_bucket(name)
        check_change(change)
        return await wholly(self._update(name, change))

    async def _update(self, name: str, change: PropsChange) -> BucketMeta:
        async with self._turns.of(name):
            await self.require(name)
            found = await self._tags(name)
            wanted = BucketTags(change.apply_user(found.user), change.apply_system(found.system), found.other)
            if wanted != found:
                await self._tag(name, wanted)
                self._forget(name)
            return await self._look(name)

    async def keeps_versions(self, name: str) -> bool:
        """Whether versioning was ever enabled in the bucket. That it was not is asked anew: others may enable it.

        Raises `NoSuchBucket`.
        """
        known = self._known.get(check_bucket(name))
        if known and known[0] > time.monotonic() and known[1].versioning is not Versioning.OFF:
            return True
        if await self._versioning(name) is Versioning.OFF:
            return False
        self._forget(name)
        return True

    async def set_versioning(self, name: str, wanted: Versioning) -> BucketMeta:
        """Raises `NoSuchBucket`; `Unsupported` where the remote keeps no versions."""
        check_bucket(name)
        return await wholly(self._set_versioning(name, wanted))

    async def _set_versioning(self, name: str, wanted: Versioning) -> BucketMeta:
        async with self._turns.of(name):
            await self.require(name)
            if wanted is Versioning.SUSPENDED:
                check_suspension((await self._look(name)).system)
            try:
                await self._client.call(
                    "put_bucket_versioning", Bucket=name, VersioningConfiguration={"Status": _STATUS[wanted]}
                )
                kept = await self._versioning(name) is wanted
            except (AlreadyExists, Unsupported):
                kept = False
            if not kept:  # as with tags
                raise Unsupported("The store behind this bucket keeps no versions of objects")
            self._forget(name)
            return await self._look(name)

    async def _versioning(self, name: str) -> Versioning:
        """As the remote says it now, in a request that takes the place of `require`. Raises `NoSuchBucket`.

        Where the credentials may not ask, the bucket counts as one without versions.
        """
        try:
            answer = await self._client.call("get_bucket_versioning", Bucket=check_bucket(name))
        except NotFound:
            self._forget(name)
            raise NoSuchBucket from None
        except (Denied, Unsupported):
            await self.require(name)
            return Versioning.OFF
        return _STATES.get(answer.text("Status"), Versioning.OFF)

    async def set_lock(self, name: str, lock: BucketLock) -> BucketMeta:
        """As `Locks.set_lock`; `Unsupported` where the remote has no locks."""
        check_bucket(name)
        return await wholly(self._set_lock(name, lock))

    async def _set_lock(self, name: str, lock: BucketLock) -> BucketMeta:
        async with self._turns.of(name):
            if await self._versioning(name) is not Versioning.ENABLED:
                raise VersioningOff
            await self.locks.put(name, lock)
            self._forget(name)
            return await self._look(name)

    async def delete(self, name: str) -> None:
        """Raises `NoSuchBucket`, `NotEmpty`."""
        check_bucket(name)
        try:
            await self._client.call("delete_bucket", Bucket=name)
        except NoSuchKey:
            raise NoSuchBucket from None
        finally:
            self._forget(name)

    async def _all(self, prefix: str = "") -> Sequence[BucketMeta]:
        found: dict[str, int] = {}
        token: str | None = None
        while True:
            answer = await self._client.call("list_buckets", Prefix=prefix or None, ContinuationToken=token)
            rows = {row.text("Name"): row.time("CreationDate") for row in answer.rows("Buckets")}
            if token is not None and rows.keys() <= found.keys():
                raise Unavailable(REPEATED)
            found |= rows
            token = answer.text("ContinuationToken") or None
            if token is None:
                return [self._meta(name, found[name]) for name in sorted(found)]

    async def _created(self, name: str) -> int:
        """When a bucket was created; 0 where the credentials may not ask."""
        try:
            rows = await self._all(name)
        except (Denied, Unsupported):
            return 0
        return next((row.created for row in rows if row.name == name), 0)

    def _meta(self, name: str, created: int) -> BucketMeta:
        return BucketMeta(name=name, owner=self._owner, created=created, objects=0, bytes=0)

    async def _tags(self, name: str) -> BucketTags:
        if self._tagging is False:
            return BucketTags()
        try:
            answer = await self._client.call("get_bucket_tagging", Bucket=name)
        except NoSuchKey:  # NoSuchTagSet: tags are there to be had
            self._tagging = True
            return BucketTags()
        except (Denied, Unsupported):
            if self._tagging:
                raise
            self._tagging = False
            return BucketTags()
        self._tagging = True
        return unpack((row.text("Key"), row.text("Value")) for row in answer.rows("TagSet"))

    async def _tag(self, name: str, tags: BucketTags) -> None:
        pairs = tags.pack()
        if not pairs and self._tagging is not True:
            return
        if self._tagging is False:
            raise Unsupported("This store keeps no metadata of buckets")
        try:
            if pairs:
                rows = [{"Key": key, "Value": value} for key, value in pairs]
                await self._client.call("put_bucket_tagging", Bucket=name, Tagging={"TagSet": rows})
            else:
                await self._client.call("delete_bucket_tagging", Bucket=name)
            kept = await self._tags(name) == tags
        except (AlreadyExists, Unsupported):
            kept = False
        if not kept:  # there are remotes that take for something else what they don't know
            self._tagging = False
            raise Unsupported("This store keeps no metadata of buckets")


def _tags_of(props: BucketProps) -> BucketTags:
    """A new bucket's properties as tags. What is said of locks has a place of its own."""
    return BucketTags(props.user, {name: value for name, value in props.system.items() if name != OBJECT_LOCK})
