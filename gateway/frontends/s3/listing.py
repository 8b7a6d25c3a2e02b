"""Listings of objects. Source: ListObjects and ListObjectsV2 in the Amazon S3 API Reference."""

from collections.abc import Callable, Iterable, Mapping

from gateway.core.types import ListQuery, Meta, Page, Prefix
from gateway.frontends.s3 import checksums
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.owners import owner, owner_of
from gateway.frontends.s3.parameters import count_of, encoder_of, marker_of, token
from gateway.frontends.s3.xmlout import Members, Output, Value

Encode = Callable[[str], str]


async def list_objects(call: Call) -> Output:
    """ListObjects, the first version: pages are asked for by the last name of the page before.

    With `terse=1`, of which nova's S3 server knew, rows tell the key alone.
    """
    query, encode = call.query, encoder_of(call.query)
    marker, delimiter = query.get("marker", ""), query.get("delimiter", "")
    limit = count_of(query, "max-keys")
    _check_order(query)
    page = await _page(call, marker, limit)
    return Output(
        {
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
    )


async def list_objects_v2(call: Call) -> Output:
    """ListObjectsV2: pages are asked for by a token."""
    query, encode = call.query, encoder_of(call.query)
    start, delimiter = query.get("start-after", ""), query.get("delimiter", "")
    limit = count_of(query, "max-keys")
    marker = marker_of(query)
    page = await _page(call, start if marker is None else marker, limit)
    return Output(
        {
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
    )


def _check_order(query: Mapping[str, str]) -> None:
    """Clients of Ceph may forgo the order, which they get all the same, but not with a delimiter. Raises `S3Error`."""
    if query.get("allow-unordered", "").lower() == "true" and query.get("delimiter"):
        raise S3Error(Code.INVALID_ARGUMENT, ArgumentName="allow-unordered", ArgumentValue="true")


async def _page(call: Call, marker: str, limit: int) -> Page[Meta | Prefix]:
    query = ListQuery(
        prefix=call.query.get("prefix", ""), delimiter=call.query.get("delimiter", ""), marker=marker, limit=limit
    )
    return await call.store.list(call.key.bucket, query)


def _keys(page: Page[Meta | Prefix], encode: Encode) -> list[Members]:
    return [{"Key": encode(item.name)} for item in page.items if isinstance(item, Meta)]


def _contents(call: Call, page: Page[Meta | Prefix], encode: Encode, *, with_owner: bool) -> list[Members]:
    shown = owner(call.bucket.owner, call.principal) if with_owner and call.bucket else {}
    rows = [item for item in page.items if isinstance(item, Meta)]
    return [_row(item, encode, owner_of(item.props, call.principal, shown)) for item in rows]


def _row(meta: Meta, encode: Encode, shown: Members) -> Members:
    row: dict[str, Value | None] = {
        "Key": encode(meta.name),
        "LastModified": meta.modified,
        "ETag": meta.etag,
        "Size": meta.size,
        "Owner": shown or None,
        "StorageClass": "STANDARD",
    }
    if meta.checksums:
        row["ChecksumAlgorithm"] = [name.upper() for name in meta.checksums]
        row["ChecksumType"] = checksums.kind_of(meta.checksums)
    return row


def prefixes(items: Iterable[object], encode: Encode) -> list[Members]:
    """The groups among the rows of a listing, as CommonPrefixes."""
    return [{"Prefix": encode(item.name)} for item in items if isinstance(item, Prefix)]
