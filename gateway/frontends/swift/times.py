"""Times as Swift writes them. Its clock ticks in units of 10 microseconds."""

import time
from functools import lru_cache

from gateway.core.conditions import SECOND, TICK, rounded_up
from gateway.frontends.http.headers import http_date

TICKS_IN_SECOND = SECOND // TICK


def timestamp(nanoseconds: int) -> str:
    """A time as X-Timestamp has it: seconds with five decimals, ten digits before the point."""
    seconds, ticks = divmod(nanoseconds // TICK, TICKS_IN_SECOND)
    return f"{seconds:010d}.{ticks:05d}"


def last_modified(nanoseconds: int) -> str:
    """A time as Last-Modified has it: the next whole second, so that no change is ever dated before it happened."""
    return http_date(rounded_up(nanoseconds) * SECOND)


def iso8601(nanoseconds: int) -> str:
    """A time as listings have it: `2015-07-01T10:00:00.123450`, UTC."""
    seconds, rest = divmod(nanoseconds, SECOND)
    digits = str(SECOND + rest)  # they come faster than by a format with leading zeros
    return f"{_whole_seconds(seconds)}.{digits[1:6]}0"


@lru_cache(maxsize=4096)
def _whole_seconds(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
