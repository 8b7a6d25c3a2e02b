"""Versions of objects (`swift.common.middleware.versioned_writes.object_versioning`): the same that S3 shows.

Ids are those of the store, where Swift's own are times: clients take both as they come.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web

from gateway.auth.access import Action
from gateway.core import ops
from gateway.core.archives import MARKER_TYPE
from gateway.core.errors import DeleteMarker, InvalidVersion, NoSuchKey, NotFound, VersionsArchived
from gateway.core.links import Link, followed_of
from gateway.core.manifest import static_of
from gateway.core.types import Deleted, Meta, Prefix
from gateway.core.versions import NULL, Version, Versioning, VersionQuery
from gateway.frontends.swift import unmaking
from gateway.frontends.swift.accept import Format, accepts
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.archives import OTHER_KIND
from gateway.frontends.swift.backwards import backwards
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.parameters import truth
from gateway.frontends.swift.rows import wanted as wanted_of
from gateway.frontends.swift.target import path_to
from gateway.frontends.swift.times import iso8601, last_modified

ENABLED = "X-Versions-Enabled"
VERSION = "X-Object-Version-Id"
CURRENT = "X-Object-Current-Version-Id"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
_TIMESTAMP = re.compile(r"\d{10}\.\d{5}(_[0-9a-f]{16})?")


async def change(call: Call, headers: Mapping[str, str]) -> None:
    """Enable or suspend versioning, where a request about a container asks for that. Raises as `Call.reach`."""
    value = headers.get(ENABLED)
    if value:
        place = await call.reach(Action.PUT_VERSIONING, call.place.target)
        try:
            await ops.set_versioning(place.store, place.container.name, enabled=truth(value))
        except VersionsArchived:
            raise Refusal(400, OTHER_KIND) from None


def shown(versioning: Versioning) -> list[tuple[str, str]]:
    """The header of a container."""
    return [] if versioning is Versioning.OFF else [(ENABLED, str(versioning is Versioning.ENABLED))]


def told(place: Place, meta: Meta) -> list[tuple[str, str]]:
    """The headers of an object in a container that keeps versions: its version, and where that is found.

    Of what a link led to within the container, Swift tells the version.
    """
    if place.container.versioning is Versioning.OFF:
        return []
    led = followed_of(meta.props.system)
    if led is not None:
        own = Link(owner=place.container.owner, container=place.container.name, name="").path
        return [(VERSION, (led.version if led.place.startswith(own) else meta.version) or NULL)]
    if meta.version is None:
        return [(VERSION, NULL)]
    return [(VERSION, meta.version), ("Content-Location", f"{path_to(place.target)}?version-id={meta.version}")]


def told_written(meta: Meta) -> list[tuple[str, str]]:
    """The header of a write that has made a version with an id."""
    return [] if meta.version is None else [(VERSION, meta.version)]


def told_deleted(done: Deleted) -> list[tuple[str, str]]:
    """The header of a delete that has put a marker."""
    return [(VERSION, done.version or NULL)] if done.marker else []


async def post(call: Call) -> web.Response:
    """POST: refused, since versions don't change."""
    raise Refusal(400, "POST to a specific version is not allowed")


async def put(call: Call) -> web.Response:
    """PUT: a version becomes the current one again."""
    version = version_of(call)
    if version == NULL:
        raise Refusal(400, "Invalid version parameter")
    if call.request.body_exists and call.request.content_length != 0:
        raise Refusal(400, "PUT version-id requests require a zero byte body")
    with explained():
        await call.reach(Action.READ_VERSION, call.place.target)
        try:
            meta = await ops.stand(call.store, call.place.key, version)
        except NotFound:
            raise Refusal(404, "The specified version does not exist") from None
    return answer(201, [("Etag", meta.etag), ("Last-Modified", last_modified(meta.modified)), *told_written(meta)])


