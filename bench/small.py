"""4 KiB objects over S3 at concurrency 32: signatures verified, writes durable."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from botocore.credentials import Credentials

from bench import peers
from bench.exchange import once
from bench.load import Rate, drive
from bench.process import Server
from bench.requests import plain, signed
from bench.table import Row, progress

SIZE = 4096
KEYS = 1000
CONCURRENCY = 32
S3API = Credentials("s3-1:user", "secret")

Prepare = Callable[..., bytes]
"""Makes a request of method, port, target and body."""


@dataclass(frozen=True)
class _Target:
    server: Server
    port: int
    prepare: Prepare = signed

    def requests(self, method: str, body: bytes) -> list[bytes]:
        return [self.prepare(method, self.port, f"/bench/{number:04}", body) for number in range(KEYS)]


def rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    place = folder / "small"
    place.mkdir(parents=True)
    with ExitStack() as stack:
        ours = stack.enter_context(peers.portico(place))
        targets = {
            "portico": _Target(ours.server, ours.s3),
            "bare": _Target(*stack.enter_context(peers.bare()), plain),
            "rclone": _Target(*stack.enter_context(peers.rclone(place))),
            "s3api": _Target(*stack.enter_context(peers.s3api(place)), partial(signed, who=S3API)),
        }
        body = os.urandom(SIZE)
        for target in targets.values():
            once(target.server, target.port, [target.prepare("PUT", target.port, "/bench", b"")])
        found: list[Row] = []
        for method, aim in (("PUT", 0.2), ("GET", 0.45)):
            requests = {name: one.requests(method, body if method == "PUT" else b"") for name, one in targets.items()}
            rates: dict[str, list[Rate]] = {name: [] for name in targets}
            if method == "PUT":
                for name, target in targets.items():
                    # Every object is there to be read; racing writers of one new key get a 500 of rclone.
                    once(target.server, target.port, requests[name])
            for turn in range(rounds):
                for name, target in targets.items():
                    progress(f"4 KiB {method}, {name}, round {turn + 1} of {rounds}")
                    rate = drive(target.server, target.port, requests[name], concurrency=CONCURRENCY, seconds=seconds)
                    rates[name].append(rate)
            found += _compare(method, {name: _median(many) for name, many in rates.items()}, aim)
        return found


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(median(rate.per_second for rate in rates), median(rate.cpu_us for rate in rates))


def _compare(method: str, rates: dict[str, Rate], aim: float) -> list[Row]:
    ours, bare = rates["portico"], rates["bare"]
    what = f"S3 {method} 4 KiB, c={CONCURRENCY}, of"
    aims = {"rclone": ("rclone serve s3", 1.5), "s3api": ("OpenStack Swift's s3api", 8.0)}
    return [
        Row(f"{what} bare aiohttp", _show(ours), _show(bare), ours.per_second / bare.per_second, aim),
        *(
            Row(
                f"{what} {said}, per CPU second",
                _show(ours),
                _show(rates[name]),
                rates[name].cpu_us / ours.cpu_us,
                least,
            )
            for name, (said, least) in aims.items()
        ),
    ]


def _show(rate: Rate) -> str:
    return f"{rate.per_second:,.0f}/s ({rate.cpu_us:.0f} us)"
