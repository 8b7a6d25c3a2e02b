"""Query parameters and headers with a form of their own."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote

from gateway.core.parts import MAX_PARTS
from gateway.frontends.http.headers import parse_http_date
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error

MAX_INTEGER = 2**31 - 1

PART_NUMBER = "partNumber"
IF_SIZE = "x-amz-if-match-size"
IF_MODIFIED = "x-amz-if-match-last-modified-time"


def count_of(query: Mapping[str, str], name: str, default: int = 1000) -> int:
    """How many rows a listing is to have: what the client asks for, at most `default`. Raises `InvalidArgument`."""
    return min(integer_of(query, name, default), default)


def integer_of(query: Mapping[str, str], name: str, default: int) -> int:
    """A parameter that is no negative number. Raises `S3Error` `InvalidArgument`."""
    text = query.get(name)
    if not text:
        return default
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 11:
        raise _invalid(f"Provided {name} not an integer or within integer range", name, text)
    value = int(text)
    if not 0 <= value <= MAX_INTEGER:
        raise _invalid(f"Argument {name} must be an integer between 0 and {MAX_INTEGER}", name, text)
    return value


def part_number_of(query: Mapping[str, str], maximum: int = MAX_PARTS) -> int:
    """The `partNumber` parameter. Raises `S3Error` `InvalidArgument`."""
    text = query[PART_NUMBER]
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= maximum):
        raise _invalid(f"Part number must be an integer between 1 and {maximum}, inclusive", PART_NUMBER, text)
    return int(text)


def version_of(query: Mapping[str, str]) -> str | None:
    """The `versionId` parameter, as `core.versions` has it; None: what stands. Raises `S3Error` `InvalidArgument`."""
    version = query.get("versionId")
    if version == "":
        raise _invalid("Version id cannot be the empty string", "versionId", "")
    return version


def size_of(headers: Mapping[str, str]) -> int | None:
    """The size in bytes that an object must have to be deleted. Raises `S3Error` `InvalidArgument`."""
    text = headers.get(IF_SIZE)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _invalid(f"{IF_SIZE} must be a number of bytes", IF_SIZE, text)
    return int(text)


def modified_of(headers: Mapping[str, str]) -> int | None:
    """The time, in seconds since the epoch, that an object must have to be deleted. Raises `S3Error`."""
    text = headers.get(IF_MODIFIED)
    if text is None:
        return None
    seconds = parse_http_date(text)
    if seconds is None:
        raise _invalid(f"{IF_MODIFIED} must be an HTTP date", IF_MODIFIED, text)
    return seconds


def token(marker: str) -> str:
    """A continuation token: clients are not to see what it is made of."""
    return urlsafe_b64encode(marker.encode()).decode()


def marker_of(query: Mapping[str, str]) -> str | None:
    """The marker in a continuation token; None where there is none. Raises `S3Error` `InvalidArgument`."""
    text = query.get("continuation-token")
    if not text:
        return None
    try:
        marker = b64decode(text, b"-_", validate=True).decode()
    except ValueError:
        marker = ""
    if not marker:
        raise _invalid("The continuation token provided is incorrect", "continuation-token", text)
    return marker


def encoder_of(query: Mapping[str, str]) -> Callable[[str], str]:
    """What `encoding-type` does to the names in a listing. Raises `S3Error` `InvalidArgument`."""
    kind = query.get("encoding-type")
    if not kind:
        return str
    if kind != "url":
        raise _invalid("Invalid Encoding Method specified in Request", "encoding-type", kind)
    return lambda name: quote(name, safe="/")


def _invalid(message: str, name: str, value: str) -> S3Error:
    return S3Error(Code.INVALID_ARGUMENT, message, ArgumentName=name, ArgumentValue=value)
