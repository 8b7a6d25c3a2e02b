"""GET of a static large object of a hundred segments, beside a plain object of its size."""

import json
from pathlib import Path
from statistics import median

from bench import peers
from bench.side import Side
from bench.table import Row, progress
from bench.transfer import Throughput

SEGMENTS = 100
SEGMENT = 10 << 20
SIZE = SEGMENTS * SEGMENT


def rows(folder: Path, *, rounds: int) -> list[Row]:
    place = folder / "slo"
    place.mkdir(parents=True)
    with peers.portico(place) as ours:
        side = Side.of(ours.server, ours.swift)
        side.once([side.request("PUT", "/bench")], concurrency=1)
        progress(f"{SEGMENTS} segments of {SEGMENT >> 20} MiB, and one object of {SIZE >> 20} MiB")
        paths = [f"/bench/segment-{number:03}" for number in range(SEGMENTS)]
        for path in paths[: SEGMENTS // 2]:
            side.put(path, SEGMENT)
        side.put("/bench/plain", SIZE)  # amid the segments: files that are cached first are read at another speed
        for path in paths[SEGMENTS // 2 :]:
            side.put(path, SEGMENT)
        manifest = json.dumps([{"path": path} for path in paths]).encode()
        side.once([side.request("PUT", "/bench/large?multipart-manifest=put", manifest)], concurrency=1)
        found: dict[str, list[Throughput]] = {"large": [], "plain": []}
        for turn in range(rounds):
            for which, transfers in found.items():
                progress(f"GET, {which}, round {turn + 1} of {rounds}")
                transfers.append(side.get(f"/bench/{which}", SIZE))
    large, plain = (median(one.mb_per_second for one in many) for many in found.values())
    cpu = [median(one.cpu_per_gib for one in many) for many in found.values()]
    return [
        Row(
            f"Swift GET of an SLO, {SEGMENTS} x {SEGMENT >> 20} MiB, of a plain object",
            f"{large:,.0f} MB/s ({cpu[0]:.2f} s/GiB)",
            f"{plain:,.0f} MB/s ({cpu[1]:.2f} s/GiB)",
            large / plain,
            0.9,
        )
    ]
