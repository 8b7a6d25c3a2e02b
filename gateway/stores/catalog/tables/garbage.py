"""What nobody refers to any more: contents whose last object is gone, segments whose last extent is, free pages."""

from collections.abc import Iterable

from gateway.stores.catalog.database import Connection
from gateway.stores.catalog.tables import composition
from gateway.stores.catalog.tables.packing import pack_numbers

SLICE = 1000
"""Extents, files or pages that are dealt with in one transaction."""

SLACK_PAGES = 4096
"""Free pages that the index may have beyond a quarter of its size: they will be used again."""


def contents(db: Connection, limit: int) -> list[int]:
    """Contents that nobody refers to."""
    return [content for (content,) in db.execute("SELECT id FROM contents WHERE refs = 0 LIMIT ?", (limit,))]


def collect(db: Connection, garbage: Iterable[int]) -> None:
    """Take contents out, with about `SLICE` of their extents at most; what is left stays garbage."""
    room = SLICE
    for content in garbage:
        if room > 0:
            room -= 1 + _release_extents(db, content, room)
    db.execute("DELETE FROM segments WHERE refs = 0 AND data IS NOT NULL")


def files(db: Connection) -> list[int]:
    """Segments whose files are to be unlinked; some of them, if there are many."""
    rows = db.execute("SELECT id FROM segments WHERE refs = 0 AND data IS NULL LIMIT ?", (SLICE,))
    return [segment for (segment,) in rows]


def forget(db: Connection, segments: list[int]) -> None:
    """Take out the rows of segments whose files are gone."""
    db.execute(
        "DELETE FROM segments WHERE refs = 0 AND id IN (SELECT value FROM json_each(?))", (pack_numbers(segments),)
    )


def last_segment(db: Connection) -> int:
    """The greatest id of a segment; 0 where there is none."""
    (last,) = db.execute("SELECT ifnull(max(id), 0) FROM segments").fetchone()
    return int(last)


def unnamed(db: Connection, segments: list[int]) -> list[int]:
    """Those of the ids that no segment has."""
    rows = db.execute(
        "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM segments)", (pack_numbers(segments),)
    )
    return [segment for (segment,) in rows]


def abandon(db: Connection, segments: list[int]) -> None:
    """Make those of the ids that no segment has segments that nobody refers to: their files will be unlinked."""
    rows = [(segment,) for segment in unnamed(db, segments)]
    db.executemany("INSERT INTO segments (id, size, refs) VALUES (?, 0, 0)", rows)


def is_bloated(db: Connection) -> bool:
    """Much of the index's file is free."""
    (free,) = db.execute("PRAGMA freelist_count").fetchone()
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    return bool(free > SLACK_PAGES + pages // 4)


def shrink(db: Connection) -> None:
    """Give some free pages of the index back to the file system."""
    db.execute(f"PRAGMA incremental_vacuum({SLICE})").fetchall()  # each row that is fetched is a page


def _release_extents(db: Connection, content: int, room: int) -> int:
    """Take out up to `room` extents of a content, and itself with the last of them. How many there were."""
    count, last = db.execute(
        "SELECT count(*), max(offset) FROM (SELECT offset FROM extents WHERE content = ? ORDER BY offset LIMIT ?)",
        (content, room),
    ).fetchone()
    if count:
        db.execute(
            """UPDATE segments SET refs = refs - used.times
                FROM (SELECT segment, count(*) AS times FROM extents
                    WHERE content = ? AND offset <= ? GROUP BY segment) AS used
                WHERE id = used.segment""",
            (content, last),
        )
        db.execute("DELETE FROM extents WHERE content = ? AND offset <= ?", (content, last))
    if count < room:
        composition.forget(db, content)
        db.execute("DELETE FROM contents WHERE id = ?", (content,))
    return int(count)