async def delete(call: Call) -> web.StreamResponse:
    """DELETE: a version, for good, and no other takes its place; `null` without such a one: what stands, which is kept.

    With `multipart-manifest=delete`, what the version is made of goes along.
    """
    version = version_of(call)
    if call.parameters.get("multipart-manifest") == "delete":
        return await unmaking.delete(call, version)
    store, key = call.store, call.place.key
    with explained():
        if call.place.container.versioning is Versioning.OFF:
            done = await store.delete(key)
        else:
            done = await ops.expunge(store, key, version)
            if version == NULL and not done.existed:
                done = await ops.withdraw(store, key)
        if not done.existed:
            raise NoSuchKey
    try:
        current = (await store.stat(key)).version or NULL
    except NotFound:
        current = NULL
    return answer(204, [(VERSION, version), (CURRENT, current)])


async def versions(call: Call) -> web.Response:
    """GET: all versions and delete markers, from the newest of each name to its oldest or in reverse, in JSON."""
    parameters = call.parameters
    is_json = accepts(call.headers.get("Accept", ""), Format.JSON)
    if parameters.get("format", "json").lower() != "json" or not is_json:
        raise Refusal(406)
    wanted = wanted_of(parameters, Format.JSON.value, call.settings.listing_limit).query
    if "version_marker" in parameters and "marker" not in parameters:
        raise Refusal(400, "version_marker param requires marker")
    query = VersionQuery(
        prefix=wanted.prefix,
        delimiter=wanted.delimiter,
        key_marker=wanted.marker,
        version_marker=parameters.get("version_marker"),
        limit=wanted.limit,
    )
    bucket = call.place.container.name
    try:
        if wanted.reverse:
            rows = await backwards(call.store, bucket, query, wanted.end_marker)
        else:
            rows = [*(await ops.versions(call.store, bucket, query)).items] if query.limit else []
    except InvalidVersion:
        raise Refusal(400, "invalid version_marker param") from None
    body = json.dumps([_row(row, parameters.get("marker")) for row in rows]).encode()
    return answer(200, [("Content-Type", Format.JSON.content_type)], body)


def _row(row: Version | Prefix, marker: str) -> dict[str, str | int | bool]:
    """A row of a listing behind the name `marker`: of the versions of that name, Swift calls none the latest then."""
    if isinstance(row, Prefix):
        return {"subdir": row.name}
    meta = row.meta
    static = static_of(meta.props.system)
    return {
        "name": row.name,
        "is_latest": row.latest and (row.marker or row.name != marker),
        "version_id": meta.version or NULL,
        "content_type": MARKER_TYPE if row.marker else meta.props.content_type,
        "bytes": meta.size,
        "hash": EMPTY if row.marker else static.manifest if static else meta.etag,
        "last_modified": iso8601(meta.modified),
    }


def named(call: Call, place: Place) -> str | None:
    """The version of the object there that a request names; None: it names none. Raises `Refusal` (400)."""
    version = call.parameters.get("version-id")
    if version not in {"", NULL} and place.container.versioning is Versioning.OFF:
        raise Refusal(400, "version-aware operations require that the container is versioned")
    return _possible(version) or None


def _possible(version: str) -> str:
    """A version, unless its id is one that only another Swift can have given. Raises `Refusal` (404)."""
    if _TIMESTAMP.fullmatch(version):
        raise Refusal(404, "The specified version does not exist")
    return version


def version_of(call: Call) -> str:
    """The version that a request about versions names. Raises `Refusal` (400) where there can be none."""
    return named(call, call.place) or NULL


@contextmanager
def explained() -> Iterator[None]:
    """Refusals in Swift's words: of ids that are none, and of delete markers."""
    try:
        yield
    except InvalidVersion:
        raise Refusal(400, "Invalid version parameter") from None
    except DeleteMarker as marker:
        headers = {VERSION: marker.version or NULL, "Content-Type": MARKER_TYPE} if marker.named else {}
        raise Refusal(404, headers=headers) from None
