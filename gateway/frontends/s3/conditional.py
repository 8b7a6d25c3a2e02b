"""Deletes on conditions, where there is nothing to hold these against.

Source: DeleteObject in the Amazon S3 API Reference: an object that isn't there has no wrong size or time.
"""

from collections.abc import Awaitable

from gateway.core.conditions import When
from gateway.core.errors import ConditionFailed, DeleteMarker, NotFound
from gateway.core.store import Store
from gateway.core.types import Deleted, Key


async def settled(deleting: Awaitable[Deleted], store: Store, key: Key, version: str | None, when: When) -> Deleted:
    """What became of a delete of `key` where `when` holds.

    A delete marker matches nothing. Where there is nothing at all, only an entity tag that was asked for is missed.
    """
    try:
        return await deleting
    except ConditionFailed as failed:
        if not failed.missing:
            raise
        return await _missed(store, key, version, when)


async def _missed(store: Store, key: Key, version: str | None, when: When) -> Deleted:
    try:
        await store.stat(key, version)
    except DeleteMarker:
        raise ConditionFailed from None
    except NotFound:
        if when.if_match:
            raise ConditionFailed(missing=True) from None
        return Deleted(existed=False, version=version)
    raise ConditionFailed  # it came in between
