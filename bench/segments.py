"""Uploads of unknown length to a remote S3 that is 20 ms away: segments side by side, and the memory they take."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import peers, transfer
from bench.load import drive
from bench.process import Server, free_port, running
from bench.requests import SECRET, USER, signed
from bench.table import Row, progress

ROUND_TRIP = 20
"""Milliseconds."""
SIZE = 256 << 20
PARALLELISM = 4
SPEED_SEGMENT = 8 << 20
MEMORY_SEGMENT = 64 << 20
BESIDE = 100_000_000
"""Bytes of resident memory that the process may take beside its segments."""

CONFIG = """\
stores:
  main:
    type: s3
    endpoint_url: "http://127.0.0.1:{port}"
    access_key: {user}
    secret_key: {secret}
    segment_size: {segment}
    segment_parallelism: {parallelism}
accounts:
  - {{name: bench, users: [{{name: {user}, secret: {secret}, role: admin}}]}}
frontends:
  s3: null
  swift: null
  ftp: {{host: 127.0.0.1, port: 0, passive_ports: null}}
  admin: {{host: 127.0.0.1, port: {admin}}}
"""


@dataclass(frozen=True)
class Cut:
    """How a gateway cuts its uploads. Sizes in bytes."""

    segment: int
    parallelism: int


def rows(folder: Path, *, rounds: int, upload: int) -> list[Row]:
    """`upload`: bytes of the upload whose memory is measured."""
    with peers.portico(folder / "segments") as remote, _link(remote.s3) as link:
        drive(remote.server, remote.s3, [signed("PUT", remote.s3, "/bench")], concurrency=1, seconds=0)
        place = folder / "segments"
        return [_speed(place, link, rounds), _memory(place, link, upload)]


def _speed(place: Path, link: int, rounds: int) -> Row:
    speeds: dict[int, float] = {}
    for parallelism in (1, PARALLELISM):
        with _gateway(place / str(parallelism), link, Cut(SPEED_SEGMENT, parallelism)) as (server, ftp):
            found = []
            for turn in range(rounds):
                progress(f"STOR {SIZE >> 20} MiB, {parallelism} segments at once, round {turn + 1} of {rounds}")
                found.append(transfer.ftp_put(server, ftp, "/bench/file", SIZE).mb_per_second)
        speeds[parallelism] = median(found)
    one, many = speeds[1], speeds[PARALLELISM]
    what = f"FTP upload of unknown length, {PARALLELISM} segments at once, of one, {ROUND_TRIP} ms away"
    return Row(what, f"{many:,.0f} MB/s", f"{one:,.0f} MB/s", many / one, 1.5)


def _memory(place: Path, link: int, size: int) -> Row:
    cut = Cut(MEMORY_SEGMENT, PARALLELISM)
    with _gateway(place / "memory", link, cut) as (server, ftp):
        server.reset_peak()
        progress(f"STOR {size >> 20} MiB in segments of {cut.segment >> 20} MiB")
        transfer.ftp_put(server, ftp, "/bench/large", size)
        peak = server.peak_memory()
    limit = cut.parallelism * cut.segment + BESIDE
    what = f"peak resident memory, FTP upload of {size >> 20} MiB, of {PARALLELISM} segments and 100 MB"
    return Row(what, f"{peak / 1e6:.0f} MB", f"{limit / 1e6:.0f} MB", peak / limit, 1.0, at_most=True)


@contextmanager
def _link(target: int) -> Iterator[int]:
    port = free_port()
    with running([sys.executable, "-m", "bench.latency", str(port), str(target), str(ROUND_TRIP)], port):
        yield port


@contextmanager
def _gateway(place: Path, link: int, cut: Cut) -> Iterator[tuple[Server, int]]:
    """A gateway over the remote, and its FTP port."""
    place.mkdir(parents=True)
    config, data, admin = place / "portico.yaml", place / "data", free_port()
    sizes = {"segment": cut.segment, "parallelism": cut.parallelism}
    config.write_text(CONFIG.format(port=link, user=USER, secret=SECRET, admin=admin, **sizes))
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--data", str(data)]
    with running(command, admin) as server:
        run = data / "run.json"
        while not run.exists():  # it is written when all ports are open
            time.sleep(0.02)
        yield server, json.loads(run.read_text())["ports"]["ftp"]
