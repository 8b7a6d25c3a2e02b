"""Versions: `capabilities.Versions` and `Standing`."""

from collections.abc import Iterator, Sequence
from heapq import merge

from gateway.core.buckets import BucketMeta
from gateway.core.conditions import ANY, When
from gateway.core.errors import StoreError
from gateway.core.listing import paginate
from gateway.core.locks import check_suspension
from gateway.core.names import check_key
from gateway.core.types import Deleted, Key, ListQuery, Meta, Page, Prefix
from gateway.core.versions import NULL, Version, Versioning, VersionQuery, VersionRef, rank_of
from gateway.stores.memory.bucket import Bucket
from gateway.stores.memory.entry import Entry
from gateway.stores.memory.objects import Objects


class Versions(Objects):
    """Current objects and what they were before lie apart, and are listed together."""

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        found = self._buckets.get(bucket)
        if not enabled:
            check_suspension(found.system)
        found.versioning = Versioning.ENABLED if enabled else Versioning.SUSPENDED
        return found.meta

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        found = self._buckets.get(bucket)
        rank = _rank(found, query)

        def seek(start: str, included: bool) -> Iterator[Version]:
            if not included and start == query.key_marker and rank is not None:
                return _walk(found, start, rank)
            return _walk(found, start if included else start + "\0")

        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
        return paginate(seek, names)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        self._buckets.get(bucket)
        return [await self._delete_ref(bucket, ref) for ref in refs]

    async def stand(self, key: Key, version: str) -> Meta:
        return self._buckets.holding(key).stand(key.name, version)

    async def withdraw(self, key: Key, when: When = ANY) -> Deleted:
        return self._writable(key, when).withdraw(key.name)

    async def expunge(self, key: Key, version: str) -> Deleted:
        return self._buckets.holding(key).delete_version(key.name, version, ANY, promotes=False)

    async def _delete_ref(self, bucket: str, ref: VersionRef) -> Deleted | StoreError:
        try:
            return await self.delete(Key(bucket, check_key(ref.name)), ref.version)
        except StoreError as error:
            return error


def _rank(bucket: Bucket, query: VersionQuery) -> int | None:
    """The rank behind which a page begins; None: behind all of the name. Raises `InvalidVersion`."""
    if query.version_marker == NULL:
        found = bucket.history.find(query.key_marker, None)
        if found is not None:
            return found[0]
        standing = bucket.find(query.key_marker)
        return 0 if standing is not None and standing.version is None else -1
    return rank_of(query.version_marker) if query.version_marker else None


def _walk(bucket: Bucket, name: str, rank: int = -1) -> Iterator[Version]:
    """Versions from those of `name` on; with `rank`, of that name only what is older."""
    current = ((_rank_of(entry), entry) for entry in bucket.objects.walk(name, included=True))
    rest = (row for row in current if row[1].meta.name != name or row[0] > rank)
    rows = merge(rest, bucket.history.walk(name, rank), key=lambda row: (row[1].meta.name, row[0]))
    before = None if rank < 0 else name
    for _, entry in rows:
        standing = bucket.objects.get(entry.meta.name)
        latest = entry is standing or (entry.marker and standing is None and entry.meta.name != before)
        yield Version(meta=entry.meta, latest=latest, marker=entry.marker)
        before = entry.meta.name


def _rank_of(standing: Entry) -> int:
    """The rank of what stands. Without an id it is the newest."""
    return 0 if standing.meta.version is None else rank_of(standing.meta.version)
