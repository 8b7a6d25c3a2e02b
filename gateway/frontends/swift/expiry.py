"""When an object is to vanish: X-Delete-At and X-Delete-After (`swift.common.constraints.check_delete_headers`)."""

import re
from collections.abc import Mapping

from gateway.core.conditions import SECOND
from gateway.frontends.swift.errors import Refusal

LAST = 9_999_999_999
"""The latest time that Swift keeps, in seconds since the epoch; later ones count as this one."""

_NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?", re.ASCII)
_INTEGER = re.compile(r"\s*[+-]?\d{1,300}\s*", re.ASCII)


def expires_of(headers: Mapping[str, str], now: float) -> int | None:
    """The time that a request states, in ns since the epoch. `now` is in seconds. Raises `Refusal` (400)."""
    after = headers.get("X-Delete-After")
    if after is not None:
        return _in_future("X-Delete-After", int(now + _integer("X-Delete-After", after)), now)
    at = headers.get("X-Delete-At")
    return None if at is None else _in_future("X-Delete-At", _integer("X-Delete-At", at), now)


def told(expires: int) -> str:
    """A time in ns since the epoch as X-Delete-At tells it, in seconds, none of which is cut off."""
    return str(-(-expires // SECOND))


def demanded_of(headers: Mapping[str, str]) -> int | None:
    """The X-Delete-At that an object has to have for a DELETE to remove it, in ns. Raises `Refusal` (400)."""
    stated = headers.get("X-If-Delete-At")
    if stated is None:
        return None
    if not _NUMBER.fullmatch(stated):
        raise Refusal(400, "Bad X-If-Delete-At header value")
    return int(float(stated)) * SECOND


def _integer(header: str, value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise Refusal(400, f"Non-integer {header}")
    return int(value)


def _in_future(header: str, seconds: int, now: float) -> int:
    if seconds <= now:
        raise Refusal(400, f"{header} in past")
    return min(seconds, LAST) * SECOND
