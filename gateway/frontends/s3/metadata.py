"""An object's properties as S3's headers carry them, both ways.

Source: "Working with object metadata" in the Amazon S3 User Guide.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header

from gateway.auth.rules import REDIRECT
from gateway.core.types import Meta, Props
from gateway.frontends.http.headers import http_date
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.website.location import HEADER as LOCATION

DEFAULT_TYPE = "binary/octet-stream"
"""What S3 gives an object whose writer states no Content-Type."""

USER_PREFIX = "x-amz-meta-"
SYSTEM_PREFIX = "http:"
CHUNKED = "aws-chunked"
_ENCODING = SYSTEM_PREFIX + "content-encoding"

KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
"""Headers that are kept with an object as they are, beside Content-Type."""

_ANSWERED = {**{SYSTEM_PREFIX + name: name.title() for name in KEPT}, REDIRECT: LOCATION}
_OVERRIDES = {"response-" + name: name.title() for name in (*KEPT, "content-type")}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[\x20-\x7e]*")


def props_of(headers: Mapping[str, str], max_user: int) -> Props:
    """What a writer states of an object. `max_user`: bytes of user metadata, names and values.

    Raises `S3Error` `MetadataTooLarge`.
    """
    system = {SYSTEM_PREFIX + name: _legible(headers[name]) for name in KEPT if name in headers}
    if CHUNKED in system.get(_ENCODING, "").lower():
        codings = [coding.strip() for coding in system.pop(_ENCODING).split(",")]
        if kept := ",".join(coding for coding in codings if coding.lower() != CHUNKED):
            system[_ENCODING] = kept
    return Props(
        content_type=_legible(headers.get("content-type", "")) or DEFAULT_TYPE,
        user=_user(headers, max_user),
        system=system,
    )


def _user(headers: Mapping[str, str], limit: int) -> dict[str, str]:
    user = {}
    size = 0
    for name in [name for name in headers if name.startswith(USER_PREFIX)]:
        stem = name.removeprefix(USER_PREFIX)
        text = _decoded(headers[name])
        size += len(stem) + len(text.encode())
        user[stem] = text
    if size > limit:
        raise S3Error(Code.METADATA_TOO_LARGE, Size=str(size), MaxSizeAllowed=str(limit))
    return user


def _legible(value: str) -> str:
    """A header's value as text: UTF-8, or else Latin-1, which takes every byte."""
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape").decode("latin-1")
    return value


def _decoded(value: str) -> str:
    """A metadata value as its writer means it: with the encoded words of RFC 2047 decoded."""
    if "=?" not in value:
        return _legible(value)
    try:
        text = "".join(
            part.decode(charset or "ascii") if isinstance(part, bytes) else part
            for part, charset in decode_header(value)
        )
    except (HeaderParseError, LookupError, ValueError):
        return _legible(value)
    return _legible(value) if _CONTROLS.search(text) else text


def encoded(value: str) -> str:
    """A metadata value as a header takes it: an encoded word (RFC 2047) if it is not all printable ASCII, as in S3."""
    if _PLAIN.fullmatch(value):
        return value
    return f"=?UTF-8?B?{b64encode(value.encode()).decode()}?="


def overrides_of(query: Mapping[str, str]) -> dict[str, str]:
    """The headers that `response-*` parameters set in an answer. Raises `S3Error` for what no header can hold."""
    if not query:
        return {}
    found = {}
    for parameter, header in _OVERRIDES.items():
        if value := query.get(parameter):
            if _CONTROLS.search(value):
                raise S3Error(Code.INVALID_ARGUMENT, ArgumentName=parameter, ArgumentValue=value)
            found[header] = value
    return found


def head_of(meta: Meta) -> list[tuple[str, str]]:
    """The headers that describe an object, without its length and checksums."""
    props = meta.props
    pairs = [
        ("ETag", f'"{meta.etag}"'),
        ("Last-Modified", http_date(meta.modified)),
        ("Accept-Ranges", "bytes"),
        ("Content-Type", props.content_type),
    ]
    if props.system:
        pairs += [(_ANSWERED[name], value) for name, value in props.system.items() if name in _ANSWERED]
    if props.user:
        pairs += [(USER_PREFIX + name, encoded(value)) for name, value in props.user.items()]
    return pairs
