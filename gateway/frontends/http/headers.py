"""HTTP headers and the core's types, both ways (RFC 9110)."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache

from aiohttp import hdrs
from multidict import istr

from gateway.core.conditions import ANY, SECOND, Validators, When, parse_etags
from gateway.core.ranges import Span, parse_range

MAX_DATE_LENGTH = 64

SERVER = "Portico"
"""What every answer names itself in its Server header: no versions, which would help an attacker."""

Headers = Mapping[str, str]


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def http_date(nanoseconds: int) -> str:
    """A time as Last-Modified and its kin state it."""
    return _http_date(nanoseconds // SECOND)


@lru_cache(maxsize=1024)
def parse_http_date(text: str) -> int | None:
    """Seconds since the epoch; None where `text` is no date, which RFC 9110 wants ignored."""
    if len(text) > MAX_DATE_LENGTH:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=8)
def _names(prefix: str) -> tuple[istr, ...]:
    """Names of the headers of preconditions, in the form that aiohttp looks up fastest."""
    return tuple(istr(prefix + name) for name in ("Match", "None-Match", "Modified-Since", "Unmodified-Since"))


def when_of(headers: Headers, prefix: str = "If-") -> When:
    """The preconditions of a request; `prefix` is another where they speak of a copy's source."""
    match, none_match, modified, unmodified = map(headers.get, _names(prefix))
    if match is none_match is modified is unmodified is None:
        return ANY
    return When(
        if_match=parse_etags(match) if match else (),
        if_none_match=parse_etags(none_match) if none_match else (),
        if_modified_since=parse_http_date(modified) if modified else None,
        if_unmodified_since=parse_http_date(unmodified) if unmodified else None,
    )


def spans_of(headers: Headers) -> tuple[Span, ...]:
    """The spans of the Range header; empty where there is none that counts."""
    header = headers.get(hdrs.RANGE)
    return parse_range(header) if header else ()


def range_applies(if_range: str, found: Validators) -> bool:
    """Whether an If-Range header lets the Range header count (RFC 9110, 13.1.5)."""
    date = parse_http_date(if_range)
    if date is not None:
        return found.modified // SECOND == date
    return not if_range.startswith("W/") and if_range.strip('"') == found.etag
