"""An object's properties as S3 keeps them, both ways.

What S3 has a header for stands in that header, locks too, and user metadata in `x-amz-meta-<name>`. The rest is kept
in user metadata of reserved names, `x-amz-meta-portico-...`:

- `portico-s-<name>` a system property, `portico-u-<name>` user metadata whose name no header can bear,
- `portico-t` a content type that no header can hold,
- `portico-modified` a time in ns since the epoch,
- `portico-c-<algorithm>` a checksum beside the one that S3 itself keeps,
- `portico-w` a mark of one conditional write, by which its writer knows it again.

In such names everything but small letters and digits is `-xx`, the byte in hex: all that lies between passes letters,
digits and hyphens. A value that is not plain ASCII is an encoded word of RFC 2047, `=?UTF-8?B?...?=`, as Amazon's own
answers have it; what others wrote is decoded only if it is exactly of that form.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from gateway.core.digest import Algorithm
from gateway.core.errors import Unsupported
from gateway.core.locks import OF_VERSIONS
from gateway.core.types import DEFAULT_TYPE, Key, Meta, Props
from gateway.stores.s3 import locks
from gateway.stores.s3.answer import Answer, parse_time

META = "x-amz-meta-"
CHECKSUM = "x-amz-checksum-"
RESERVED = "portico-"

_SYSTEM, _USER, _SUM = RESERVED + "s-", RESERVED + "u-", RESERVED + "c-"
_TYPE, _MODIFIED = RESERVED + "t", RESERVED + "modified"
_MARK = RESERVED + "w"

_HEADERS = {
    "http:cache-control": "CacheControl",
    "http:content-disposition": "ContentDisposition",
    "http:content-encoding": "ContentEncoding",
    "http:content-language": "ContentLanguage",
}
_EXPIRY = "http:expires"
_ANSWERED = {name: name.removeprefix("http:") for name in (*_HEADERS, _EXPIRY)}

_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_PLAIN = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?")
_WORD = re.compile(r"=\?UTF-8\?B\?([A-Za-z0-9+/]*={0,2})\?=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What is written with an object. `checksums`: those that are kept as metadata; `mark`: of this very write."""

    props: Props
    modified: int | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""

    def parameters(self) -> dict[str, Any]:
        """The members of PutObject, CopyObject and CreateMultipartUpload.

        Raises `Unsupported` for an object that is to vanish at a time of its own: S3 has no such thing, and no listing
        would show which objects are due.
        """
        props = self.props
        if props.expires is not None:
            raise Unsupported("This store has no objects that vanish at a time of their own; use rules of the bucket")
        found: dict[str, Any] = {}
        metadata = {_named(name): _encoded(value) for name, value in props.user.items()}
        if props.content_type and _PLAIN.fullmatch(props.content_type):
            found["ContentType"] = props.content_type
        else:
            metadata[_TYPE] = _encoded(props.content_type)
        for name, value in props.system.items():
            if name in OF_VERSIONS:
                continue
            if name in _HEADERS and value and _PLAIN.fullmatch(value):
                found[_HEADERS[name]] = value
            elif name == _EXPIRY and (moment := _http_date(value)):
                found["Expires"] = moment
            else:
                metadata[_SYSTEM + _escaped(name)] = _encoded(value)
        if self.mark:
            metadata[_MARK] = self.mark
        metadata |= {_SUM + name: value for name, value in self.checksums.items()}
        if self.modified is not None:
            metadata[_MODIFIED] = str(self.modified)
        return {**found, **locks.members(props.system), "Metadata": metadata}


def stated_by(answer: Answer) -> Stated:
    """What was written with the object that HEAD or GET answers for."""
    headers = answer.headers
    user: dict[str, str] = {}
    system = {name: headers[header] for name, header in _ANSWERED.items() if header in headers}
    content_type = headers.get("content-type") or DEFAULT_TYPE
    checksums: dict[str, str] = {}
    modified: int | None = None
    mark = ""
    for header, value in headers.items():
        if not header.startswith(META):
            continue
        name = header.removeprefix(META)
        if name.startswith(_SYSTEM):
            system[_unescaped(name.removeprefix(_SYSTEM))] = _decoded(value)
        elif name.startswith(_SUM):
            checksums[name.removeprefix(_SUM)] = value
        elif name == _MARK:
            mark = value
        elif name == _TYPE:
            content_type = _decoded(value)
        elif name == _MODIFIED and value.isascii() and value.isdigit():
            modified = int(value)
        else:
            user[_unescaped(name.removeprefix(_USER)) if name.startswith(_USER) else name] = _decoded(value)
    props = Props(content_type=content_type, user=user, system=system)
    return Stated(props=props, modified=modified, checksums=checksums, mark=mark)


def meta_of(key: Key, answer: Answer, size: int) -> Meta:
    """The object that HEAD or GET answers for. Raises `ValueError` for an answer without sound times."""
    stated = stated_by(answer)
    headers = answer.headers
    native = {
        algorithm.value: headers[CHECKSUM + algorithm] for algorithm in Algorithm if CHECKSUM + algorithm in headers
    }
    modified = parse_time(headers.get("last-modified", "")) if stated.modified is None else stated.modified
    locked = locks.told(headers)
    props = replace(stated.props, system={**stated.props.system, **locked}) if locked else stated.props
    return Meta(
        key=key,
        size=size,
        etag=answer.etag(),
        modified=modified,
        props=props,
        checksums={**stated.checksums, **native},
        version=answer.version(),
    )


def _named(name: str) -> str:
    if _TOKEN.fullmatch(name) and not name.startswith(RESERVED):
        return name
    return _USER + _escaped(name)


def _escaped(name: str) -> str:
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 0x80 and not chr(byte).isupper() else f"-{byte:02x}"
        for byte in name.encode()
    )


def _unescaped(name: str) -> str:
    try:
        return re.sub(rb"-([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), name.encode()).decode()
    except UnicodeDecodeError:
        return name


def _encoded(value: str) -> str:
    if _PLAIN.fullmatch(value) and not _WORD.fullmatch(value):
        return value
    return f"=?UTF-8?B?{b64encode(value.encode()).decode()}?="


def _decoded(value: str) -> str:
    match = _WORD.fullmatch(value)
    if match is None:
        return value
    try:
        return b64decode(match[1], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def _http_date(value: str) -> datetime | None:
    """A date that botocore writes exactly as it is stated; None for any other text."""
    try:
        moment = parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return None
    return moment if format_datetime(moment, usegmt=True) == value else None
