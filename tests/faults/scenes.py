"""What the process that dies has written, and what its last operation was to make of it."""

from collections.abc import Mapping
from pathlib import Path

from gateway.core.types import Key
from gateway.stores.catalog import CatalogSettings

BUCKET = "bucket"
KEY = Key(BUCKET, "object")
OLD = bytes(range(256)) * 3000
NEW = bytes(range(255, -1, -1)) * 4500
"""Of more than two blocks: it is on its way to the file while it comes."""

UPLOADED = bytes(range(256)) * 48_000, bytes(range(255, -1, -1)) * 44_000
"""An object that is stored in three segments of 5 MiB, and what is to replace it."""

PARTS = (NEW, b"the last part, which is small")
TREE = {f"tree/{name}": name.encode() for name in ("a", "b/c", "b/d", "e")}

BEFORE: Mapping[str, bytes] = {"object": OLD, "new": NEW, **TREE}

AFTER: Mapping[str, Mapping[str, bytes]] = {
    "put": {**BEFORE, "object": NEW},
    "append": {**BEFORE, "object": OLD + NEW},
    "delete": {name: data for name, data in BEFORE.items() if name != "object"},
    "copy": {**BEFORE, "object": NEW},
    "rename": {"object": NEW, **TREE},
    "complete": {**BEFORE, "object": b"".join(PARTS)},
    "rename_prefix": {"object": OLD, "new": NEW, **{"moved" + name[4:]: data for name, data in TREE.items()}},
}

VERSIONED: Mapping[str, tuple[Mapping[str, bytes], list[bytes | None], list[bytes | None]]] = {
    "keep": (AFTER["put"], [OLD], [NEW, OLD]),
    "mark": (AFTER["delete"], [OLD], [None, OLD]),
    "undo": (AFTER["put"], [OLD, NEW, OLD], [NEW, OLD]),
}
"""Operations in a bucket that keeps versions: what stands after each, and the object's versions before and after, the
newest first; None is a delete marker.
"""


def settings(directory: Path) -> CatalogSettings:
    return CatalogSettings(path=directory, inline_max=1000)
