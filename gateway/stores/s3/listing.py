"""Listings: the contract's rules over ListObjectsV2, whatever the remote's own rules at the edges are.

Remotes differ in what they do with a marker that is, or lies inside of, a common prefix. So a group at the edge of what
is wanted is looked at by itself, and what the remote says of it is passed over.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from gateway.core.errors import Unavailable, Unsupported
from gateway.core.listing import Named, group_of
from gateway.core.types import Key, ListQuery, Meta, Page, Prefix
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.client import Client

PAGE = 1000
MAX_REVERSED = 10_000
"""Rows that a listing in reverse, which S3 has not, may have to be read forwards for. One of more is refused."""

REPEATED = "The store repeats its listing"

Row = Meta | Prefix
R = TypeVar("R", bound=Named)


@dataclass(frozen=True, slots=True)
class Range:
    """The names between `low` and `high` (both exclusive; empty: no bound) in the groups of `query`."""

    bucket: str
    query: ListQuery
    low: str
    high: str

    def below(self, name: str) -> bool:
        return not self.high or name < self.high


async def list_objects(client: Client, bucket: str, query: ListQuery) -> Page[Row]:
    """One page. Rows bear no properties (`Caps.listed_props`). Raises `NoSuchBucket`, `Unsupported`."""
    if query.limit <= 0:
        await client.call("head_bucket", Bucket=bucket)
        return Page(())
    if query.reverse:
        return await _reversed(client, bucket, query)
    wanted = Range(bucket, query, query.marker, query.end_marker)
    return await first_of(_walk(client, wanted, query.limit), query.limit)


async def first_of(rows: AsyncGenerator[tuple[R, bool], None], limit: int) -> Page[R]:
    """The page that the first of these rows make; each is told with whether it is known that another follows."""
    items: list[R] = []
    async with aclosing(rows):
        async for row, more in rows:
            if len(items) == limit:
                return Page(tuple(items), items[-1].name)
            items.append(row)
            if len(items) == limit and more:
                return Page(tuple(items), row.name)
    return Page(tuple(items))


async def _reversed(client: Client, bucket: str, query: ListQuery) -> Page[Row]:
    wanted = Range(bucket, query, query.end_marker, query.marker)
    found: list[Row] = []
    async with aclosing(_walk(client, wanted, PAGE)) as rows:
        async for row, _ in rows:
            if len(found) == MAX_REVERSED:
                raise Unsupported(f"This store lists no more than {MAX_REVERSED} names in reverse")
            found.append(row)
    found.reverse()
    items = tuple(found[: query.limit])
    return Page(items, items[-1].name if items and len(found) > len(items) else None)


async def _walk(client: Client, wanted: Range, hint: int) -> AsyncGenerator[tuple[Row, bool], None]:
    """The rows in order, each with whether it is already known that another follows.

    `hint`: how many will be read, if nothing comes in between.
    """
    query = wanted.query
    edge = group_of(wanted.low, query) if wanted.low.startswith(query.prefix) else None
    if edge is not None and edge != query.marker and await _has_more(client, wanted, edge):
        yield Prefix(edge), False
    start = wanted.low if wanted.low >= query.prefix else ""
    token, last = "", wanted.low
    while True:
        answer = await client.call(
            "list_objects_v2",
            Bucket=wanted.bucket,
            Prefix=query.prefix or None,
            Delimiter=query.delimiter or None,
            StartAfter=start if start and not token else None,
            ContinuationToken=token or None,
            MaxKeys=max(1, min(hint, PAGE)),
        )
        token = answer.text("NextContinuationToken") if answer.flag("IsTruncated") else ""
        found = _rows(wanted.bucket, answer)
        rows = [row for row in found if row.name != edge and row.name > last]
        if token and found and found[-1].name <= last:
            raise Unavailable(REPEATED)
        last = rows[-1].name if rows else last
        for number, row in enumerate(rows, 1):
            if not wanted.below(row.name):
                return
            if isinstance(row, Prefix) and wanted.high.startswith(row.name):
                if await _has_more(client, wanted, row.name):
                    yield row, False
                return
            yield row, not wanted.high and (bool(token) or number < len(rows))
        if not token:
            return


def _rows(bucket: str, answer: Answer) -> list[Row]:
    rows: list[Row] = [
        Meta(
            key=Key(bucket, row.text("Key")),
            size=row.number("Size"),
            etag=row.etag(),
            modified=row.time("LastModified"),
        )
        for row in answer.rows("Contents")
    ]
    rows += [Prefix(row.text("Prefix")) for row in answer.rows("CommonPrefixes")]
    return sorted(rows, key=lambda row: row.name)


async def _has_more(client: Client, wanted: Range, group: str) -> bool:
    """Whether a name of a group lies in the range."""
    answer = await client.call(
        "list_objects_v2",
        Bucket=wanted.bucket,
        Prefix=group,
        StartAfter=wanted.low if wanted.low >= group else None,
        MaxKeys=1,
    )
    names = sorted(row.text("Key") for row in answer.rows("Contents"))
    return any(name > wanted.low and wanted.below(name) for name in names)
