"""Parts of objects: reading one by `partNumber`, and GetObjectAttributes.

Source: GetObject, HeadObject and GetObjectAttributes in the API Reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict

from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Parted
from gateway.core.conditions import check_read
from gateway.core.errors import Busy, ConditionFailed
from gateway.core.ranges import Extent
from gateway.core.types import Meta
from gateway.core.uploads import ObjectPart, ObjectParts
from gateway.frontends.http.headers import when_of
from gateway.frontends.http.sending import Source, head_extent, send_extent
from gateway.frontends.s3.call import Call
from gateway.frontends.s3.checksums import header_pairs, kind_of, members
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.parameters import count_of, integer_of, part_number_of
from gateway.frontends.s3.xmlout import Members

ROUNDS = 4
"""So often a part is looked up anew because its object was replaced meanwhile."""

_MAX_PARTS = "x-amz-max-parts"
_MARKER = "x-amz-part-number-marker"


@dataclass(frozen=True, slots=True)
class _Asked:
    """The bytes of an object that a part is. `total`: of how many parts the object is, where it has any."""

    meta: Meta
    extent: Extent
    checksums: Mapping[str, str]
    total: int | None = None


async def parts_of(call: Call, version: str | None, marker: int = 0, limit: int = 1000) -> ObjectParts:
    """An object with some of its parts; none are known where the store does not tell them. Raises as `Store.stat`."""
    parted = find(call.store, Parted)
    if parted is None:
        return ObjectParts(await call.store.stat(call.key, version))
    return await parted.object_parts(call.key, version, marker=marker, limit=limit)


async def read_part(call: Call, source: Source, *, summed: bool) -> web.StreamResponse:
    """The answer to GET or HEAD of one part. `summed`: the part's checksums are told.

    Raises `S3Error`, and as `Store.open`.
    """
    number = part_number_of(call.query)
    if "range" in call.headers:
        raise S3Error(Code.INVALID_REQUEST, "Cannot specify both Range header and partNumber query parameter")
    when = when_of(call.request.headers)
    for _ in range(ROUNDS):
        asked = _asked(await parts_of(call, source.version, number - 1, 1), number)
        check_read(when, asked.meta)
        headers = _described(source, asked, summed=summed)
        if call.request.method == "HEAD":
            return head_extent(headers, asked.meta, asked.extent)
        try:
            return await send_extent(call.request, source, asked.meta, asked.extent, headers)
        except ConditionFailed:
            continue
    raise Busy("The object is being changed by too many at once")


def _asked(found: ObjectParts, number: int) -> _Asked:
    """What part `number` is: of an object without parts, or of which none are known, the first one is all of it."""
    if found.parts:
        part = found.parts[0]
        return _Asked(found.meta, Extent(part.offset, part.offset + part.size), part.checksums, found.total)
    if found.total or number > 1:
        raise S3Error(Code.INVALID_PART, "The requested partnumber is not satisfiable", PartNumber=str(number))
    return _Asked(found.meta, Extent(0, found.meta.size), found.meta.checksums)


def _described(source: Source, asked: _Asked, *, summed: bool) -> CIMultiDict[str]:
    headers = source.head(asked.meta)
    if asked.total is not None:
        headers["x-amz-mp-parts-count"] = str(asked.total)
    if summed and asked.checksums:
        headers.extend(header_pairs(asked.checksums, kind_of(asked.meta.checksums)))
    return headers


async def attributes_of(call: Call, version: str | None) -> tuple[Meta, Members]:
    """An object, and its parts as GetObjectAttributes tells them; nothing where it has none."""
    marker, limit = integer_of(call.headers, _MARKER, 0), count_of(call.headers, _MAX_PARTS)
    found = await parts_of(call, version, marker, limit)
    if not found.total:
        count = int(found.meta.etag.partition("-")[2]) if found.meta.is_composite else 0
        return found.meta, {"TotalPartsCount": count} if count else {}
    last = found.parts[-1].number if found.parts else marker
    return found.meta, {
        "TotalPartsCount": found.total,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": last,
        "MaxParts": limit,
        "IsTruncated": bool(found.parts) and last < found.total,
        "Parts": [_row(part) for part in found.parts],
    }


def _row(part: ObjectPart) -> Members:
    return {"PartNumber": part.number, "Size": part.size, **members(part.checksums)}
