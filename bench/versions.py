"""ListObjectVersions in a bucket of a hundred thousand versions: the server's CPU for a page, wherever it starts."""

import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import quote

from bench import peers
from bench.load import Rate, drive
from bench.requests import signed
from bench.table import Row, progress

NAMES = 20_000
VERSIONS = 5
"""Of each name: what stands and what it was before. Of every tenth a delete marker stands."""
PAGE = 1000
PAGES_A_RUN_SECONDS = 2.0
AIM_MS = 25.0

_ENABLED = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


def rows(folder: Path, *, rounds: int) -> list[Row]:
    place = folder / "versions"
    place.mkdir(parents=True)
    with peers.portico(place) as ours:
        for request in (signed("PUT", ours.s3, "/bench"), signed("PUT", ours.s3, "/bench?versioning", _ENABLED)):
            drive(ours.server, ours.s3, [request], concurrency=1, seconds=0)
    progress(f"{NAMES * VERSIONS:,} versions")
    _fill(place / "portico" / "catalog.sqlite")
    with peers.portico(place) as ours:
        pages: dict[str, list[Rate]] = {"first": [], "last": []}
        markers = {"first": "", "last": f"&key-marker={quote(_name(NAMES - PAGE // VERSIONS - 1), safe='')}"}
        for turn in range(rounds):
            for which, found in pages.items():
                progress(f"{which} page of versions, round {turn + 1} of {rounds}")
                request = signed("GET", ours.s3, f"/bench?versions&max-keys={PAGE}{markers[which]}")
                found.append(drive(ours.server, ours.s3, [request], concurrency=1, seconds=PAGES_A_RUN_SECONDS))
    first, last = (median(rate.cpu_us for rate in pages[which]) / 1000 for which in ("first", "last"))
    slower = max(first, last)
    what = f"ListObjectVersions, {PAGE} of {NAMES * VERSIONS:,} versions: server CPU of a page"
    note = f"first page {first:.1f} ms, last page {last:.1f} ms"
    return [Row(what, f"{slower:.1f} ms", f"{AIM_MS:.0f} ms", slower / AIM_MS, 1.0, at_most=True, note=note)]


def _name(number: int) -> str:
    return f"folder-{number // 1000:03}/file-{number:06}.jpg"


def _fill(index: Path) -> None:
    """Put versions that share one empty content into the index, faster than any protocol could."""
    with closing(sqlite3.connect(index)) as connection, connection:
        (bucket,) = connection.execute("SELECT id FROM buckets WHERE name = 'bench'").fetchone()
        content = connection.execute(
            "INSERT INTO contents (size, refs, data) VALUES (0, ?, x'')", (NAMES * VERSIONS - NAMES // 10,)
        ).lastrowid
        connection.executemany(
            """INSERT INTO versions
                (bucket, name, rank, content, size, etag, modified, content_type, checksums, version)
                VALUES (?, ?, ?, ?, 0, 'd41d8cd98f00b204e9800998ecf8427e', 1700000000000000000, 'image/jpeg',
                    '{"crc32":"AAAAAA=="}', ?)""",
            (
                (bucket, _name(number), rank, _content(content, number, rank), f"{rank:016x}{0:016x}")
                for number in range(NAMES)
                for rank in range(VERSIONS)
            ),
        )
        connection.execute(
            """INSERT INTO objects (bucket, name, content, size, etag, modified, content_type, checksums, version)
                SELECT bucket, name, content, size, etag, modified, content_type, checksums, version
                FROM versions WHERE rank = 0 AND content IS NOT NULL"""
        )
        connection.execute("DELETE FROM versions WHERE rank = 0 AND content IS NOT NULL")
        connection.execute("UPDATE buckets SET objects = ? WHERE id = ?", (NAMES - NAMES // 10, bucket))


def _content(content: int | None, number: int, rank: int) -> int | None:
    """None for a delete marker."""
    return None if rank == 0 and number % 10 == 0 else content
