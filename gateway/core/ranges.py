"""Byte ranges (RFC 9110, section 14): what a client asks for, and which bytes of an object that is."""

import re
from dataclasses import dataclass

from gateway.core.errors import BadRange

MAX_SPANS = 50

_SPEC = re.compile(r"(\d*)\s*-\s*(\d*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Extent:
    """The bytes from `start` up to but not including `stop`."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Span:
    """A range as asked for: `first` to `last` inclusive, to the end (`last` is None), or a suffix (`first` is None)."""

    first: int | None
    last: int | None = None

    def resolve(self, size: int) -> Extent:
        """The bytes meant in an object of `size` bytes. Raises `BadRange` where none of them lies in it."""
        if self.first is None:
            if not self.last or not size:
                raise BadRange(size)
            return Extent(max(0, size - self.last), size)
        if self.first >= size:
            raise BadRange(size)
        return Extent(self.first, size if self.last is None else min(self.last + 1, size))


def resolve(span: Span | None, size: int) -> Extent:
    """The extent of `span`, or the whole object. Raises `BadRange`."""
    return Extent(0, size) if span is None else span.resolve(size)


def parse_range(header: str) -> tuple[Span, ...]:
    """The spans of a Range header; empty where it has another unit or is malformed, and so is to be ignored.

    A header of more than `MAX_SPANS` spans is ignored as well (RFC 9110, 14.2 allows that).
    """
    unit, _, specs = header.partition("=")
    if unit.strip().lower() != "bytes":
        return ()
    fields = [spec.strip() for spec in specs.split(",")]
    spans = tuple(span for spec in fields if spec and (span := _parse_spec(spec)))
    if len(spans) != sum(1 for spec in fields if spec) or len(spans) > MAX_SPANS:
        return ()
    return spans


def _parse_spec(spec: str) -> Span | None:
    match = _SPEC.fullmatch(spec)
    if match is None or len(spec) > 40:
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None and last is None:
        return None
    if first is not None and last is not None and last < first:
        return None
    return Span(first, last)


def content_range(extent: Extent, size: int) -> str:
    """The Content-Range header of a 206 answer."""
    return f"bytes {extent.start}-{extent.stop - 1}/{size}"
