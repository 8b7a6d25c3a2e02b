"""Static large objects: storing manifests, and reading these instead of what they stand for."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from urllib.parse import quote

from aiohttp import hdrs, web
from multidict import CIMultiDict

from gateway.auth.access import Action
from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Manifests
from gateway.core.conditions import ANYTHING, check_read
from gateway.core.digest import Algorithm, digest
from gateway.core.errors import BadRange, StoreError
from gateway.core.manifest import Entry, Inline, etag_of, is_large, raw, static_of
from gateway.core.ranges import Span
from gateway.core.tasks import Flight
from gateway.core.types import Meta, Put
from gateway.frontends.http.body import RequestBody
from gateway.frontends.http.sending import send_object
from gateway.frontends.swift import versioning
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.answers import HTML, answer
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.dated import DatedSource, when_of
from gateway.frontends.swift.errors import Refusal, of_store
from gateway.frontends.swift.heartbeat import beating
from gateway.frontends.swift.properties import described, props_of
from gateway.frontends.swift.report import Report, explanation, liked, reason
from gateway.frontends.swift.stated import MAX_SIZE, Problem, Stated, found, parse
from gateway.frontends.swift.target import Target
from gateway.frontends.swift.times import last_modified

LARGE = 16 * 1024
"""A manifest of more bytes is taken apart in a thread."""
AT_ONCE = 10
"""Segments that are looked at side by side."""

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class BadSegments(Exception):
    """Segments are not what the manifest says."""

    problems: Sequence[Problem]


async def put(call: Call) -> web.StreamResponse:
    """PUT with `multipart-manifest=put`: the manifest, after a look at each segment."""
    if call.headers.get("X-Copy-From"):
        raise Refusal(405, "Multipart Manifest PUTs cannot be COPY requests")
    target = call.place.target
    check_object_name(target.name)
    when = when_of(call.headers)
    if when.if_none_match and when.if_none_match != (ANYTHING,):
        raise Refusal(400, "If-None-Match only supports *")
    data, own = await _received(call), (target.container, target.name)
    stated = parse(data, own) if len(data) <= LARGE else await asyncio.to_thread(parse, data, own)
    opts = Put(props=props_of(call.headers, target.name), when=when, owner=call.place.owner)
    shape = liked(call.headers.get(hdrs.ACCEPT, "")) or Format.PLAIN
    if call.parameters.flag("heartbeat"):
        return await beating(call, 202, shape.value, _reported(call, stated, opts, shape))
    try:
        meta = await store(call, call.place, stated, opts)
    except BadSegments as bad:
        return refused_segments(bad, shape)
    return answer(201, [*described_put(meta), *versioning.told_written(meta)])


def described_put(meta: Meta) -> list[tuple[str, str]]:
    """The headers that tell of a manifest that was stored."""
    static = static_of(meta.props.system)
    return [("Etag", f'"{static.etag if static else ""}"'), ("Last-Modified", last_modified(meta.modified))]


def refused_segments(bad: BadSegments, shape: Format) -> web.Response:
    """The answer to a manifest whose segments are not what it says."""
    return answer(400, ((hdrs.CONTENT_TYPE, shape.value),), Report({}, bad.problems).render(shape, "upload"))


async def store(call: Call, place: Place, stated: Sequence[Stated | Inline], opts: Put) -> Meta:
    """Look at all segments, in the account of `place`, and store the manifest.

    Raises `BadSegments`, `Refusal` (422) where the client states another ETag, and what `Store.put` raises.
    """
    entries = await _looked_at(call, place, stated)
    wanted = call.headers.get(hdrs.ETAG, "").strip('"')
    if wanted and wanted != etag_of(entry.digest for entry in entries):
        raise Refusal(422)
    manifests = find(place.store, Manifests)
    if manifests is None:
        raise Refusal(501, "The store behind this container keeps no static large objects")
    return await manifests.put_manifest(place.key, entries, opts)


async def _received(call: Call) -> bytes:
    """The body. Raises `Refusal` (411, 413)."""
    length = call.request.content_length
    too_large = Refusal(413, f"Manifest File > {MAX_SIZE} bytes")
    if length is None and call.headers.get(hdrs.TRANSFER_ENCODING, "").lower() != "chunked":
        raise Refusal(411)
    if length is not None and length > MAX_SIZE:
        raise too_large
    received = bytearray()
    async with aclosing(RequestBody(call.request, call.settings.stall_timeout).chunks()) as chunks:
        async for chunk in chunks:
            received += chunk
            if len(received) > MAX_SIZE:
                raise too_large
    return bytes(received)


async def _reported(call: Call, stated: Sequence[Stated | Inline], opts: Put, shape: Format) -> bytes:
    """What happened, for an answer whose status was sent before."""
    problems: Sequence[Problem] = ()
    try:
        meta = await store(call, call.place, stated, opts)
    except BadSegments as bad:
        refusal, problems = Refusal(400), bad.problems
    except (Refusal, StoreError) as error:
        refusal = error if isinstance(error, Refusal) else of_store(error)
    else:
        etag, modified = (value for _, value in described_put(meta))
        done = {"Response Status": reason(201), "Response Body": "", "Etag": etag, "Last Modified": modified}
        return Report(done).render(shape, "upload")
    facts = {"Response Status": reason(refusal.status), "Response Body": explanation(refusal)}
    return Report(facts, problems).render(shape, "upload")


async def _looked_at(call: Call, place: Place, stated: Sequence[Stated | Inline]) -> list[Entry]:
    """The entries as they are kept. Each object is looked at once. Raises `BadSegments`."""
    metas = await _metas(call, place, {entry.path for entry in stated if isinstance(entry, Stated)})
    entries: list[Entry] = []
    problems: list[Problem] = []
    for index, entry in enumerate(stated):
        if isinstance(entry, Inline):
            entries.append(entry)
            continue
        meta = metas[entry.path]
        if isinstance(meta, Refusal):
            problems.append((quote(entry.path), reason(meta.status)))
            continue
        segment, wrong = found(entry, meta, is_last=index == len(stated) - 1)
        entries.append(segment)
        problems += wrong
    if problems:
        raise BadSegments(problems)
    return entries


async def _metas(call: Call, place: Place, paths: set[str]) -> dict[str, Meta | Refusal]:
    """What stands at each path of the account, or why that is not for the caller to know."""
    metas: dict[str, Meta | Refusal] = {}

    async def look(path: str) -> None:
        container, name = Stated(path).place
        try:
            there = await call.reach(Action.READ, Target(place.target.account, container, name))
            metas[path] = await there.store.stat(there.key)
        except Refusal as refusal:
            metas[path] = refusal
        except StoreError as error:
            metas[path] = of_store(error)

    async with Flight(AT_ONCE) as flight:
        for path in paths:
            await flight.launch(look(path))
    return metas


async def manifest_of(place: Place, version: str | None = None) -> tuple[Manifests, Meta] | None:
    """The manifest that stands at `place`, or a version there, as it is by itself; None where there is none."""
    manifests = find(place.store, Manifests)
    if manifests is None:
        return None
    meta = await manifests.plain.stat(place.key, version)
    return (manifests, meta) if is_large(meta.props.system) else None


async def send_manifest(call: Call, manifests: Manifests, meta: Meta, version: str | None = None) -> web.StreamResponse:
    """The answer to `multipart-manifest=get`, GET or HEAD: the manifest itself, a static one as JSON."""
    is_static = static_of(meta.props.system) is not None
    if is_static and call.parameters.get("format") == "raw":
        return await _raw(call, manifests, meta)

    def head_of(found: Meta) -> CIMultiDict[str]:
        headers = described(found)
        if is_static:
            headers[hdrs.CONTENT_TYPE] = JSON_TYPE
        if version is not None:
            headers[versioning.VERSION] = version
        call.finish(headers)
        return headers

    if call.request.method == hdrs.METH_HEAD:
        check_read(when_of(call.headers), meta)
        headers = head_of(meta)
        headers[hdrs.CONTENT_LENGTH] = str(meta.size)
        return web.Response(headers=headers)
    return await send_object(call.request, DatedSource(manifests.plain, call.place.key, head_of, version))


async def _raw(call: Call, manifests: Manifests, meta: Meta) -> web.Response:
    """The manifest as a client would write it, of the object's own type: so it can be put again."""
    data = raw(await manifests.entries(meta))
    shown = replace(meta, etag=digest(Algorithm.MD5, data).hex(), size=len(data))
    check_read(when_of(call.headers), shown)
    headers = described(shown)
    headers[hdrs.ETAG] = shown.etag
    if call.request.method == hdrs.METH_HEAD:
        headers[hdrs.CONTENT_LENGTH] = str(len(data))
        return web.Response(headers=headers)
    return web.Response(headers=headers, body=data)


