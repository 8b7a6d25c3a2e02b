"""Which rendering of a listing a client gets (`swift.common.middleware.listing_formats`, `swob.Accept`)."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from gateway.frontends.swift.errors import Refusal

MAX_ACCEPT_LENGTH = 1024


class Format(Enum):
    """The renderings, by their media types, in Swift's order of preference."""

    PLAIN = "text/plain"
    JSON = "application/json"
    XML = "application/xml"
    TEXT_XML = "text/xml"

    @property
    def content_type(self) -> str:
        return f"{self.value}; charset=utf-8"


BY_PARAMETER = {"plain": Format.PLAIN, "json": Format.JSON, "xml": Format.XML}

_WORD = r'[^()<>@,;:"/\[\]?={}\x00-\x20\x7f]+'
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_MEDIA_RANGE = re.compile(rf"\s*({_WORD})/({_WORD})((?:\s*;\s*{_WORD}\s*=\s*(?:{_WORD}|{_QUOTED}))*)\s*", re.DOTALL)
_PARAMETER = re.compile(rf";\s*({_WORD})\s*=\s*({_WORD}|{_QUOTED})")


@dataclass(frozen=True, slots=True)
class _Range:
    kind: str
    subkind: str
    quality: float

    @property
    def rank(self) -> tuple[float, bool]:
        return self.quality, "*" not in (self.kind, self.subkind)

    def covers(self, option: Format) -> bool:
        kind, _, subkind = option.value.partition("/")
        return self.kind in ("*", kind) and self.subkind in ("*", subkind)


def negotiate(parameter: str, accept: str) -> Format:
    """The format that `?format=` names, else the one that the Accept header likes best.

    Raises `Refusal`: 400 for a malformed header, 406 where no rendering is acceptable.
    """
    if parameter:
        return BY_PARAMETER.get(parameter.lower(), Format.PLAIN)
    if not accept:
        return Format.PLAIN
    found = _best(accept[: MAX_ACCEPT_LENGTH + 1])
    if found is None:
        raise Refusal(406)
    return found


def accepts(accept: str, option: Format) -> bool:
    """Whether an Accept header lets that format pass. Raises `Refusal` (400) for a malformed one."""
    if not accept:
        return True
    if len(accept) > MAX_ACCEPT_LENGTH:
        raise Refusal(400, "Invalid Accept header")
    ranges = [_parse(part) for part in accept.split(",")]
    return any(candidate.covers(option) and candidate.quality > 0 for candidate in ranges)


@lru_cache(maxsize=256)
def _best(accept: str) -> Format | None:
    ranges = [] if len(accept) > MAX_ACCEPT_LENGTH else [_parse(part) for part in accept.split(",")]
    if not ranges:
        raise Refusal(400, "Invalid Accept header")
    for candidate in sorted(ranges, key=lambda item: item.rank, reverse=True):
        for option in Format:
            if candidate.covers(option):
                return option
    return None


def _parse(text: str) -> _Range:
    match = _MEDIA_RANGE.fullmatch(text)
    if match is None:
        raise Refusal(400, "Invalid Accept header")
    kind, subkind, parameters = match.groups()
    qualities = [value for name, value in _PARAMETER.findall(parameters) if name == "q"]
    try:
        quality = float(qualities[0]) if qualities else 1.0
    except ValueError:
        quality = -1.0
    if len(qualities) > 1 or quality < 0:
        raise Refusal(400, "Invalid Accept header")
    return _Range(kind, subkind, quality)
