"""Contents: the bytes of objects and parts, apart from who refers to them."""

from typing import NamedTuple

from gateway.core.ranges import Extent
from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.stored import Inline, Stored

PAGE = 64


class Piece(NamedTuple):
    """`length` bytes that lie together: in a segment, from `start` on. Its file has `size` bytes, unless `inline`."""

    segment: int
    start: int
    length: int
    size: int
    inline: bool


def create(db: Connection, stored: Stored) -> int:
    """The content of an object that came in as one."""
    if isinstance(stored, Inline):
        return insert(db, stored.size, stored.data)
    return create_part(db, stored)


def create_part(db: Connection, stored: Stored) -> int:
    """The content of a part, which lies in extents: several of them can be joined."""
    content = insert(db, 0)
    add_segment(db, content, stored)
    return content


def insert(db: Connection, size: int, data: bytes | None = None) -> int:
    """A content that one refers to; without `data` its extents are to follow."""
    cursor = db.execute("INSERT INTO contents (size, refs, data) VALUES (?, 1, ?)", (size, data))
    if cursor.lastrowid is None:
        raise AssertionError("an insertion has a row")
    return cursor.lastrowid


def add_segment(db: Connection, content: int, stored: Stored) -> None:
    """Put bytes at the end of a content that lies in extents, as a new segment."""
    if not stored.size:
        return
    data = stored.data if isinstance(stored, Inline) else None
    db.execute("INSERT INTO segments (id, size, refs, data) VALUES (?, ?, 1, ?)", (stored.segment, stored.size, data))
    db.execute(
        """INSERT INTO extents (content, offset, segment, start, length)
            SELECT id, size, ?, 0, ? FROM contents WHERE id = ?""",
        (stored.segment, stored.size, content),
    )
    db.execute(
        "UPDATE contents SET size = size + ?, mixed = mixed OR ? WHERE id = ?",
        (stored.size, data is not None, content),
    )


def share(db: Connection, content: int) -> None:
    """One more refers to it."""
    db.execute("UPDATE contents SET refs = refs + 1 WHERE id = ?", (content,))


def release(db: Connection, content: int) -> None:
    """One less refers to it. What nobody refers to goes at once if it lies inline, else it is left to be collected."""
    last = db.execute("DELETE FROM contents WHERE id = ? AND refs = 1 AND data IS NOT NULL", (content,))
    if last.rowcount == 0:
        db.execute("UPDATE contents SET refs = refs - 1 WHERE id = ?", (content,))


def inline(db: Connection, content: int) -> tuple[bool, bytes | None]:
    """Whether some of the content lies in the index, and all of its bytes, if they lie inline."""
    mixed, data = db.execute("SELECT mixed, data FROM contents WHERE id = ?", (content,)).fetchone()
    return mixed != 0, data


def pieces(db: Connection, content: int, extent: Extent) -> list[Piece]:
    """Where the first bytes of `extent` lie, in order; a page of them."""
    rows: list[tuple[int, int, int, int, int, int]] = db.execute(
        """SELECT e.offset, e.segment, e.start, e.length, s.size, s.data IS NOT NULL
            FROM extents e JOIN segments s ON s.id = e.segment
            WHERE e.content = :content AND e.offset < :stop
                AND e.offset >= (SELECT max(offset) FROM extents WHERE content = :content AND offset <= :start)
            ORDER BY e.offset LIMIT :page""",
        {"content": content, "start": extent.start, "stop": extent.stop, "page": PAGE},
    ).fetchall()
    found: list[Piece] = []
    for offset, segment, start, length, size, inline in rows:
        skipped = max(extent.start - offset, 0)
        wanted = min(offset + length, extent.stop) - offset - skipped
        found.append(Piece(segment, start + skipped, wanted, size, bool(inline)))
    return found


def inline_bytes(db: Connection, piece: Piece) -> bytes | None:
    """The bytes of a piece that lies in the index; None where they are not there."""
    row: tuple[bytes | None] | None = db.execute(
        "SELECT substr(data, ?, ?) FROM segments WHERE id = ?", (piece.start + 1, piece.length, piece.segment)
    ).fetchone()
    return row[0] if row else None
