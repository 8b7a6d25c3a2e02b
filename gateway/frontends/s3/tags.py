"""Tags as S3 restricts them, in each of their forms: a header, a document, the text that a property holds.

Source: "Categorizing your objects using tags" in the Amazon S3 User Guide.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl, urlencode

from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.record import Record
from gateway.frontends.s3.xmlout import Members

HEADER = "x-amz-tagging"
DIRECTIVE = "x-amz-tagging-directive"
REPLACE = "REPLACE"

OF_OBJECT, OF_BUCKET = 10, 50
"""Tags that an object and a bucket may have."""

MAX_NAME, MAX_VALUE = 128, 256

_PUNCTUATION = frozenset("_.:/=+-@")
_RESERVED = "aws:"


def of_header(text: str) -> str:
    """The tags that a writer states of an object, as a property holds them. Raises `S3Error`."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise _undecodable(text) from None
    if len(dict(pairs)) != len(pairs):
        raise _undecodable(text)
    return pack(pairs, OF_OBJECT)


def of_document(document: Record, most: int) -> str:
    """The tags of a `Tagging` document, as a property holds them. Raises `S3Error`."""
    return of_rows(document.records("TagSet"), most)


def of_rows(found: Iterable[Record], most: int) -> str:
    """The tags that stand in a document, as a property holds them. Raises `S3Error`."""
    return pack([(row.text("Key") or "", row.text("Value") or "") for row in found], most)


def pack(pairs: Sequence[tuple[str, str]], most: int) -> str:
    """At most so many tags, ordered and encoded as a query string. Raises `S3Error` `InvalidTag`."""
    if len(pairs) > most:
        kind = "Object tags" if most == OF_OBJECT else "Bucket tag count"
        raise S3Error(Code.INVALID_TAG, f"{kind} cannot be greater than {most}")
    for name, value in pairs:
        _check(name, value)
    if len(dict(pairs)) != len(pairs):
        raise S3Error(Code.INVALID_TAG, "Cannot provide multiple Tags with the same key")
    return urlencode(sorted(pairs))


def rows(text: str) -> list[Members]:
    """The tags that a property holds, as a document shows them."""
    return [{"Key": name, "Value": value} for name, value in parse_qsl(text, keep_blank_values=True)]


def count(text: str) -> int:
    """How many tags a property holds that is there."""
    return text.count("&") + 1


def _check(name: str, value: str) -> None:
    if not 0 < len(name) <= MAX_NAME or not _is_allowed(name):
        raise S3Error(Code.INVALID_TAG, "The TagKey you have provided is invalid", TagKey=name)
    if len(value) > MAX_VALUE or not _is_allowed(value):
        raise S3Error(Code.INVALID_TAG, "The TagValue you have provided is invalid", TagKey=name, TagValue=value)
    if name.startswith(_RESERVED):
        raise S3Error(Code.INVALID_TAG, "System tags cannot be added/updated by requester", TagKey=name)


def _is_allowed(text: Iterable[str]) -> bool:
    """Letters, separators and digits of any script, and a few signs."""
    return all(char in _PUNCTUATION or unicodedata.category(char)[0] in "LZN" for char in text)


def _undecodable(text: str) -> S3Error:
    return S3Error(
        Code.INVALID_ARGUMENT,
        f"The header '{HEADER}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates.",
        ArgumentName=HEADER,
        ArgumentValue=text,
    )
