"""Versions: `capabilities.Versions`."""

from collections.abc import Iterator, Sequence
from heapq import merge

from gateway.core.buckets import BucketMeta
from gateway.core.errors import StoreError
from gateway.core.listing import paginate
from gateway.core.locks import check_suspension
from gateway.core.names import check_key
from gateway.core.types import Deleted, Key, ListQuery, Page, Prefix
from gateway.core.versions import NULL, Version, Versioning, VersionQuery, VersionRef, rank_of
from gateway.stores.memory.bucket import Bucket
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
            return _walk(found, start if included else start + "\0", None)

        names = ListQuery(prefix=query.prefix, delimiter=query.delimiter, marker=query.key_marker, limit=query.limit)
        return paginate(seek, names)

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        self._buckets.get(bucket)
        return [await self._delete_ref(bucket, ref) for ref in refs]

    async def _delete_ref(self, bucket: str, ref: VersionRef) -> Deleted | StoreError:
        try:
            return await self.delete(Key(bucket, check_key(ref.name)), ref.version)
        except StoreError as error:
            return error


def _rank(bucket: Bucket, query: VersionQuery) -> int | None:
    """The rank behind which a page begins; None: behind all of the name. Raises `InvalidVersion`."""
    if query.version_marker == NULL:
        found = bucket.history.find(query.key_marker, None)
        return found[0] if found else 0
    return rank_of(query.version_marker) if query.version_marker else None


def _walk(bucket: Bucket, name: str, rank: int | None) -> Iterator[Version]:
    """Versions from those of `name` on; with `rank`, of that name only what is older."""
    current = bucket.objects.walk(name, included=rank is None)
    rows = merge(current, bucket.history.walk(name, rank), key=lambda entry: entry.meta.name)
    before = None if rank is None else name
    for entry in rows:
        yield Version(meta=entry.meta, latest=entry.meta.name != before, marker=entry.marker)
        before = entry.meta.name
