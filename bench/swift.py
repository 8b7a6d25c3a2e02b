"""The Swift frontend beside an OpenStack Swift on the same machine: what each request costs its server's CPU."""

import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from bench import peers
from bench.large import md5_speed
from bench.load import Rate
from bench.process import medium
from bench.side import Side, openstack
from bench.table import Row, progress
from bench.transfer import Stopwatch, Throughput
from tests.support.openstack.cluster import PYTHON, Cluster, shared

SMALL = 4096
KEYS = 200
CONCURRENCY = 32
LARGE = 64 << 20
UPLOADS = 4
ROWS = 10_000
PAGE = 1000

FILL = """\
import sys
from pathlib import Path
from swift.container.backend import ContainerBroker

folder, container, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
brokers = (ContainerBroker(str(path)) for path in Path(folder, "srv/d1/containers").glob("**/*.db"))
broker = next(broker for broker in brokers if broker.get_info()["container"] == container)
row = {"size": 0, "content_type": "image/jpeg", "etag": "d41d8cd98f00b204e9800998ecf8427e", "deleted": 0}
row = {**row, "created_at": "1700000000.00000", "storage_policy_index": 0}
broker.merge_items([{**row, "name": f"file-{number:06}.jpg"} for number in range(rows)])
"""
"""Rows for a container of an OpenStack Swift, by its own code; as many objects would take minutes."""


def rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    with _sides(folder / "swift") as (sides, kind):
        found = [
            *_small(sides, rounds, seconds),
            *_listing(sides, rounds, seconds),
            *_large(sides, rounds),
            _uploads(sides, rounds),
        ]
    return [replace(row, note=f"both on {kind}; {row.note}") for row in found]


@contextmanager
def _sides(place: Path) -> Iterator[tuple[Mapping[str, Side], str]]:
    """Ours and theirs, each with the container `bench`, and with `many`, which lists `ROWS` names; and their medium.

    Theirs lies in memory where that is possible, and ours beside it: on one medium an fsync costs both the same.
    """
    place.mkdir(parents=True)
    with ExitStack() as stack:
        cluster = stack.enter_context(shared(place / "openstack.json", os.getpid()))
        beside = tempfile.TemporaryDirectory(prefix="portico-bench-", dir=cluster.folder.parent)
        ours = stack.enter_context(peers.portico(Path(stack.enter_context(beside))))
        sides = {
            "Portico": Side.of(ours.server, ours.swift),
            "OpenStack": openstack(cluster, cluster.account(secrets.token_hex(8))),
        }
        for side in sides.values():
            side.once([side.request("PUT", "/bench"), side.request("PUT", "/many")], concurrency=1)
        progress(f"{ROWS:,} names on each side")
        _fill(sides["Portico"], cluster)
        yield sides, medium(cluster.folder)


def _fill(ours: Side, cluster: Cluster) -> None:
    names = [f"/many/file-{number:06}.jpg" for number in range(ROWS)]
    ours.once([ours.request("PUT", name) for name in names], concurrency=50)
    subprocess.run([str(PYTHON), "-c", FILL, str(cluster.folder), "many", str(ROWS)], check=True)


def _small(sides: Mapping[str, Side], rounds: int, seconds: float) -> Iterator[Row]:
    names = [f"/bench/{number:04}" for number in range(KEYS)]
    body = os.urandom(SMALL)
    for method, payload in (("PUT", body), ("GET", b"")):
        requests = {who: [side.request(method, name, payload) for name in names] for who, side in sides.items()}
        if method == "PUT":
            for who, side in sides.items():
                side.once(requests[who], concurrency=CONCURRENCY)
        yield _compare(f"{method} 4 KiB", sides, requests, rounds, seconds, 20.0)


def _listing(sides: Mapping[str, Side], rounds: int, seconds: float) -> Iterator[Row]:
    middle = f"/many?format=json&limit={PAGE}&marker=file-{ROWS // 2:06}.jpg"
    requests = {who: [side.request("GET", middle)] for who, side in sides.items()}
    yield _compare(f"listing of {PAGE:,} of {ROWS:,} (JSON)", sides, requests, rounds, seconds, 10.0)


def _compare(
    what: str,
    sides: Mapping[str, Side],
    requests: Mapping[str, Sequence[bytes]],
    rounds: int,
    seconds: float,
    aim: float,
) -> Row:
    found: dict[str, list[Rate]] = {who: [] for who in sides}
    for turn in range(rounds):
        for who, side in sides.items():
            progress(f"{what}, {who}, round {turn + 1} of {rounds}")
            found[who].append(side.drive(requests[who], concurrency=CONCURRENCY, seconds=seconds))
    mine, theirs = (median(rate.cpu_us for rate in many) for many in found.values())
    return Row(
        f"Swift {what} c={CONCURRENCY}, requests of a second of server CPU, of OpenStack's",
        f"{1e6 / mine:,.0f} ({mine:,.0f} us)",
        f"{1e6 / theirs:,.0f} ({theirs:,.0f} us)",
        theirs / mine,
        aim,
        note=", ".join(f"{who} {median(rate.per_second for rate in many):,.0f}/s" for who, many in found.items()),
    )


def _large(sides: Mapping[str, Side], rounds: int) -> Iterator[Row]:
    for method, act in (("PUT", Side.put), ("GET", Side.get)):
        found = _rounds(f"{method} 64 MiB", sides, rounds, partial(act, target="/bench/large", size=LARGE))
        yield _beside(f"Swift {method} 64 MiB, of OpenStack's", found, aim=3.0, hashed=method == "PUT")


def _uploads(sides: Mapping[str, Side], rounds: int) -> Row:
    """Several uploads at once: each is hashed by a core of its own, as long as there are cores."""

    def upload(side: Side) -> Throughput:
        watch = Stopwatch(side.server, UPLOADS * LARGE)
        with ThreadPoolExecutor(UPLOADS) as pool:
            list(pool.map(lambda number: side.put(f"/bench/large-{number}", LARGE), range(UPLOADS)))
        return watch.stop()

    what = f"PUT {UPLOADS} x 64 MiB at once"
    return _beside(f"Swift {what}, of OpenStack's", _rounds(what, sides, rounds, upload))


def _rounds(
    what: str, sides: Mapping[str, Side], rounds: int, act: Callable[[Side], Throughput]
) -> Sequence[Sequence[Throughput]]:
    found: dict[str, list[Throughput]] = {who: [] for who in sides}
    for turn in range(rounds):
        for who, side in sides.items():
            progress(f"{what}, {who}, round {turn + 1} of {rounds}")
            found[who].append(act(side))
    return [*found.values()]


def _beside(what: str, found: Sequence[Sequence[Throughput]], *, aim: float | None = None, hashed: bool = False) -> Row:
    """`hashed`: both servers take the MD5 of one stream, which is no faster than a core is."""
    mine, theirs = (median(one.mb_per_second for one in many) for many in found)
    cpu = [median(one.cpu_per_gib for one in many) for many in found]
    note = f"server CPU {cpu[0]:.2f} and {cpu[1]:.2f} s/GiB: {cpu[1] / cpu[0]:.1f} times"
    if hashed:
        md5 = md5_speed()
        note = f"{note}; one core's MD5 {md5:,.0f} MB/s: no more than {md5 / theirs:.1f} times can be reached"
    return Row(what, f"{mine:,.0f} MB/s", f"{theirs:,.0f} MB/s", mine / theirs, aim, note=note)
