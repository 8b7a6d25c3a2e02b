"""Large objects, as OpenStack Swift has them: manifests, which stand for the bytes of other objects, their segments.

A static one (SLO) lists its segments with their digests; a dynamic one (DLO) names a prefix, and its segments are what
a listing of it shows. The form in which a static one is kept is Swift's own (`swift.common.middleware.slo`).
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

STATIC = "swift:slo"
"""The system property of a static manifest: see `Static`."""
DYNAMIC = "swift:dlo"
"""The system property of a dynamic manifest: the container and the prefix of its segments, as X-Object-Manifest."""

MAX_DEPTH = 10
"""Manifests inside of each other that are read; the outermost counts."""

Properties = Mapping[str, str]


def is_large(system: Properties) -> bool:
    """Whether an object with these system properties is a manifest."""
    return bool(system) and (STATIC in system or DYNAMIC in system)


def flags_of(system: Properties) -> dict[str, str]:
    """Those properties that make an object a manifest."""
    return {name: system[name] for name in (STATIC, DYNAMIC) if name in system}


def without_flags(system: Properties) -> dict[str, str]:
    """The properties of an object that holds the bytes itself."""
    return {name: value for name, value in system.items() if name not in (STATIC, DYNAMIC)}


@dataclass(frozen=True, slots=True)
class Static:
    """What a static manifest stands for. `manifest`: the MD5 of its own bytes. `etag`: that of its segments' digests.

    `size`: bytes of the whole; `count`: segments of this manifest, as deep as it goes itself.
    """

    manifest: str
    etag: str
    size: int
    count: int

    @property
    def packed(self) -> str:
        """The value of the system property."""
        return f"{self.manifest} {self.etag} {self.size} {self.count}"


def static_of(system: Properties) -> Static | None:
    """What a static manifest stands for; None for any other object."""
    value = system.get(STATIC)
    if value is None:
        return None
    manifest, etag, size, count = value.split(" ")
    return Static(manifest, etag, int(size), int(count))


def prefix_of(system: Properties) -> tuple[str, str] | None:
    """The container and the prefix that a dynamic manifest names; None for any other object."""
    value = system.get(DYNAMIC)
    return None if value is None else named(unquote(value))


def named(reference: str) -> tuple[str, str]:
    """A container and what is named in it."""
    container, _, name = reference.lstrip("/").partition("/")
    return container, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Bytes of another object, all of them or those from `start` up to `stop`, and how that object has to look.

    `modified`: as Swift writes it. `large`: it is a static manifest itself.
    """

    container: str
    name: str
    size: int
    etag: str
    content_type: str = ""
    modified: str = ""
    start: int = 0
    stop: int | None = None
    large: bool = False

    def __len__(self) -> int:
        return (self.size if self.stop is None else self.stop) - self.start

    @property
    def range(self) -> str:
        """The bytes meant, as a Range header has them; empty where it is all of them."""
        return "" if self.stop is None else f"{self.start}-{self.stop - 1}"

    @property
    def digest(self) -> str:
        """What it adds to the manifest's ETag."""
        return f"{self.etag}:{self.range};" if self.range else self.etag

    @property
    def row(self) -> dict[str, Any]:
        """The segment as the manifest keeps it."""
        row: dict[str, Any] = {
            "name": f"/{self.container}/{self.name}",
            "bytes": self.size,
            "hash": self.etag,
            "content_type": self.content_type,
            "last_modified": self.modified,
        }
        if self.range:
            row["range"] = self.range
        if self.large:
            row["sub_slo"] = True
        return row

    @property
    def stated(self) -> dict[str, Any]:
        """The segment as a client states it."""
        ranged = {"range": self.range} if self.range else {}
        return {**ranged, "path": f"/{self.container}/{self.name}", "size_bytes": self.size, "etag": self.etag}


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that stand in the manifest itself."""

    data: bytes

    def __len__(self) -> int:
        return len(self.data)

    @property
    def digest(self) -> str:
        return hashlib.md5(self.data, usedforsecurity=False).hexdigest()

    @property
    def row(self) -> dict[str, Any]:
        return {"data": base64.b64encode(self.data).decode()}

    @property
    def stated(self) -> dict[str, Any]:
        return self.row


Entry = Segment | Inline


def encode(entries: Sequence[Entry]) -> tuple[bytes, Static]:
    """The bytes of a manifest, and what it stands for."""
    data = json.dumps([entry.row for entry in entries]).encode()
    own = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return data, Static(own, etag_of(entry.digest for entry in entries), sum(map(len, entries)), len(entries))


def etag_of(digests: Iterable[str]) -> str:
    """The ETag of a large object: the MD5 of its segments' digests, one behind the other."""
    whole = hashlib.md5(usedforsecurity=False)
    for digest in digests:
        whole.update(digest.encode())
    return whole.hexdigest()


def raw(entries: Sequence[Entry]) -> bytes:
    """A manifest in the form in which clients write it (`format=raw`)."""
    return json.dumps([entry.stated for entry in entries], sort_keys=True).encode()


def decode(data: bytes) -> tuple[Entry, ...]:
    """What a manifest lists. Raises `ValueError` for what is none."""
    try:
        return tuple(_entry(row) for row in json.loads(data))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a manifest") from error


def _entry(row: Mapping[str, Any]) -> Entry:
    if "data" in row:
        return Inline(base64.b64decode(row["data"]))
    container, name = named(row["name"])
    first, _, last = row.get("range", "").partition("-")
    return Segment(
        container=container,
        name=name,
        size=row["bytes"],
        etag=row["hash"],
        content_type=row.get("content_type", ""),
        modified=row.get("last_modified", ""),
        start=int(first) if first else 0,
        stop=int(last) + 1 if last else None,
        large=bool(row.get("sub_slo")),
    )
