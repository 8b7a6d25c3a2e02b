"""Listings of objects. Source: ListObjects and ListObjectsV2 in the Amazon S3 API Reference."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway.core.capabilities.listings import Row
from gateway.core.rendering import rendered
from gateway.core.types import ListQuery, Page, Prefix
from gateway.frontends.s3 import checksums
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.owners import owner, owner_of
from gateway.frontends.s3.parameters import count_of, encoder_of, marker_of, token
from gateway.frontends.s3.xmlout import Columns, Members, Output, Reply, Same, Value

Encode = Callable[[str], str]


async def list_objects(call: Call) -> Reply:
    """ListObjects, the first version: pages are asked for by the last name of the page before.

    With `terse=1`, of which nova's S3 server knew, rows tell the key alone.
    """
    query, encode = call.query, encoder_of(call.query)
    marker, delimiter = query.get("marker", ""), query.get("delimiter", "")
    limit = count_of(query, "max-keys")
    _check_order(query)

    def members(page: Page[Row | Prefix]) -> Members:
        return {
            "Name": call.key.bucket,
            "Prefix": encode(query.get("prefix", "")),
            "Marker": encode(marker),
            "NextMarker": encode(page.next) if page.next and delimiter else None,
            "MaxKeys": limit,
            "Delimiter": encode(delimiter) if delimiter else None,
            "EncodingType": query.get("encoding-type") or None,
            "IsTruncated": page.next is not None,
            "Contents": (
                _keys(page, encode) if query.get("terse") == "1" else _contents(call, page, encode, with_owner=True)
            ),
            "CommonPrefixes": prefixes(page.items, encode),
        }

    return await _listing(call, marker, limit, members)


async def list_objects_v2(call: Call) -> Reply:
    """ListObjectsV2: pages are asked for by a token."""
    query, encode = call.query, encoder_of(call.query)
    start, delimiter = query.get("start-after", ""), query.get("delimiter", "")
    limit = count_of(query, "max-keys")
    marker = marker_of(query)

    def members(page: Page[Row | Prefix]) -> Members:
        return {
            "Name": call.key.bucket,
            "Prefix": encode(query.get("prefix", "")),
            "NextContinuationToken": token(page.next) if page.next else None,
            "ContinuationToken": query.get("continuation-token"),
            "StartAfter": encode(start) if "start-after" in query else None,
            "KeyCount": len(page.items),
            "MaxKeys": limit,
            "Delimiter": encode(delimiter) if delimiter else None,
            "EncodingType": query.get("encoding-type") or None,
            "IsTruncated": page.next is not None,
            "Contents": _contents(call, page, encode, with_owner=query.get("fetch-owner", "").lower() == "true"),
            "CommonPrefixes": prefixes(page.items, encode),
        }

    return await _listing(call, start if marker is None else marker, limit, members)


def _check_order(query: Mapping[str, str]) -> None:
    """Clients of Ceph may forgo the order, which they get all the same, but not with a delimiter. Raises `S3Error`."""
    if query.get("allow-unordered", "").lower() == "true" and query.get("delimiter"):
        raise S3Error(Code.INVALID_ARGUMENT, ArgumentName="allow-unordered", ArgumentValue="true")


async def _listing(call: Call, marker: str, limit: int, members: Callable[[Page[Row | Prefix]], Members]) -> Reply:
    """The answer, written where the rows are read; `members` tells what it is to say of them."""
    query = ListQuery(
        prefix=call.query.get("prefix", ""), delimiter=call.query.get("delimiter", ""), marker=marker, limit=limit
    )
    return await rendered(call.store, call.key.bucket, query, lambda page: call.write(Output(members(page))))


def _keys(page: Page[Row | Prefix], encode: Encode) -> list[Members]:
    return [{"Key": encode(item.name)} for item in page.items if not isinstance(item, Prefix)]


def _contents(call: Call, page: Page[Row | Prefix], encode: Encode, *, with_owner: bool) -> Columns:
    rows = [item for item in page.items if not isinstance(item, Prefix)]
    members: dict[str, Sequence[Value | None] | Same] = {
        "Key": [encode(row.name) for row in rows],
        "LastModified": [row.modified for row in rows],
        "ETag": [row.etag for row in rows],
        "Size": [row.size for row in rows],
    }
    if with_owner and call.bucket:
        shown = owner(call.bucket.owner, call.principal)
        owners = [owner_of(row.system, call.principal, shown) for row in rows]
        members["Owner"] = Same(shown) if all(each is shown for each in owners) else owners
    members["StorageClass"] = Same("STANDARD")
    if any(row.checksums for row in rows):
        members["ChecksumAlgorithm"] = [[name.upper() for name in row.checksums or ()] for row in rows]
        members["ChecksumType"] = [checksums.kind_of(row.checksums) if row.checksums else None for row in rows]
    return Columns(members)


def prefixes(items: Iterable[object], encode: Encode) -> list[Members]:
    """The groups among the rows of a listing, as CommonPrefixes."""
    return [{"Prefix": encode(item.name)} for item in items if isinstance(item, Prefix)]
