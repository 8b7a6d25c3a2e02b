"""Copies inside of the store: COPY with Destination, PUT with X-Copy-From; across containers and accounts."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from aiohttp import web

from gateway.auth.rules import OF_OBJECTS
from gateway.core.body import StreamBody
from gateway.core.capabilities.manifests import Manifests
from gateway.core.conditions import ANY, ANYTHING, When, check_read
from gateway.core.errors import ConditionFailed, TooLarge
from gateway.core.manifest import flags_of, static_of, without_flags
from gateway.core.ranges import Span
from gateway.core.types import Copy, Meta, Props, Put
from gateway.frontends.http.headers import spans_of
from gateway.frontends.swift import metadata, versioning
from gateway.frontends.swift.accept import Format
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.dated import when_of
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.expiry import expires_of
from gateway.frontends.swift.manifests import BEYOND, BadSegments, manifest_of, numbered, refused_segments
from gateway.frontends.swift.manifests import store as store_manifest
from gateway.frontends.swift.metadata import Kind
from gateway.frontends.swift.parameters import truth
from gateway.frontends.swift.properties import HTTP, content_type_of, system_of
from gateway.frontends.swift.report import liked
from gateway.frontends.swift.stated import stated_of
from gateway.frontends.swift.symlinks import copy as copy_link
from gateway.frontends.swift.symlinks import itself
from gateway.frontends.swift.target import Target, parse_account, parse_reference
from gateway.frontends.swift.times import last_modified

Headers = Mapping[str, str]


def source_of(target: Target, headers: Headers) -> Target | None:
    """The object that a PUT copies; None where it brings its own bytes. Raises `Refusal` (412)."""
    reference = headers.get("X-Copy-From")
    if not reference:
        return None
    account = headers.get("X-Copy-From-Account")
    return parse_reference("X-Copy-From", reference, parse_account(account) if account else target.account)


def destination_of(target: Target, headers: Headers) -> Target:
    """The object that a COPY makes. Raises `Refusal` (412)."""
    reference = headers.get("Destination")
    if not reference:
        raise Refusal(412, "Destination header required")
    account = headers.get("Destination-Account")
    return parse_reference("Destination", reference, parse_account(account) if account else target.account)


def copied(target: Target, method: str, headers: Headers) -> tuple[Target, Target] | None:
    """What a request that has succeeded has made, and of what; None: it was no copy."""
    if method == "COPY":
        return destination_of(target, headers), target
    source = source_of(target, headers) if method == "PUT" else None
    return (target, source) if source else None


async def copy_to(call: Call) -> web.Response:
    """COPY: the path is that of the source, and `Destination` names what is made of it."""
    if call.other is None:
        raise Refusal(412, "Destination header required")
    return await _copy(call, call.place, call.other)


async def copy_from(call: Call, source: Place) -> web.Response:
    """PUT with X-Copy-From: the target is what is made. The request has no body of its own."""
    if call.request.body_exists and call.request.content_length != 0:
        raise Refusal(400, "Copy requests require a zero byte body")
    return await _copy(call, source, call.place)


async def copy_version(call: Call) -> web.Response:
    """COPY: a version, to what `Destination` names."""
    with versioning.explained():
        return await copy_to(call)


async def put_version(call: Call) -> web.Response:
    """PUT: a version becomes the current one again, as it is and without a body; `X-Copy-From` names another object."""
    if call.other is None:
        return await versioning.put(call)
    with versioning.explained():
        return await copy_from(call, call.other)


async def _copy(call: Call, source: Place, target: Place) -> web.Response:
    """As Swift: conditions are about the source, but for `If-None-Match: *`, which is about the target.

    Of a large object the bytes are copied; with `multipart-manifest=get` its manifest.
    """
    check_object_name(target.target.name)
    spans = spans_of(call.headers)
    if len(spans) > 1:
        raise Refusal(400, "A copy takes one range only")
    when, target_when = _conditions(call.headers)
    version = versioning.named(call, source)
    if version is not None:
        found = await source.store.stat(source.key, version, when)
        span = spans[0] if spans else None
        return await _copied(call, source, target, found, span, target_when, version)
    if call.parameters.get("symlink") == "get" and (link := await itself(source)) is not source:
        found = await link.store.stat(link.key, when=when)
        meta = await copy_link(link, target, found, _props(call.headers, found, target.target.name), target_when)
        return answer(201, _headers(meta, source.target, found))
    if call.parameters.get("multipart-manifest") == "get" and (standing := await manifest_of(source)):
        return await _copy_manifest(call, source, target, standing, target_when)
    found = await source.store.stat(source.key, when=when)
    return await _copied(call, source, target, found, await _span(call, source, spans), target_when)


async def _copied(
    call: Call,
    source: Place,
    target: Place,
    found: Meta,
    span: Span | None,
    when: When,
    version: str | None = None,
) -> web.Response:
    """Copy the bytes of what was found, and tell of it. `when` is about the target."""
    opts = Put(props=_props(call.headers, found, target.target.name), when=when, owner=target.owner)
    try:
        meta = await _transfer(call, source, target, opts, found, span, version)
    except ConditionFailed:
        if opts.when is ANY and _conditions(call.headers)[0] is ANY:
            raise Refusal(409) from None  # nobody asked for anything: the source is another one since it was looked at
        raise
    return answer(201, _headers(meta, source.target, found))


async def _span(call: Call, source: Place, spans: Sequence[Span]) -> Span | None:
    """The range to copy, which may be the part of a large object; None: all of it. Raises `Refusal` (400, 416)."""
    part = await numbered(call, source)
    if part is None:
        return spans[0] if spans else None
    if part.span is None:
        raise Refusal(416, BEYOND)
    return part.span


async def _copy_manifest(
    call: Call, source: Place, target: Place, standing: tuple[Manifests, Meta], when: When
) -> web.Response:
    """Copy a manifest itself. The segments of a static one are looked for in the account that it is copied to."""
    manifests, found = standing
    check_read(_conditions(call.headers)[0], found)
    props = _props(call.headers, found, target.target.name)
    opts = Put(props=replace(props, system={**flags_of(found.props.system), **props.system}), when=when)
    if static_of(found.props.system) is None:
        plain = replace(source, store=manifests.plain)
        there = replace(target, store=manifests.plain if source.store is target.store else target.store)
        meta = await _transfer(call, plain, there, opts, found, None)
        return answer(201, _headers(meta, source.target, found))
    stated = [stated_of(entry) for entry in await manifests.entries(found)]
    try:
        meta = await store_manifest(call, target, stated, opts)
    except BadSegments as bad:
        return refused_segments(bad, liked(call.headers.get("Accept", "")) or Format.PLAIN)
    return answer(201, [*_headers(meta, source.target, found)])


async def _transfer(
    call: Call,
    source: Place,
    target: Place,
    opts: Put,
    found: Meta,
    span: Span | None,
    version: str | None = None,
) -> Meta:
    """Copy what was found: inside of one store by reference, as far as it can, else by its bytes."""
    same = When(if_match=(found.etag,))
    if span is None and source.store is target.store:
        copy = Copy(props=opts.props, when=opts.when, source_when=same, source_version=version)
        return await source.store.copy(source.key, target.key, copy)
    async with source.store.open(source.key, span=span, version=version, when=same) as reader:
        if len(reader.extent) > call.settings.max_file_size:
            raise TooLarge
        return await target.store.put(target.key, StreamBody(reader.chunks(), len(reader.extent)), opts)


def _conditions(headers: Headers) -> tuple[When, When]:
    """What is asked of the source, and of what stands at the target."""
    when = when_of(headers)
    if when.if_none_match == (ANYTHING,):
        return replace(when, if_none_match=()), When(if_none_match=(ANYTHING,))
    return when, ANY


def _props(headers: Headers, found: Meta, name: str) -> Props:
    """The source's properties with those of the request over them; with X-Fresh-Metadata users' own are left behind."""
    fresh = truth(headers.get("X-Fresh-Metadata", ""))
    old = found.props
    kept = {
        key: value
        for key, value in without_flags(old.system).items()
        if key not in OF_OBJECTS and not (fresh and key.startswith(HTTP))
    }
    return Props(
        content_type=content_type_of(headers, name) or old.content_type,
        user={**({} if fresh else old.user), **metadata.of_object(headers.items())},
        system={**kept, **system_of(headers)},
        expires=expires_of(headers, time.time()) or (None if fresh else old.expires),
    )


def _headers(meta: Meta, source: Target, found: Meta) -> Iterator[tuple[str, str]]:
    static = static_of(meta.props.system)
    etag = meta.etag if static is None else static.etag
    yield "Etag", f'"{etag}"' if meta.is_composite else etag
    yield "Last-Modified", last_modified(meta.modified)
    yield "X-Copied-From-Account", quote(source.account)
    yield "X-Copied-From", quote(f"{source.container}/{source.name}")
    yield "X-Copied-From-Last-Modified", last_modified(found.modified)
    yield from versioning.told_written(meta)
    yield from metadata.shown(meta.props.user, Kind.OBJECT)
