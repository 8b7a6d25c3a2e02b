"""Symbolic links: storing them, and requests about a link itself (`swift.common.middleware.symlink`)."""

from dataclasses import replace
from urllib.parse import unquote

from aiohttp import hdrs, web

from gateway.auth.access import Action
from gateway.core.body import BytesBody
from gateway.core.capabilities import find
from gateway.core.capabilities.manifests import Links
from gateway.core.conditions import ANYTHING, When
from gateway.core.errors import NotFound, Unsupported
from gateway.core.links import LINK, Link, link_of
from gateway.core.manifest import static_of
from gateway.core.store import Store
from gateway.core.types import Copy, Meta, Props, Put
from gateway.frontends.swift import versioning
from gateway.frontends.swift.answers import PLAIN, answer
from gateway.frontends.swift.call import Call, Place
from gateway.frontends.swift.constraints import check_object_name
from gateway.frontends.swift.dated import when_of
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.properties import path_of, props_of
from gateway.frontends.swift.target import Target, parse_account, parse_reference, path_to
from gateway.frontends.swift.times import last_modified

TARGET = "X-Symlink-Target"
ACCOUNT = "X-Symlink-Target-Account"
ETAG = "X-Symlink-Target-Etag"
FORM = f"{TARGET} header must be of the form <container name>/<object name>"
LINK_TYPE = "application/symlink"

APPLIED = "The requested POST was applied to a symlink. POST directly to the target to apply requested metadata."


async def unfollowed(call: Call, version: str | None = None) -> Call:
    """The same request about the link itself, where it asks for that (`symlink=get`) and a link is there."""
    if not call.parameters or call.parameters.get("symlink") != "get":
        return call
    return replace(call, place=await itself(call.place, version))


async def itself(place: Place, version: str | None = None) -> Place:
    """The place of a link, where what it leads to is out of sight; of any other object the same place."""
    links = find(place.store, Links)
    try:
        if links is not None and link_of((await links.unfollowed.stat(place.key, version)).props.system):
            return replace(place, store=links.unfollowed)
    except NotFound:
        pass
    return place


async def put(call: Call) -> web.Response:
    """PUT with `X-Symlink-Target`: the link. A static one is made only to an object that has the ETag."""
    if call.request.body_exists and call.request.content_length != 0:
        raise Refusal(400, "Symlink requests require a zero byte body")
    place, headers = call.place, call.headers
    check_object_name(place.target.name)
    when = when_of(headers)
    if when.if_none_match and when.if_none_match != (ANYTHING,):
        raise Refusal(400, "If-None-Match only supports *")
    target = _target(call)
    link = Link(container=target.container, name=target.name, owner=target.owner or "" if ACCOUNT in headers else "")
    props = props_of(headers, place.target.name)
    etag = headers.get(ETAG, "").strip('"')
    if any(character in ';"\\' for character in etag):
        raise Refusal(400, f"Bad {ETAG} format")
    if etag:
        link, content_type = await _checked(call, target, replace(link, etag=etag))
    else:
        content_type = LINK_TYPE
    if not headers.get(hdrs.CONTENT_TYPE):
        props = replace(props, content_type=content_type)
    opts = Put(props=_with(props, link), when=when, owner=place.owner)
    meta = await _plain(place).put(place.key, BytesBody(b""), opts)
    told = versioning.told_written(meta)
    return answer(201, (("Etag", meta.etag), ("Last-Modified", last_modified(meta.modified)), *told))


def _target(call: Call) -> Target:
    """What the headers name. Raises `Refusal`: 412 for another form, 400 for the link itself."""
    value, own = call.headers[TARGET], call.place.target
    if unquote(value).startswith("/"):
        raise Refusal(412, FORM, headers={hdrs.CONTENT_TYPE: PLAIN})
    account = call.headers.get(ACCOUNT)
    other = parse_account(account) if account else own.account
    try:
        target = parse_reference(TARGET, value, other)
    except Refusal:
        raise Refusal(412, FORM, headers={hdrs.CONTENT_TYPE: PLAIN}) from None
    if target == own:
        raise Refusal(400, "Symlink cannot target itself")
    return target


async def _checked(call: Call, target: Target, link: Link) -> tuple[Link, str]:
    """The link with what it tells of an object that has its ETag, and the type of that. Raises `Refusal` (409)."""
    etag, location = link.etag, {"Content-Location": path_to(target)}
    try:
        place = await call.reach(Action.READ, target)
        found = await _plain(place).stat(place.key)
        further = link_of(found.props.system)
        if further is not None and further.etag:
            await place.store.stat(place.key)
    except NotFound:
        raise Refusal(409, f"{TARGET} does not exist", headers=location) from None
    if further is not None and further.etag:
        if further.etag != etag:
            raise Refusal(409, f"{ETAG} headers do not match", headers=location)
        return replace(link, size=further.size, large=further.large), found.props.content_type
    if found.etag != etag:
        raise Refusal(409, f"Object Etag {found.etag!r} does not match {ETAG} header {etag!r}", headers=location)
    static = static_of(found.props.system)
    size, large = (found.size, "") if static is None else (static.size, static.etag)
    return replace(link, size=size, large=large), found.props.content_type


def check_post(call: Call) -> None:
    """Raise `Refusal` (400) for a POST that would make a link."""
    if TARGET in call.headers:
        raise Refusal(400, "A PUT request is required to set a symlink target")


def redirect(place: Place, changed: Meta) -> None:
    """Raise `Refusal` (307) where a POST has changed the properties of a link."""
    link = link_of(changed.props.system)
    if link is not None:
        static = {ETAG: link.etag} if link.etag else {}
        raise Refusal(307, APPLIED, headers={hdrs.LOCATION: path_of(link, place.target.account), **static})


async def copy(source: Place, target: Place, found: Meta, props: Props, when: When) -> Meta:
    """Copy a link itself; in another account it still leads to where it led. `source`: as `itself` has it."""
    link = link_of(found.props.system)
    if link is None or _plain(target) is not source.store:
        raise Unsupported("Symbolic links can't be copied to a store of another namespace")
    if source.owner != target.owner and not link.owner:
        link = replace(link, owner=source.owner)
    same = When(if_match=(found.etag,))
    return await source.store.copy(source.key, target.key, Copy(props=_with(props, link), when=when, source_when=same))


def _plain(place: Place) -> Store:
    links = find(place.store, Links)
    return place.store if links is None else links.unfollowed


def _with(props: Props, link: Link) -> Props:
    return replace(props, system={**props.system, LINK: link.packed})
