"""Looking into the directory of a catalog from outside: whether everything in it agrees."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from gateway.core.types import Key
from tests.support.waiting import until

INDEX = "catalog.sqlite"


def connect(directory: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(directory / INDEX).as_uri()}?mode=ro", uri=True, isolation_level=None)


def problems(directory: Path) -> list[str]:
    """What is wrong with references, extents, counters, files or bytes; and garbage, which must go in time."""
    with closing(connect(directory)) as db:
        db.execute("BEGIN")
        return [*_counters(db), *_references(db), *_contents(db), *_files(db, directory), *_garbage(db, directory)]


async def tidy(directory: Path) -> None:
    """Wait until nothing is wrong, for the collector works behind."""
    found: list[str] = []

    def holds() -> bool:
        found[:] = problems(directory)
        return not found

    try:
        await until(holds)
    except TimeoutError:
        raise AssertionError(found) from None


def files(directory: Path) -> dict[int, int]:
    """Sizes of the segment files, by segment; the collector may remove some meanwhile."""
    found = {}
    for path in (directory / "volumes" / "0").glob("[0-9a-f][0-9a-f]/*"):
        with suppress(FileNotFoundError):
            found[int(path.name, 16)] = path.stat().st_size
    return found


def drafts(directory: Path) -> list[Path]:
    return list((directory / "volumes" / "0" / "tmp").iterdir())


def segment_files(directory: Path, key: Key) -> list[Path]:
    """The files that an object lies in, in order."""
    with closing(connect(directory)) as db:
        rows = db.execute(
            """SELECT e.segment FROM buckets b JOIN objects o ON o.bucket = b.id JOIN extents e ON e.content = o.content
                JOIN segments s ON s.id = e.segment
                WHERE b.name = ? AND o.name = ? AND s.data IS NULL ORDER BY e.offset""",
            (key.bucket, key.name),
        ).fetchall()
    return [directory / "volumes" / "0" / f"{segment % 256:02x}" / f"{segment:016x}" for (segment,) in rows]


def extents(directory: Path, key: Key) -> int:
    """How many extents an object has."""
    with closing(connect(directory)) as db:
        (count,) = db.execute(
            """SELECT count(e.offset) FROM buckets b JOIN objects o ON o.bucket = b.id
                LEFT JOIN extents e ON e.content = o.content WHERE b.name = ? AND o.name = ?""",
            (key.bucket, key.name),
        ).fetchone()
    return int(count)


def _counters(db: sqlite3.Connection) -> Iterator[str]:
    for name, *told, objects, size, former in db.execute(
        """SELECT b.name, b.objects, b.bytes, b.former, count(o.name), ifnull(sum(o.size), 0),
                (SELECT ifnull(sum(v.size), 0) FROM versions v WHERE v.bucket = b.id)
            FROM buckets b LEFT JOIN objects o ON o.bucket = b.id GROUP BY b.id"""
    ):
        if told != [objects, size, former]:
            yield f"bucket {name} tells {told} objects, bytes and former bytes instead of {[objects, size, former]}"


def _references(db: sqlite3.Connection) -> Iterator[str]:
    contents = Counter[int]()
    for table, sql in (
        ("objects", "SELECT o.content, o.size, c.size FROM objects o LEFT JOIN contents c ON c.id = o.content"),
        (
            "versions",
            """SELECT v.content, v.size, c.size FROM versions v LEFT JOIN contents c ON c.id = v.content
                WHERE v.content IS NOT NULL""",
        ),
        ("parts", "SELECT p.content, p.size, c.size FROM parts p LEFT JOIN contents c ON c.id = p.content"),
    ):
        for content, told, size in db.execute(sql):
            contents[content] += 1
            if told != size:
                yield f"{table}: of {told} bytes over the content {content} of {size}"
    for content, refs in db.execute("SELECT id, refs FROM contents"):
        if refs != contents[content]:
            yield f"content {content} has {refs} references instead of {contents[content]}"
    segments = Counter(segment for (segment,) in db.execute("SELECT segment FROM extents"))
    for segment, refs in db.execute("SELECT id, refs FROM segments"):
        if refs != segments[segment]:
            yield f"segment {segment} has {refs} references instead of {segments[segment]}"
    for what, sql in (
        ("extents without a content", "SELECT count(*) FROM extents WHERE content NOT IN (SELECT id FROM contents)"),
        ("extents without a segment", "SELECT count(*) FROM extents WHERE segment NOT IN (SELECT id FROM segments)"),
        ("objects without a bucket", "SELECT count(*) FROM objects WHERE bucket NOT IN (SELECT id FROM buckets)"),
        ("versions without a bucket", "SELECT count(*) FROM versions WHERE bucket NOT IN (SELECT id FROM buckets)"),
        ("uploads without a bucket", "SELECT count(*) FROM uploads WHERE bucket NOT IN (SELECT id FROM buckets)"),
        ("parts without an upload", "SELECT count(*) FROM parts WHERE upload NOT IN (SELECT serial FROM uploads)"),
    ):
        (count,) = db.execute(sql).fetchone()
        if count:
            yield f"{count} {what}"


def _contents(db: sqlite3.Connection) -> Iterator[str]:
    for content, size, mixed, data in db.execute("SELECT id, size, mixed, data FROM contents"):
        pieces = db.execute(
            """SELECT e.offset, e.start, e.length, s.size, s.data IS NOT NULL
                FROM extents e JOIN segments s ON s.id = e.segment WHERE e.content = ? ORDER BY e.offset""",
            (content,),
        ).fetchall()
        if data is not None and (pieces or mixed or len(data) != size):
            yield f"content {content} of {size} bytes has {len(data)} inline and {len(pieces)} extents"
        if data is not None:
            continue
        end = 0
        for offset, start, length, room, _ in pieces:
            if offset != end or length <= 0 or start < 0 or start + length > room:
                yield f"content {content} has a wrong extent at {offset}: {length} bytes from {start} of {room}"
            end = offset + length
        if end != size:
            yield f"content {content} has {end} bytes instead of {size}"
        if bool(mixed) != any(inline for *_, inline in pieces):
            yield f"content {content} is not told right whether it is mixed"


def _files(db: sqlite3.Connection, directory: Path) -> Iterator[str]:
    found = files(directory)
    for segment, size, data in db.execute("SELECT id, size, data FROM segments"):
        have = found.pop(segment, None) if data is None else len(data)
        if have != size:
            yield f"segment {segment} has {have} bytes instead of {size}"
    for segment in found:
        yield f"no row names the file {segment:016x}"


def _garbage(db: sqlite3.Connection, directory: Path) -> Iterator[str]:
    for table, sql in (
        ("contents", "SELECT count(*) FROM contents WHERE refs <= 0"),
        ("segments", "SELECT count(*) FROM segments WHERE refs <= 0"),
    ):
        (count,) = db.execute(sql).fetchone()
        if count:
            yield f"{count} {table} are garbage"
    if left := drafts(directory):
        yield f"{len(left)} drafts"
