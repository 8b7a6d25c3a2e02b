"""Listings of objects, with the true size of large ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from gateway.core.errors import NoSuchBucket, StoreError
from gateway.core.types import Key, ListQuery, Meta
from gateway.stores.swift.dynamic import behind, file_of, hidden
from gateway.stores.swift.found import found_of
from gateway.stores.swift.merging import Merged
from gateway.stores.swift.paging import page_of, query_of
from gateway.stores.swift.request import Request
from gateway.stores.swift.rows import Listed, Row, is_doubtful, objects, parsed
from gateway.stores.swift.upstream import Upstream

AT_ONCE = 8


def listing_of(up: Upstream, bucket: str) -> Merged[Meta]:
    """The listing of one bucket. Raises `NoSuchBucket` when it is read."""

    async def fetch(query: ListQuery) -> Listed[Meta]:
        rest = query
        while True:
            answer, asked = await page_of(up.client, (bucket,), query_of(rest), rest.limit)
            if answer.status == 404:
                raise NoSuchBucket
            rows = await parsed(partial(objects, bucket), answer.body)
            files = await hidden(up, bucket, rows)
            shown = [row for row in rows if file_of(row.name) not in files]
            if shown or not rows:
                whole = not rest.marker and len(rows) < asked and _are_all(rows, answer.headers)
                return Listed(await _sized(up, shown), whole=whole)
            rest = replace(rest, marker=behind(file_of(rows[-1].name) or "", reverse=rest.reverse))

    async def look(names: Sequence[str]) -> Mapping[str, Row[Meta] | None]:
        found = await up.looked_up([Key(bucket, name) for name in names])
        return {name: None if one is None else Row(one.meta, one.stamp) for name, one in found.items()}

    return Merged(up.objects, bucket, fetch, look=None if up.settings.exclusive else look)


def _are_all(rows: Sequence[Row[Meta]], headers: Mapping[str, str]) -> bool:
    """Whether rows are all that lies in the container, by its own count, which is told together with them."""
    count = headers.get("X-Container-Object-Count", "")
    return count.isascii() and count.isdigit() and int(count) == sum(isinstance(row.item, Meta) for row in rows)


async def _sized(up: Upstream, rows: Sequence[Row[Meta]]) -> Sequence[Row[Meta]]:
    """Rows of nothing that may be dynamic large objects (DLO) are looked at, once for each write of theirs.

    Swift's rows tell the size of SLOs, but a DLO is an empty object there, which only its own headers know to be more.
    Directory markers are known by their type and not asked.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def sized(row: Row[Meta], meta: Meta) -> Row[Meta]:
        if (known := up.sized.get((meta.key, row.stamp))) is not None:
            return _having(row.stamp, meta, known)
        async with turns:
            try:
                answer = await up.client.call(Request(method="HEAD", path=(meta.key.bucket, row.name)), 404)
                found = None if answer.status == 404 else found_of(meta.key, answer.headers)
            except StoreError:
                return row
        if found is None or not found.manifest:
            up.empty.add(meta.key, row.stamp)
            return row
        return _having(row.stamp, meta, found.meta)

    async with asyncio.TaskGroup() as group:
        looks = {
            row.name: group.create_task(sized(row, row.item))
            for row in rows
            if isinstance(row.item, Meta) and is_doubtful(row.item) and not _is_known(up, row.item, row.stamp)
        }
    return [looks[row.name].result() if row.name in looks else row for row in rows] if looks else rows


def _is_known(up: Upstream, meta: Meta, stamp: int) -> bool:
    """Whether an object is one of our own, or has been looked at and found to be empty."""
    return up.objects.get(meta.key.bucket, meta.name) is not None or up.empty.holds(meta.key, stamp)


def _having(stamp: int, meta: Meta, known: Meta) -> Row[Meta]:
    return Row(replace(meta, size=known.size, etag=known.etag), stamp)
