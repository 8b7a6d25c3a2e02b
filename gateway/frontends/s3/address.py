"""What the target of a request names: the service, a bucket or an object; path style and virtual-host style.

Source: "Virtual hosting of general purpose buckets" in the Amazon S3 User Guide.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gateway.auth.request import parse_query
from gateway.core.names import MAX_KEY_BYTES
from gateway.core.types import Key
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.model import Level

MAX_QUERY_KEYS = 100

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


class Target(NamedTuple):
    """A request's target, split but not decoded. `path` begins with a slash."""

    path: str
    query: str


class Address(NamedTuple):
    """The key that a request names; its bucket, or only its name, is empty where the request does not go that deep."""

    level: Level
    key: Key


SERVICE = Address(Level.SERVICE, Key("", ""))


def split(raw: str) -> Target:
    """The target of a request line, in origin form or absolute form (RFC 9112, 3.2). Raises `S3Error` `InvalidURI`."""
    path, _, query = raw.partition("?")
    if not path.startswith("/"):
        match = _AUTHORITY.match(path)
        if match is None:
            raise S3Error(Code.INVALID_URI)
        path = path[match.end() :] or "/"
    return Target(path, query)


def address_of(path: str, host: str, domain: str | None) -> Address:
    """What a raw path names on `host` (the Host header). Raises `S3Error` where it can't be understood."""
    name = decode(path[1:])
    bucket = bucket_of_host(host, domain) if domain else ""
    if not bucket:
        bucket, _, name = name.partition("/")
        if not bucket:
            if name:
                raise S3Error(Code.INVALID_BUCKET_NAME, BucketName="")
            return SERVICE
    if not name:
        return Address(Level.BUCKET, Key(bucket, ""))
    check_length(name)
    return Address(Level.OBJECT, Key(bucket, name))


def check_length(name: str) -> None:
    """Raise `S3Error` `KeyTooLongError` where no key may be that long."""
    if len(name) > MAX_KEY_BYTES // 4 and (size := len(name.encode())) > MAX_KEY_BYTES:
        raise S3Error(Code.KEY_TOO_LONG, Size=str(size), MaxSizeAllowed=str(MAX_KEY_BYTES))


def bucket_of_host(host: str, domain: str) -> str:
    """The bucket that a Host header names as a part of `domain`; empty where it names none."""
    name = host.lower()
    if not name.startswith("["):
        name = name.partition(":")[0]
    stem = name.removesuffix("." + domain.lower())
    return "" if stem == name else stem


def decode(raw: str) -> str:
    """Percent-encoded text as it is meant. Raises `S3Error` `InvalidURI` where that is no UTF-8."""
    if "%" not in raw and raw.isascii():
        return raw
    if _BAD_ESCAPE.search(raw):
        raise S3Error(Code.INVALID_URI)
    try:
        return unquote_to_bytes(raw.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise S3Error(Code.INVALID_URI) from None


def query_of(raw: str) -> dict[str, str]:
    """The parameters of a raw query string.

    Raises `S3Error`: `InvalidURI` where it is no UTF-8, `InvalidArgument` where a parameter is repeated: which of its
    values counts would be a guess.
    """
    if not raw:
        return {}
    if raw.count("&") >= MAX_QUERY_KEYS:
        raise S3Error(Code.INVALID_URI, "The query string has too many parameters")
    try:
        pairs = parse_query(raw)
    except ValueError:
        raise S3Error(Code.INVALID_URI) from None
    query = dict(pairs)
    if len(query) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise S3Error(Code.INVALID_ARGUMENT, f"The query parameter {repeated} is repeated", ArgumentName=repeated)
    return query
