"""ListObjectsV2 in a bucket of a million keys: the last page beside the first."""

import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median
from urllib.parse import quote

from bench import peers
from bench.load import Rate, drive
from bench.requests import signed
from bench.table import Row, progress

KEYS = 1_000_000
PAGE = 1000
PAGES_A_RUN_SECONDS = 2.0


def rows(folder: Path, *, rounds: int) -> list[Row]:
    place = folder / "listing"
    place.mkdir(parents=True)
    with peers.portico(place) as ours:
        drive(ours.server, ours.s3, [signed("PUT", ours.s3, "/bench")], concurrency=1, seconds=0)
    progress(f"{KEYS:,} keys")
    fill(place / "portico" / "catalog.sqlite", KEYS)
    with peers.portico(place) as ours:
        pages: dict[str, list[Rate]] = {"first": [], "last": []}
        after = {"first": "", "last": name_of(KEYS - PAGE - 1)}
        for turn in range(rounds):
            for which, found in pages.items():
                progress(f"{which} page, round {turn + 1} of {rounds}")
                target = f"/bench?list-type=2&max-keys={PAGE}&start-after={quote(after[which], safe='')}"
                request = signed("GET", ours.s3, target)
                found.append(drive(ours.server, ours.s3, [request], concurrency=1, seconds=PAGES_A_RUN_SECONDS))
    first, last = (median(rate.cpu_us for rate in pages[which]) / 1000 for which in ("first", "last"))
    what = f"ListObjectsV2, {PAGE} of {KEYS:,} keys: CPU of the last page, of the first"
    return [Row(what, f"{last:.1f} ms", f"{first:.1f} ms", last / first, 1.5, at_most=True)]


def name_of(number: int) -> str:
    """Of an object that `fill` makes; names are in the order of their numbers."""
    return f"folder-{number // 10_000:03}/file-{number:07}.jpg"


def fill(index: Path, keys: int) -> None:
    """Put objects that share one empty content into the index, faster than any protocol could."""
    with closing(sqlite3.connect(index)) as connection, connection:
        (bucket,) = connection.execute("SELECT id FROM buckets WHERE name = 'bench'").fetchone()
        content = connection.execute("INSERT INTO contents (size, refs, data) VALUES (0, ?, x'')", (keys,)).lastrowid
        connection.executemany(
            "INSERT INTO objects (bucket, name, content, size, etag, modified, content_type)"
            " VALUES (?, ?, ?, 0, 'd41d8cd98f00b204e9800998ecf8427e', 1700000000000000000, 'image/jpeg')",
            ((bucket, name_of(number), content) for number in range(keys)),
        )
        connection.execute("UPDATE buckets SET objects = ? WHERE id = ?", (keys, bucket))
