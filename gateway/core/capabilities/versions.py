"""Buckets that keep former versions, and locks on these."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError
from gateway.core.locks import BucketLock, Retention
from gateway.core.types import Deleted, Key, Meta, Page, Prefix
from gateway.core.versions import Version, VersionQuery, VersionRef


class Versions(Protocol):
    """Buckets that keep what is replaced or deleted.

    While versioning is enabled, every write makes a version with an id of its own, and a delete puts a marker in the
    object's place. While it is suspended, both replace the version without an id, and no other. A marker is for every
    reader of the name as if there was nothing (`DeleteMarker`). The version removed being the current one, the newest
    that is left takes its place. A rename is a copy with a delete behind it, in one step.
    """

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        """Enable versioning, or suspend it. Raises `NoSuchBucket`."""
        ...

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        """One page of versions and delete markers; costs as much as the page. `Page.next` is set where more follow.

        Raises `NoSuchBucket`, `InvalidVersion`.
        """
        ...

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        """`delete` for many, as one; what was done or refused stands in the order of `refs`. Raises `NoSuchBucket`."""
        ...


class Standing(Protocol):
    """Names that any of their versions may stand for, or none of them, as Swift has it.

    The order of versions stays what it is, and with it who comes next by the rules of `Versions`.
    """

    async def stand(self, key: Key, version: str) -> Meta:
        """Have a version stand as it is, which has an id. What stood is a former version then.

        Raises as `Store.stat`.
        """
        ...

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        """Have nothing stand, and put no marker. What stood is a former version then if it has an id, or else gone.

        Raises `NoSuchBucket`, `ConditionFailed`, `Locked`.
        """
        ...

    async def expunge(self, key: Key, version: str) -> Deleted:
        """`Store.delete` of a version, after which no other takes its place: was it the current one, nothing stands."""
        ...


class Locks(Protocol):
    """Versions that nobody removes while they are locked, by the rules of `core.locks`.

    A bucket has locks from the beginning (`BucketProps.system` with `locks.OBJECT_LOCK`) or from when they are set, and
    for good: it keeps versions then, and `Versions.set_versioning` can't suspend that (`LocksOn`). How a new version is
    locked its writer states by the properties `locks.OF_VERSIONS`, which `Store.put`, `Store.copy` and
    `Multipart.create_upload` take in such buckets alone (`LocksOff`, `RetentionOver`). Whatever removes a version for
    good raises `Locked` for one that is locked when it comes to that, by the store's own clock. Deletes that put a
    marker, and writes, go on as in any bucket that keeps versions.
    """

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        """Have locks in a bucket, and in new versions what it says. Raises `NoSuchBucket`, `VersioningOff`."""
        ...

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        """Have a version be retained, or (None) not any more; `bypass`: whatever retention in governance mode it has.

        Raises as `Store.stat`, and `LocksOff`, `Locked`, `RetentionOver`.
        """
        ...

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        """Put a legal hold on a version, or lift it. Raises as `Store.stat`, and `LocksOff`."""
        ...

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        """`Store.delete` of a version, whatever retention in governance mode it has."""
        ...
