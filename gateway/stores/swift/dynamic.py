"""Dynamic large objects (DLO) that others have written: where their parts lie, and that nobody sees these.

ftp-cloudfs kept a large file `name` as a DLO over `name.part/000000`, `name.part/000001` and so on, in the container of
the file itself; Swift's own client keeps the parts below `name/` in the container of segments.
"""

import logging
import re
from collections.abc import Collection, Sequence
from urllib.parse import unquote

from gateway.core.errors import StoreError
from gateway.core.listing import LAST_CHARACTER
from gateway.core.types import Key, Meta
from gateway.stores.swift.found import Found
from gateway.stores.swift.names import container_of
from gateway.stores.swift.rows import Row
from gateway.stores.swift.upstream import Upstream

FOLDER = ".part/"

log = logging.getLogger("portico.swift")

_PART = re.compile(r"(.+)\.part/(?:\d{6})?", re.DOTALL)


def parts_of(found: Found) -> tuple[str, str] | None:
    """The container and the prefix of the parts of a DLO, where these can't be anybody's own; None: they may be."""
    container, _, prefix = unquote(found.manifest).partition("/")
    key, folder = found.meta.key, prefix.rstrip("/") + "/"
    is_beside = container == key.bucket and folder == key.name + FOLDER
    is_below = container == container_of(key.bucket) and folder.startswith(key.name + "/")
    return (container, folder) if is_beside or is_below else None


def file_of(name: str) -> str | None:
    """The file that a row is a part of, or the folder of its parts, if its name tells the truth."""
    match = _PART.fullmatch(name)
    return match[1] if match else None


async def hidden(up: Upstream, bucket: str, rows: Sequence[Row[Meta]]) -> Collection[str]:
    """The files whose parts are among the rows: each is looked at once for every write of it."""
    names = {name for row in rows if (name := file_of(row.name)) is not None}
    if not names:
        return names
    stamps = {row.name: row.stamp for row in rows}
    known = {name for name in names if (Key(bucket, name), stamps.get(name)) in up.sized}
    found = await up.looked_up([Key(bucket, name) for name in sorted(names - known)])
    for name, one in found.items():
        if one is not None and one.manifest and parts_of(one) == (bucket, name + FOLDER):
            up.sized[one.meta.key, one.stamp] = one.meta
            known.add(name)
    return known


def behind(file: str, *, reverse: bool) -> str:
    """A marker behind all the parts of a file."""
    return file + FOLDER if reverse else f"{file}{FOLDER}{LAST_CHARACTER}"


async def free_parts(up: Upstream, container: str, prefix: str) -> None:
    """Delete the parts of a DLO that is gone; not what somebody has put beside them. A failure is logged."""
    try:
        names = await up.segments.names(container, prefix)
        parts = [name for name in names if not prefix.endswith(FOLDER) or file_of(name) is not None]
        failures = await up.deletes.remove(container, parts)
    except StoreError as error:
        log.warning("the parts of a large object in %s were not freed: %s", container, error)
        return
    for failed in failures.values():
        log.warning("a part of a large object in %s was not freed: %s", container, failed)
