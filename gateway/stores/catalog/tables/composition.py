"""Which parts the contents of objects were put together from."""

from collections.abc import Sequence

import msgspec

from gateway.core.parts import object_parts
from gateway.core.uploads import ObjectPart, Part
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables.packing import pack, unpack

_encode = msgspec.json.Encoder().encode


def keep(db: Connection, content: int, parts: Sequence[Part]) -> None:
    """Note the parts of a content, which has none noted yet."""
    rows = [(part.number, part.offset, part.size, pack(part.checksums)) for part in object_parts(parts)]
    db.execute(
        """INSERT INTO object_parts (content, number, offset, size, checksums)
            SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)""",
        (content, _encode(rows).decode()),
    )


def page(db: Connection, content: int, marker: int, limit: int) -> tuple[int, tuple[ObjectPart, ...]]:
    """How many parts are known of a content, and those behind number `marker`."""
    (total,) = db.execute("SELECT ifnull(max(number), 0) FROM object_parts WHERE content = ?", (content,)).fetchone()
    rows: list[tuple[int, int, int, str | None]] = db.execute(
        """SELECT number, offset, size, checksums FROM object_parts
            WHERE content = ? AND number > ? ORDER BY number LIMIT ?""",
        (content, marker, max(0, limit)),
    ).fetchall()
    return total, tuple(
        ObjectPart(number=number, offset=offset, size=size, checksums=unpack(checksums))
        for number, offset, size, checksums in rows
    )


def forget(db: Connection, content: int) -> None:
    """The content goes, or is no longer what its parts made."""
    db.execute("DELETE FROM object_parts WHERE content = ?", (content,))
