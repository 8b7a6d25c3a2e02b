"""An object's properties in headers: its type, those that HTTP knows, and what describes it in an answer."""

import time
from collections.abc import Iterator, Mapping
from mimetypes import MimeTypes
from urllib.parse import quote

from multidict import CIMultiDict

from gateway.auth.resellers import in_paths
from gateway.core.links import Link, followed_of, link_of
from gateway.core.manifest import DYNAMIC, static_of
from gateway.core.types import DEFAULT_TYPE, Meta, Props
from gateway.frontends.swift import metadata
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.expiry import expires_of, told
from gateway.frontends.swift.metadata import Kind
from gateway.frontends.swift.parameters import truth
from gateway.frontends.swift.times import last_modified, timestamp

Headers = Mapping[str, str]

KEPT = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", "X-Robots-Tag")
"""Headers that an object keeps and is served with."""

HTTP = "http:"
"""The namespace of system properties that they are kept under, in lower case, by every frontend."""

_PROPERTIES = tuple((name, HTTP + name.lower()) for name in KEPT)

_TYPES = MimeTypes()


def content_type_of(headers: Headers, name: str) -> str | None:
    """The type that a request states or wants detected from the name; None where it does neither.

    Raises `Refusal` (400).
    """
    if truth(headers.get("X-Detect-Content-Type", "")):
        return detected(name)
    stated = headers.get("Content-Type")
    if not stated:
        return None
    if not stated.isascii() and any("\ud800" <= character <= "\udfff" for character in stated):
        raise Refusal(400, "Invalid Content-Type")
    if any(parameter.lstrip().startswith("swift_") for parameter in stated.split(";")[1:]):
        raise Refusal(400, "Invalid Content-Type, swift_* is not a valid parameter name.")
    return stated


def detected(name: str) -> str:
    """The type that a name's ending speaks of."""
    return _TYPES.guess_type(f"/{name}")[0] or DEFAULT_TYPE


def system_of(headers: Headers) -> dict[str, str]:
    """The system properties that a request states."""
    return {name: value for name, value in system_changes(headers).items() if value is not None}


def system_changes(headers: Headers) -> dict[str, str | None]:
    """The same for a POST: what it does not state goes."""
    changes = {
        kept: None if (value := headers.get(name)) is None else metadata.legible(value) for name, kept in _PROPERTIES
    }
    changes[DYNAMIC] = _prefix_of(headers)
    return changes


def _prefix_of(headers: Headers) -> str | None:
    """Where the segments of a dynamic large object lie. Raises `Refusal` (400)."""
    value = headers.get("X-Object-Manifest")
    if not value:
        return None
    container, _, prefix = value.partition("/")
    if not container or not prefix or prefix.startswith("/") or "?" in value or "&" in value:
        raise Refusal(400, "X-Object-Manifest must be in the format container/prefix")
    return metadata.legible(value)


def props_of(headers: Headers, name: str) -> Props:
    """The properties of an object that a PUT makes. Raises `Refusal` (400)."""
    return Props(
        content_type=content_type_of(headers, name) or detected(name),
        user=metadata.of_object(headers.items()),
        system=system_of(headers),
        expires=expires_of(headers, time.time()),
    )


def described(meta: Meta) -> CIMultiDict[str]:
    """The headers of an answer that carries or describes an object."""
    headers = CIMultiDict(validators(meta))
    headers["Content-Type"] = meta.props.content_type
    system = meta.props.system
    for name, kept in _PROPERTIES:
        if (value := system.get(kept)) is not None:
            headers[name] = value
    if meta.expires is not None:
        headers["X-Delete-At"] = told(meta.expires)
    headers.extend(metadata.shown(meta.props.user, Kind.OBJECT))
    if system:
        headers.extend(linked(system))
    return headers


def path_of(link: Link, account: str) -> str:
    """The path of what a link in that account leads to."""
    owner, _, path = link.path.partition("/")
    return f"/v1/{in_paths(owner) if owner else quote(account)}/{path}"


def linked(system: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The headers of a link by itself, or of what it led to."""
    if (led := followed_of(system)) is not None:
        yield "Content-Location", f"/v1/{in_paths(led.place)}"
    link = link_of(system)
    if link is None:
        return
    owner, _, path = link.path.partition("/")
    yield "X-Symlink-Target", path
    if owner:
        yield "X-Symlink-Target-Account", in_paths(owner)
    if link.etag:
        yield "X-Symlink-Target-Etag", link.etag
        yield "X-Symlink-Target-Bytes", str(link.size)


def validators(meta: Meta) -> list[tuple[str, str]]:
    """The headers by which a client knows one state of an object from another.

    An object that S3's multipart upload put together has an ETag that is no MD5 of its bytes. python-swiftclient and
    rclone take every ETag for one, unless X-Static-Large-Object is there, whatever its value; with `True` they would
    also look for segments to compare, and to delete along with the object. There are none, so it says `False`; the ETag
    stands in quotes, as Swift has it where it is no MD5. Those of large objects are the MD5 of their segments' digests.
    """
    headers = [
        ("Last-Modified", last_modified(meta.modified)),
        ("X-Timestamp", timestamp(meta.modified)),
        ("Accept-Ranges", "bytes"),
    ]
    if meta.props.system and (large := _large(meta)):
        return [*large, *headers]
    if meta.is_composite:
        return [("Etag", f'"{meta.etag}"'), ("X-Static-Large-Object", "False"), *headers]
    return [("Etag", meta.etag), *headers]


def _large(meta: Meta) -> list[tuple[str, str]]:
    """The headers of a manifest, or of what it stands for; empty for any other object."""
    static = static_of(meta.props.system)
    bare = meta.etag.partition("-")[0]
    if static is not None:
        told = [("X-Static-Large-Object", "True")]
        if bare != static.etag:
            return [("Etag", meta.etag), *told]
        return [("Etag", f'"{bare}"'), ("X-Manifest-Etag", static.manifest), *told]
    prefix = meta.props.system.get(DYNAMIC)
    if prefix is None:
        return []
    return [("Etag", f'"{bare}"' if meta.is_composite else meta.etag), ("X-Object-Manifest", prefix)]
