"""Text as S3 writes it: XML character data, and times."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

SECOND = 1_000_000_000
MILLISECOND = 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SPECIAL = re.compile(r'[<>&"\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]')

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

_NAMED = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}


def _reference(match: re.Match[str]) -> str:
    character = match[0]
    return _NAMED.get(character) or (f"&#x{ord(character):x};" if character < "\x80" else "\ufffd")


def escape(text: str) -> str:
    """`text` as character data or an attribute's value.

    Control characters become references, as S3 sends them, although XML 1.0 parsers refuse most of those: listings
    with `encoding-type=url` are the way around it. What no encoding of XML can hold becomes U+FFFD.
    """
    if text.isalnum():  # as ids and digests are; to see so takes a tenth of the search
        return text
    return _SPECIAL.sub(_reference, text)


def legible(text: str) -> str:
    """`text` with U+FFFD for every control character that XML 1.0 parsers refuse."""
    return _ILLEGAL.sub("\ufffd", text)


@lru_cache(maxsize=4096)
def _whole_seconds(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def iso8601(nanoseconds: int) -> str:
    """A time as S3's documents have it: `2009-10-12T17:50:30.000Z`."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{_whole_seconds(seconds)}.{rest // MILLISECOND:03d}Z"


def parse_iso8601(text: str) -> int:
    """Nanoseconds since the epoch. Raises `ValueError`. A time without an offset is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
