"""A page of ten thousand names of a Swift container that holds very many: the last beside the first, and its memory."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from urllib.parse import quote

from bench import peers
from bench.listing import fill, name_of
from bench.load import Rate
from bench.side import Side
from bench.table import Row, progress

PAGE = 10_000
SECONDS = 2.0
MEMORY = 64_000_000
"""Bytes of resident memory that pages may take beside what the idle process has."""


def rows(folder: Path, *, rounds: int, objects: int) -> list[Row]:
    """`objects`: how many the container holds."""
    place = folder / "container"
    place.mkdir(parents=True)
    with peers.portico(place) as ours:
        side = Side.of(ours.server, ours.swift)
        side.once([side.request("PUT", "/bench")], concurrency=1)
    progress(f"{objects:,} objects")
    fill(place / "portico" / "catalog.sqlite", objects)
    markers = {"first": "", "middle": name_of(objects // 2), "last": name_of(max(objects - PAGE, 1) - 1)}
    with peers.portico(place) as ours:
        side = Side.of(ours.server, ours.swift)
        idle = ours.server.peak_memory()
        ours.server.reset_peak()
        pages = _pages(side, markers, rounds)
        grown = ours.server.peak_memory() - idle
    first, middle, last = (median(rate.cpu_us for rate in found) / 1000 for found in pages.values())
    what = f"Swift listing, {PAGE:,} of {objects:,} names (JSON)"
    return [
        Row(
            f"{what}: server CPU of the last page, of the first",
            f"{last:.1f} ms",
            f"{first:.1f} ms",
            last / first,
            1.5,
            at_most=True,
            note=f"in the middle {middle:.1f} ms",
        ),
        Row(
            f"{what}: growth of resident memory",
            f"{grown / 1e6:.0f} MB",
            f"{MEMORY / 1e6:.0f} MB",
            grown / MEMORY,
            1.0,
            at_most=True,
        ),
    ]


def _pages(side: Side, markers: Mapping[str, str], rounds: int) -> dict[str, list[Rate]]:
    found: dict[str, list[Rate]] = {which: [] for which in markers}
    for turn in range(rounds):
        for which, marker in markers.items():
            progress(f"{which} page, round {turn + 1} of {rounds}")
            request = side.request("GET", f"/bench?format=json&limit={PAGE}&marker={quote(marker, safe='')}")
            found[which].append(side.drive([request], concurrency=1, seconds=SECONDS))
    return found