BEYOND = "The requested part number is not satisfiable"


@dataclass(frozen=True, slots=True)
class NumberedPart:
    """One segment of a large object, as `part-number` asks for it.

    `span` says where it lies, None: there are fewer. `total` says how many there are.
    """

    span: Span | None
    total: int


async def numbered(call: Call, place: Place, version: str | None = None) -> NumberedPart | None:
    """The part that a request asks for; None where it asks for none, or the object has none.

    Raises `Refusal` (400) for what is no number.
    """
    if "part-number" not in call.parameters:
        return None
    standing = await manifest_of(place, version)
    if standing is None or static_of(standing[1].props.system) is None:
        return None
    number = _number(call.parameters.get("part-number"))
    if hdrs.RANGE in call.headers:
        raise Refusal(400, "Range requests are not supported with part number queries")
    entries = await standing[0].entries(standing[1])
    if number > len(entries):
        return NumberedPart(None, len(entries))
    start = sum(map(len, entries[: number - 1]))
    stop = start + len(entries[number - 1])
    if start == stop:
        raise BadRange(stop)
    return NumberedPart(Span(start, stop - 1), len(entries))


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text):
        return int(text)
    raise Refusal(400, "Part number must be an integer greater than 0")


async def beyond(call: Call, total: int, version: str | None = None) -> web.Response:
    """The answer where there are fewer parts than the number that is asked for."""
    meta = await call.store.stat(call.place.key, version)
    headers = described(meta)
    headers.extend(versioning.told(call.place, meta) if version is None else [(versioning.VERSION, version)])
    headers[hdrs.CONTENT_TYPE] = HTML
    headers[hdrs.CONTENT_RANGE] = f"bytes */{meta.size}"
    headers["X-Parts-Count"] = str(total)
    if call.request.method == hdrs.METH_HEAD:
        headers[hdrs.CONTENT_LENGTH] = "0"
        return answer(416, headers.items())
    return answer(416, headers.items(), BEYOND.encode())
