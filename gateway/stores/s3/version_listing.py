"""Listings of versions: the contract's rules over ListObjectVersions."""

from collections.abc import AsyncGenerator

from gateway.core.errors import BadRequest, Unavailable
from gateway.core.types import Key, Meta, Page, Prefix
from gateway.core.versions import Version, VersionQuery
from gateway.stores.s3.answer import Answer
from gateway.stores.s3.client import ORDER, Client
from gateway.stores.s3.failures import of_version
from gateway.stores.s3.listing import PAGE, REPEATED, first_of

Row = Version | Prefix


async def list_versions(client: Client, bucket: str, query: VersionQuery) -> Page[Row]:
    """One page. Rows bear no properties (`Caps.listed_props`). Raises `NoSuchBucket`, `InvalidVersion`."""
    if query.limit <= 0:
        await client.call("head_bucket", Bucket=bucket)
        return Page(())
    return await first_of(_walk(client, bucket, query), query.limit)


async def _walk(client: Client, bucket: str, query: VersionQuery) -> AsyncGenerator[tuple[Row, bool], None]:
    """The rows in order, each with whether it is already known that another follows."""
    is_inside = query.key_marker >= query.prefix
    start = (query.key_marker, query.version_marker) if is_inside else ("", "")
    while True:
        try:
            answer = await client.call(
                "list_object_versions",
                Bucket=bucket,
                Prefix=query.prefix or None,
                Delimiter=query.delimiter or None,
                KeyMarker=start[0] or None,
                VersionIdMarker=start[1] or None,
                MaxKeys=min(query.limit, PAGE),
            )
        except BadRequest as error:
            raise of_version(error, query.version_marker or None) from None
        following = answer.text("NextKeyMarker"), answer.text("NextVersionIdMarker")
        more = answer.flag("IsTruncated")
        rows = _rows(bucket, answer)
        if more and (following[0] < start[0] or following == start or not rows):
            raise Unavailable(REPEATED)
        rows = [row for row in rows if _is_behind(row, query)]
        for number, row in enumerate(rows, 1):
            yield row, more or number < len(rows)
        if not more:
            return
        start = following


def _is_behind(row: Row, query: VersionQuery) -> bool:
    """Whether a row lies behind the markers, at which remotes differ."""
    if isinstance(row, Prefix):
        return row.name != query.key_marker
    return row.name > query.key_marker or (row.name == query.key_marker and bool(query.version_marker))


def _rows(bucket: str, answer: Answer) -> list[Row]:
    """Rows by name; of one name the newest first, as the remote has them."""
    versions, markers = iter(answer.rows("Versions")), iter(answer.rows("DeleteMarkers"))
    rows: list[Row] = []
    for kind in answer.raw(ORDER) or ():
        told = next(markers if kind == "DeleteMarker" else versions, None)
        if told is not None:
            rows.append(_version(bucket, told, is_marker=kind == "DeleteMarker"))
    if next(versions, None) or next(markers, None):
        raise Unavailable("The store's answer can't be understood")
    rows += [Prefix(row.text("Prefix")) for row in answer.rows("CommonPrefixes")]
    return sorted(rows, key=lambda row: (row.name, isinstance(row, Version) and not row.latest))


def _version(bucket: str, row: Answer, *, is_marker: bool) -> Version:
    meta = Meta(
        key=Key(bucket, row.text("Key")),
        size=row.number("Size"),
        etag=row.etag(),
        modified=row.time("LastModified"),
        version=row.version(),
    )
    return Version(meta=meta, latest=row.flag("IsLatest"), marker=is_marker)
