"""An object as the headers of an answer describe it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from gateway.core.errors import Unavailable
from gateway.core.types import Key, Meta
from gateway.stores.swift.metadata import SECOND, Stated, props_of, timestamp
from gateway.stores.swift.names import manifest_of
from gateway.stores.swift.rows import TICK, composite

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """`stamp`: when Swift dates its last change, in ns. `tag`: its ETag as Swift wrote it, for If-Match.

    `upload`: where its segments lie, if they are its own. `manifest`: the prefix that a DLO names. `static`: an SLO.
    """

    meta: Meta
    stamp: int
    tag: str
    stated: Stated
    upload: str = ""
    manifest: str = ""
    static: bool = False


def found_of(key: Key, headers: Headers) -> Found:
    """The object whose GET or HEAD was answered with these headers. Raises `Unavailable` where they tell no size."""
    props, stated, packed = props_of(headers)
    stamp = timestamp(headers.get("X-Timestamp", "")) or http_date(headers.get("Last-Modified", ""))
    stamp = stamp // TICK * TICK
    tag = headers.get("ETag", "")
    manifest = headers.get("X-Object-Manifest", "")
    is_slo = headers.get("X-Static-Large-Object", "").lower() == "true"
    etag = tag.strip('"')
    meta = Meta(
        key=key,
        size=_size(headers),
        etag=stated.etag or (composite(etag) if is_slo or manifest else etag),
        modified=stamp if stated.modified is None else stated.modified,
        props=props,
        checksums=packed.checksums,
    )
    is_own = is_slo or (manifest and manifest == manifest_of(key, packed.upload))
    return Found(meta, stamp, tag, stated, packed.upload if is_own else "", manifest, is_slo)


def http_date(text: str) -> int:
    """A date of a header in ns since the epoch; 0 for anything else."""
    try:
        return int(parsedate_to_datetime(text).timestamp()) * SECOND
    except (ValueError, TypeError):
        return 0


def end_of(headers: Headers) -> int:
    """A time, in ns since the epoch, before which a request was carried out, by the clock of who answered it."""
    date = http_date(headers.get("Date", ""))
    return date + SECOND if date else time.time_ns()


def _size(headers: Headers) -> int:
    whole = headers.get("Content-Range", "").rpartition("/")[2] or headers.get("Content-Length", "")
    if not (whole.isascii() and whole.isdigit()):
        raise Unavailable("The upstream does not tell the object's size")
    return int(whole)
