"""Making contents of the bytes of other contents: extents are copied and moved, bytes are not."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

import msgspec

from gateway.core.ranges import Extent
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.stored import Inline, Stored
from gateway.stores.catalog.tables import composition
from gateway.stores.catalog.tables.contents import add_segment, create_part, insert, share
from gateway.stores.catalog.tables.packing import pack_numbers


def extend(
    db: Connection, content: int, stored: Stored, ids: Iterator[int], inline_max: int, *, kept: bool = False
) -> int:
    """A content that has more bytes at its end: the one given, shared once more, or else another.

    Costs as much as the bytes that are added, except for the first time after a content was shared: its extents are
    then copied. They are each time where the content as it is must be `kept`.
    """
    size, refs, data = _row(db, content)
    if data is not None and isinstance(stored, Inline) and size + stored.size <= inline_max:
        return insert(db, size + stored.size, data + stored.data)
    if data is None and refs == 1 and not kept:
        share(db, own := content)
        composition.forget(db, own)
    else:
        own = cut(db, content, Extent(0, size), ids)
    if not (isinstance(stored, Inline) and _lengthen(db, own, stored.data, inline_max)):
        add_segment(db, own, stored)
    return own


def cut(db: Connection, source: int, extent: Extent, ids: Iterator[int]) -> int:
    """A content, in extents, that has the bytes of `extent` of another."""
    data = _row(db, source)[2]
    if data is not None:
        return create_part(db, Inline(next(ids), data[extent.start : extent.stop]))
    content = insert(db, len(extent))
    db.execute(
        """INSERT INTO extents (content, offset, segment, start, length)
            SELECT :content, max(offset, :start) - :start, segment, start + max(:start - offset, 0),
                min(offset + length, :stop) - max(offset, :start)
            FROM extents
            WHERE content = :source AND offset < :stop
                AND offset >= (SELECT max(offset) FROM extents WHERE content = :source AND offset <= :start)""",
        {"content": content, "source": source, "start": extent.start, "stop": extent.stop},
    )
    db.execute(
        """UPDATE segments SET refs = refs + used.times
            FROM (SELECT segment, count(*) AS times FROM extents WHERE content = ? GROUP BY segment) AS used
            WHERE id = used.segment""",
        (content,),
    )
    db.execute(
        """UPDATE contents SET mixed = EXISTS (
                SELECT 1 FROM extents e JOIN segments s ON s.id = e.segment WHERE e.content = ?1 AND s.data IS NOT NULL)
            WHERE id = ?1""",
        (content,),
    )
    return content


def join(db: Connection, parts: Sequence[int]) -> int:
    """One content out of several that lie in extents; these are gone afterwards."""
    packed = pack_numbers(list(parts))
    sizes: dict[int, int] = dict(
        db.execute("SELECT id, size FROM contents WHERE id IN (SELECT value FROM json_each(?))", (packed,))
    )
    *offsets, size = accumulate((sizes[part] for part in parts), initial=0)
    places = list(zip(parts, offsets, strict=True))
    content = insert(db, size)
    joined = {"content": content, "places": msgspec.json.encode(places).decode(), "parts": packed}
    db.execute(
        """INSERT INTO extents (content, offset, segment, start, length)
            SELECT :content, (p.value ->> 1) + e.offset, e.segment, e.start, e.length
            FROM json_each(:places) p JOIN extents e ON e.content = p.value ->> 0""",
        joined,
    )
    db.execute(
        """UPDATE contents
            SET mixed = (SELECT max(c.mixed) FROM json_each(:parts) p JOIN contents c ON c.id = p.value)
            WHERE id = :content""",
        joined,
    )
    db.execute("DELETE FROM extents WHERE content IN (SELECT value FROM json_each(:parts))", joined)
    db.execute("DELETE FROM contents WHERE id IN (SELECT value FROM json_each(:parts))", joined)
    return content


def _row(db: Connection, content: int) -> tuple[int, int, bytes | None]:
    row: tuple[int, int, bytes | None] = db.execute(
        "SELECT size, refs, data FROM contents WHERE id = ?", (content,)
    ).fetchone()
    return row


def _lengthen(db: Connection, content: int, data: bytes, inline_max: int) -> bool:
    """Put few bytes at the end of the last segment, if that is short: a log that grows by lines has no row for each.

    The content has to end where the segment ends. Others that refer to the segment do not see what comes behind.
    """
    row: tuple[int, int, bytes] | None = db.execute(
        """SELECT s.id, e.offset, s.data FROM extents e JOIN segments s ON s.id = e.segment
            WHERE e.content = ?1 AND e.offset = (SELECT max(offset) FROM extents WHERE content = ?1)
                AND e.start + e.length = s.size AND s.size + ?2 <= ?3 AND s.data IS NOT NULL""",
        (content, len(data), inline_max),
    ).fetchone()
    if row is None:
        return False
    segment, offset, standing = row
    more = len(data)
    db.execute("UPDATE segments SET size = size + ?, data = ? WHERE id = ?", (more, standing + data, segment))
    db.execute("UPDATE extents SET length = length + ? WHERE content = ? AND offset = ?", (more, content, offset))
    db.execute("UPDATE contents SET size = size + ? WHERE id = ?", (more, content))
    return True
