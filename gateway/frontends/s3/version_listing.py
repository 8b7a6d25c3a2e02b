"""Listings of versions. Source: ListObjectVersions in the Amazon S3 API Reference."""

from gateway.core import ops
from gateway.core.rendering import apart
from gateway.core.types import Page, Prefix
from gateway.core.versions import NULL, Version, VersionQuery
from gateway.frontends.s3 import checksums
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.listing import Encode, prefixes
from gateway.frontends.s3.owners import owner, owner_of
from gateway.frontends.s3.parameters import count_of, encoder_of
from gateway.frontends.s3.rights import bucket_of
from gateway.frontends.s3.xmlout import Members, Output, Reply, Value


async def list_object_versions(call: Call) -> Reply:
    """ListObjectVersions: versions and delete markers in one order, as clients rely on that put them together again."""
    query, encode = call.query, encoder_of(call.query)
    asked = VersionQuery(
        prefix=query.get("prefix", ""),
        delimiter=query.get("delimiter", ""),
        key_marker=query.get("key-marker", ""),
        version_marker=query.get("version-id-marker", ""),
        limit=count_of(query, "max-keys"),
    )
    if asked.version_marker and not asked.key_marker:
        raise S3Error(
            Code.INVALID_ARGUMENT,
            "A version-id marker cannot be specified without a key marker.",
            ArgumentName="version-id-marker",
            ArgumentValue=asked.version_marker,
        )
    shown = owner(bucket_of(call).owner, call.principal)

    def document(page: Page[Version | Prefix]) -> Reply:
        last = page.items[-1] if page.next is not None else None
        members: Members = {
            "Name": call.key.bucket,
            "Prefix": encode(asked.prefix),
            "KeyMarker": encode(asked.key_marker),
            "VersionIdMarker": asked.version_marker,
            "NextKeyMarker": encode(last.name) if last else None,
            "NextVersionIdMarker": _id_of(last),
            "MaxKeys": asked.limit,
            "Delimiter": encode(asked.delimiter) if asked.delimiter else None,
            "EncodingType": query.get("encoding-type") or None,
            "IsTruncated": page.next is not None,
            "CommonPrefixes": prefixes(page.items, encode),
        }
        rows = [_row(call, item, encode, shown) for item in page.items if isinstance(item, Version)]
        return call.write(Output(members, mixed=rows))

    page = await ops.versions(call.store, call.key.bucket, asked)
    return await apart(len(page.items), document, page)


def _id_of(item: Version | Prefix | None) -> str | None:
    return (item.meta.version or NULL) if isinstance(item, Version) else None


def _row(call: Call, item: Version, encode: Encode, shown: Members) -> tuple[str, Members]:
    meta = item.meta
    row: dict[str, Value | None] = {
        "Key": encode(meta.key.name),
        "VersionId": meta.version or NULL,
        "IsLatest": item.latest,
        "LastModified": meta.modified,
    }
    if item.marker:
        row["Owner"] = shown
        return "DeleteMarkers", row
    row["ETag"] = meta.etag
    row["Size"] = meta.size
    row["StorageClass"] = "STANDARD"
    row["Owner"] = owner_of(meta.props.system, call.principal, shown)
    if meta.checksums:
        row["ChecksumAlgorithm"] = [name.upper() for name in meta.checksums]
        row["ChecksumType"] = checksums.kind_of(meta.checksums)
    return "Versions", row
