"""1 GiB over S3, Swift and FTP: downloads beside nginx, uploads beside one core's MD5; memory of many uploads."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import peers, transfer
from bench.load import drive
from bench.process import Server
from bench.requests import SECRET, USER, plain, plain_head, signed, signed_head
from bench.side import token_of
from bench.table import Row, progress
from bench.transfer import BLOCK, Throughput

GIB = 1 << 30
UPLOADS = 32
UPLOAD_SIZE = 256 << 20
MEMORY_LIMIT = 200_000_000


def rows(folder: Path, *, rounds: int) -> list[Row]:
    place = folder / "large"
    place.mkdir(parents=True)
    with ExitStack() as stack:
        ours = stack.enter_context(peers.portico(place))
        nginx, nginx_port = stack.enter_context(peers.nginx(place))
        token = token_of(ours.swift, f"bench:{USER}", SECRET)
        drive(ours.server, ours.s3, [signed("PUT", ours.s3, "/bench")], concurrency=1, seconds=0)
        found = _puts(ours, token, rounds)
        with (place / "file").open("wb") as file:
            for _ in range(GIB // BLOCK):
                file.write(bytes(range(256)) * (BLOCK // 256))
        return found + _gets(ours, token, nginx, nginx_port, rounds)


def _puts(ours: peers.Portico, token: dict[str, str], rounds: int) -> list[Row]:
    server = ours.server
    ways: dict[str, Callable[[], Throughput]] = {
        "S3": lambda: transfer.put(server, ours.s3, signed_head("PUT", ours.s3, "/bench/file", GIB), GIB),
        "Swift": lambda: transfer.put(
            server, ours.swift, plain_head("PUT", ours.swift, "/v1/AUTH_bench/bench/file", GIB, token), GIB
        ),
        "FTP": lambda: transfer.ftp_put(server, ours.ftp, "/bench/file", GIB),
    }
    results: dict[str, list[Throughput]] = {name: [] for name in ways}
    speeds: list[float] = []
    for turn in range(rounds):
        speeds.append(md5_speed())
        for name, way in ways.items():
            progress(f"PUT 1 GiB, {name}, round {turn + 1} of {rounds}")
            results[name].append(way())
    md5 = median(speeds)
    return [
        Row(f"{name} PUT 1 GiB, of one core's MD5", _show(ours), f"{md5:,.0f} MB/s", ours.mb_per_second / md5, 0.7)
        for name, ours in ((name, _median(many)) for name, many in results.items())
    ]


def _gets(ours: peers.Portico, token: dict[str, str], nginx: Server, nginx_port: int, rounds: int) -> list[Row]:
    server = ours.server
    ways: dict[str, Callable[[], Throughput]] = {
        "nginx": lambda: transfer.get(nginx, nginx_port, plain("GET", nginx_port, "/file"), GIB),
        "S3": lambda: transfer.get(server, ours.s3, signed("GET", ours.s3, "/bench/file"), GIB),
        "Swift": lambda: transfer.get(
            server, ours.swift, plain("GET", ours.swift, "/v1/AUTH_bench/bench/file", headers=token), GIB
        ),
        "FTP": lambda: transfer.ftp_get(server, ours.ftp, "/bench/file", GIB),
    }
    results: dict[str, list[Throughput]] = {name: [] for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            progress(f"GET 1 GiB, {name}, round {turn + 1} of {rounds}")
            results[name].append(way())
    medians = {name: _median(many) for name, many in results.items()}
    yardstick = medians.pop("nginx")
    return [
        Row(
            f"{name} GET 1 GiB, of nginx",
            _show(ours),
            _show(yardstick),
            ours.mb_per_second / yardstick.mb_per_second,
            0.8,
        )
        for name, ours in medians.items()
    ]


def memory_rows(folder: Path) -> list[Row]:
    """Resident memory while many uploads run side by side."""
    with peers.portico(folder / "memory") as ours:
        drive(ours.server, ours.s3, [signed("PUT", ours.s3, "/bench")], concurrency=1, seconds=0)
        ours.server.reset_peak()
        progress(f"{UPLOADS} parallel uploads of {UPLOAD_SIZE >> 20} MiB")
        threads = [threading.Thread(target=_upload, args=(ours, number)) for number in range(UPLOADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        peak = ours.server.peak_memory()
        what = f"peak resident memory, {UPLOADS} x {UPLOAD_SIZE >> 20} MiB uploads"
        limit = f"{MEMORY_LIMIT / 1e6:.0f} MB"
        return [Row(what, f"{peak / 1e6:.0f} MB", limit, peak / MEMORY_LIMIT, 1.0, at_most=True)]


def _upload(ours: peers.Portico, number: int) -> None:
    head = signed_head("PUT", ours.s3, f"/bench/{number}", UPLOAD_SIZE)
    transfer.put(ours.server, ours.s3, head, UPLOAD_SIZE)


def md5_speed() -> float:
    """MB (10^6 bytes) a second of one core."""
    block = bytes(BLOCK)
    state = hashlib.md5(usedforsecurity=False)
    start = time.perf_counter()
    for _ in range(512):
        state.update(block)
    return 512 * BLOCK / (time.perf_counter() - start) / 1e6


def _median(many: Sequence[Throughput]) -> Throughput:
    return Throughput(median(one.mb_per_second for one in many), median(one.cpu_per_gib for one in many))


def _show(one: Throughput) -> str:
    return f"{one.mb_per_second:,.0f} MB/s ({one.cpu_per_gib:.2f} s/GiB)"
