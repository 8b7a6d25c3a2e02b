"""4 KiB objects over S3 at concurrency 32: signatures verified, writes durable."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench import peers
from bench.load import Rate, drive
from bench.process import Server
from bench.requests import plain, signed
from bench.table import Row, progress

SIZE = 4096
KEYS = 1000
AT_ONCE = 100
CONCURRENCY = 32


def rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    with ExitStack() as stack:
        ours = stack.enter_context(peers.portico(folder / "small"))
        bare, bare_port = stack.enter_context(peers.bare())
        rclone, rclone_port = stack.enter_context(peers.rclone(folder / "small"))
        body = os.urandom(SIZE)
        for server, port in ((ours.server, ours.s3), (rclone, rclone_port)):
            drive(server, port, [signed("PUT", port, "/bench")], concurrency=1, seconds=0)
        targets: dict[str, tuple[Server, int]] = {
            "portico": (ours.server, ours.s3),
            "bare": (bare, bare_port),
            "rclone": (rclone, rclone_port),
        }
        found: list[Row] = []
        for method, aim in (("PUT", 0.2), ("GET", 0.45)):
            requests = {name: _requests(method, name, port, body) for name, (_, port) in targets.items()}
            rates: dict[str, list[Rate]] = {name: [] for name in targets}
            if method == "PUT":
                _write_each_once(targets, requests)
            for turn in range(rounds):
                for name, (server, port) in targets.items():
                    progress(f"4 KiB {method}, {name}, round {turn + 1} of {rounds}")
                    rate = drive(server, port, requests[name], concurrency=CONCURRENCY, seconds=seconds)
                    rates[name].append(rate)
            found += _compare(method, {name: _median(many) for name, many in rates.items()}, aim)
        return found


def _write_each_once(targets: dict[str, tuple[Server, int]], requests: dict[str, list[bytes]]) -> None:
    """So that every object is there to be read; racing writers of one new key get a 500 of rclone."""
    for name, (server, port) in targets.items():
        for first in range(0, KEYS, AT_ONCE):
            drive(server, port, requests[name][first : first + AT_ONCE], concurrency=AT_ONCE, seconds=0)


def _requests(method: str, name: str, port: int, body: bytes) -> list[bytes]:
    payload = body if method == "PUT" else b""
    targets = [f"/bench/{number:04}" for number in range(KEYS)]
    if name == "bare":
        return [plain(method, port, target, payload) for target in targets]
    return [signed(method, port, target, payload) for target in targets]


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(median(rate.per_second for rate in rates), median(rate.cpu_us for rate in rates))


def _compare(method: str, rates: dict[str, Rate], aim: float) -> list[Row]:
    ours, bare, rclone = rates["portico"], rates["bare"], rates["rclone"]
    return [
        Row(
            f"S3 {method} 4 KiB, c={CONCURRENCY}, of bare aiohttp",
            _show(ours),
            _show(bare),
            ours.per_second / bare.per_second,
            aim,
        ),
        Row(
            f"S3 {method} 4 KiB, c={CONCURRENCY}, of rclone serve s3, per CPU second",
            _show(ours),
            _show(rclone),
            rclone.cpu_us / ours.cpu_us,
            1.0,
        ),
    ]


def _show(rate: Rate) -> str:
    return f"{rate.per_second:,.0f}/s ({rate.cpu_us:.0f} us)"
