"""Listings of versions from the last to the first."""

from collections import deque
from dataclasses import replace

from gateway.core import ops
from gateway.core.store import Store
from gateway.core.types import Prefix
from gateway.core.versions import NULL, Version, VersionQuery

PAGE = 1000


async def backwards(store: Store, bucket: str, wanted: VersionQuery, end: str) -> list[Version | Prefix]:
    """What comes before the markers, the last first, and not before the name `end`. Raises `InvalidVersion`.

    Stores list forwards: all that comes before is read, but no more of it kept than is wanted.
    """
    kept: deque[Version | Prefix] = deque(maxlen=wanted.limit)
    query = replace(wanted, key_marker=end, version_marker="", limit=PAGE)
    while True:
        page = await ops.versions(store, bucket, query)
        for row in page.items:
            if wanted.key_marker and _is_reached(row, wanted):
                return [*reversed(kept)]
            kept.append(row)
        if page.next is None:
            return [*reversed(kept)]
        last = page.items[-1]
        query = replace(query, key_marker=last.name, version_marker=_id(last))


def _is_reached(row: Version | Prefix, wanted: VersionQuery) -> bool:
    if row.name != wanted.key_marker or not wanted.version_marker:
        return row.name >= wanted.key_marker
    return _id(row) == wanted.version_marker


def _id(row: Version | Prefix) -> str:
    return "" if isinstance(row, Prefix) else row.meta.version or NULL
