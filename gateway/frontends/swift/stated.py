"""Manifests as clients write them, and whether the segments are what they say (`swift.common.middleware.slo`)."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from gateway.core.conditions import SECOND
from gateway.core.errors import BadRange
from gateway.core.manifest import Entry, Inline, Segment, named, static_of
from gateway.core.ranges import MAX_SPANS, Extent, Span, parse_range
from gateway.core.types import Meta
from gateway.frontends.swift.errors import Refusal

MAX_SEGMENTS = 1000
MAX_SIZE = 8 * 1024 * 1024
"""Bytes of a manifest as a client writes it."""

KEYS = {"path": frozenset({"path", "range", "etag", "size_bytes"}), "data": frozenset({"data"})}

TOO_SMALL = "Too small; each segment must be at least 1 byte."

Problem = tuple[str, str]
"""An object's path, quoted, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A segment as it is stated; `path` as the client wrote it. What it leaves open is None."""

    path: str
    etag: str | None = None
    size: int | None = None
    span: Span | None = None

    @property
    def place(self) -> tuple[str, str]:
        """The container and the name of the object."""
        return named(self.path)


def stated_of(entry: Entry) -> Stated | Inline:
    """An entry of a manifest that stands, as a client would state it."""
    if isinstance(entry, Inline):
        return entry
    span = None if entry.stop is None else Span(entry.start, entry.stop - 1)
    return Stated(f"/{entry.container}/{entry.name}", entry.etag, entry.size, span)


def parse(data: bytes, own: tuple[str, str]) -> list[Stated | Inline]:
    """The segments of a manifest. `own`: the container and the name that it is to have.

    Raises `Refusal`: 400 with a line for each entry that is wrong, 413 for too many segments.
    """
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        raise Refusal(400, "Manifest must be valid JSON.\n") from None
    if not isinstance(rows, list):
        raise Refusal(400, "Manifest must be a list.\n")
    entries: list[Stated | Inline] = []
    errors: list[str] = []
    for index, row in enumerate(rows):
        try:
            entries.append(_entry(row, own, is_last=index == len(rows) - 1))
        except ValueError as error:
            errors.append(f"Index {index}: {error}\n")
    if rows and all(isinstance(row, dict) and "data" in row for row in rows):
        errors.append("Inline data segments require at least one object-backed segment.\n")
    if errors:
        raise Refusal(400, "".join(errors))
    if sum(isinstance(entry, Stated) for entry in entries) > MAX_SEGMENTS:
        raise Refusal(413, f"Number of object-backed segments must be <= {MAX_SEGMENTS}")
    return entries


def _entry(row: object, own: tuple[str, str], *, is_last: bool) -> Stated | Inline:
    """Raises `ValueError`."""
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    kind = next((kind for kind in ("data", "path") if kind in row), None)
    if kind is None:
        raise ValueError("expected keys to include one of 'data' or 'path'")
    if extraneous := sorted(key for key in row if key not in KEYS[kind]):
        raise ValueError(f"extraneous keys {', '.join(json.dumps(key) for key in extraneous)}")
    return _inline(row["data"]) if kind == "data" else _segment(row, own, is_last=is_last)


def _inline(text: object) -> Inline:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except (binascii.Error, ValueError):
        data = None
    if data is None:
        raise ValueError("data must be valid base64")
    if not data:
        raise ValueError("too small; each segment must be at least 1 byte.")
    return Inline(data)


def _segment(row: Mapping[str, Any], own: tuple[str, str], *, is_last: bool) -> Stated:
    path, etag = row["path"], row.get("etag")
    if not isinstance(path, str):
        raise ValueError('"path" must be a string')
    if not (etag is None or isinstance(etag, str)):
        raise ValueError('"etag" must be a string or null (if provided)')
    if "/" not in path.strip("/"):
        raise ValueError("path does not refer to an object. Path must be of the form /container/object.")
    size = _size(row.get("size_bytes"))
    if size is not None and size < 1 and not is_last:
        raise ValueError("too small; each segment must be at least 1 byte.")
    if named(path) == own:
        raise ValueError("manifest must not include itself as a segment")
    return Stated(path, etag, size, _span(row.get("range"), size))


def _size(value: object) -> int | None:
    if value is None:
        return None
    try:
        return int(value)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        raise ValueError("invalid size_bytes") from None


def _span(value: object, size: int | None) -> Span | None:
    if not value:
        return None
    text = str(value)
    spans = parse_range(f"bytes={text}") if text.count(",") < MAX_SPANS else ()
    if not spans:
        raise ValueError("invalid range")
    if len(spans) > 1:
        raise ValueError("multiple ranges (only one allowed)")
    if size is not None:
        try:
            spans[0].resolve(size)
        except BadRange:
            raise ValueError("unsatisfiable range") from None
    return spans[0]


def found(stated: Stated, meta: Meta, *, is_last: bool) -> tuple[Segment, Sequence[Problem]]:
    """The segment as the manifest keeps it, and what is wrong with it."""
    static = static_of(meta.props.system)
    etag = meta.etag if static is None else static.etag
    wrong: list[str] = []
    extent = _extent(stated.span, meta.size)
    if extent is None:
        wrong.append("Unsatisfiable Range")
        extent = Extent(0, meta.size)
    if len(extent) < 1 and not is_last:
        wrong.append(TOO_SMALL)
    if stated.size not in {None, meta.size}:
        wrong.append("Size Mismatch")
    if stated.etag not in {None, etag}:
        wrong.append("Etag Mismatch")
    container, name = stated.place
    is_whole = len(extent) == meta.size
    segment = Segment(
        container=container,
        name=name,
        size=meta.size,
        etag=etag,
        content_type=meta.props.content_type.partition(";")[0],
        modified=_modified(meta.modified),
        start=0 if is_whole else extent.start,
        stop=None if is_whole else extent.stop,
        large=static is not None,
    )
    return segment, [(quote(stated.path), what) for what in wrong]


def _extent(span: Span | None, size: int) -> Extent | None:
    try:
        return Extent(0, size) if span is None else span.resolve(size)
    except BadRange:
        return None


def _modified(nanoseconds: int) -> str:
    """A time as manifests have it: that of Last-Modified, in whole seconds."""
    return datetime.fromtimestamp(-(-nanoseconds // SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
