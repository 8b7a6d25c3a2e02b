"""Objects that vanish: `capabilities.Expiring`."""

from collections.abc import Sequence

from gateway.core.types import Expired
from gateway.stores.memory.objects import Objects


class Expiring(Objects):
    """They are found by a look at all objects: this store is for tests and trials."""

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        found = [
            Expired(entry.meta.key, entry.meta.expires)
            for bucket in self._buckets.index.walk("", included=True)
            for entry in bucket.below("")
            if entry.meta.expires is not None and entry.meta.expires <= until
        ]
        behind = None if after is None else _place(after)
        return [row for row in sorted(found, key=_place) if behind is None or _place(row) > behind][:limit]


def _place(row: Expired) -> tuple[int, str, str]:
    return row.expires, row.key.bucket, row.key.name
