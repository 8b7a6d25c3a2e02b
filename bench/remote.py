"""Through the gateway to an OpenStack Swift on the same machine, beside the same requests to Swift itself."""

import json
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.load import Rate
from bench.process import free_port, running
from bench.requests import SECRET, USER
from bench.side import Side, openstack
from bench.table import Row, progress
from tests.support.openstack.cluster import Cluster, shared

LARGE = 64 << 20
SMALL = 4096
KEYS = 1000
HOT = 100
CONCURRENCY = 8

CONFIG = """\
stores:
  main: {{type: swift, auth_url: "{auth}", user: "{user}", key: "{key}", storage_url: "{url}"}}
accounts:
  - {{name: bench, users: [{{name: {name}, secret: {secret}, role: admin}}]}}
cache: {{memcached: ["127.0.0.1:{memcached}"], ttl: 3600}}
frontends:
  s3: null
  ftp: null
  swift: {{host: 127.0.0.1, port: 0}}
  admin: {{host: 127.0.0.1, port: {admin}}}
"""


def rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    place = folder / "remote"
    place.mkdir(parents=True)
    with shared(place / "openstack.json", os.getpid()) as cluster:
        account = cluster.account(secrets.token_hex(8))
        with _gateway(place, cluster, account) as ours:
            theirs = openstack(cluster, account)
            ours.once([ours.request("PUT", "/bench")], concurrency=1)
            return [*_large(ours, theirs, rounds), *_small(ours, theirs, rounds, seconds)]


@contextmanager
def _gateway(place: Path, cluster: Cluster, account: str) -> Iterator[Side]:
    memcached, admin = free_port(), free_port()
    config, data = place / "portico.yaml", place / "data"
    login = {"auth": cluster.auth, "user": cluster.user, "key": cluster.key, "url": account}
    config.write_text(CONFIG.format(**login, name=USER, secret=SECRET, memcached=memcached, admin=admin))
    cache = ["memcached", "-l", "127.0.0.1", "-p", str(memcached), "-U", "0", "-u", "nobody"]
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--data", str(data)]
    with running(cache, memcached), running(command, admin) as server:
        run = data / "run.json"
        while not run.exists():  # it is written when all ports are open
            time.sleep(0.02)
        port = json.loads(run.read_text())["ports"]["swift"]
        yield Side.of(server, port)


def _large(ours: Side, theirs: Side, rounds: int) -> Iterator[Row]:
    for method, act in (("PUT", Side.put), ("GET", Side.get)):
        speeds: dict[str, list[float]] = {"gateway": [], "Swift": []}
        for turn in range(rounds):
            for name, side in (("gateway", ours), ("Swift", theirs)):
                progress(f"{method} 64 MiB, {name}, round {turn + 1} of {rounds}")
                speeds[name].append(act(side, f"/bench/{name}", LARGE).mb_per_second)
        mine, direct = (median(many) for many in speeds.values())
        what = f"Swift {method} 64 MiB through the gateway, of direct access"
        yield Row(what, f"{mine:,.0f} MB/s", f"{direct:,.0f} MB/s", mine / direct, 0.8)


def _small(ours: Side, theirs: Side, rounds: int, seconds: float) -> Iterator[Row]:
    names = [f"/bench/small/{number:04}" for number in range(KEYS)]
    body = os.urandom(SMALL)
    progress(f"{KEYS} objects of 4 KiB")
    theirs.once([theirs.request("PUT", name, body) for name in names], concurrency=CONCURRENCY)
    listing = ["/bench?format=json&prefix=small/"]
    for what, method, targets, aim in (
        ("GET 4 KiB", "GET", names[:HOT], 0.6),
        ("HEAD, warm cache,", "HEAD", names[:HOT], 10.0),
        (f"listing of {KEYS} rows, warm cache,", "GET", listing, 10.0),
    ):
        rates: dict[str, list[Rate]] = {"gateway": [], "Swift": []}
        for turn in range(rounds):
            for name, side in (("gateway", ours), ("Swift", theirs)):
                progress(f"{what} {name}, round {turn + 1} of {rounds}")
                requests = [side.request(method, target) for target in targets]
                bodies = method != "HEAD"
                side.once(requests, concurrency=CONCURRENCY, bodies=bodies)
                rate = side.drive(requests, concurrency=CONCURRENCY, seconds=seconds, bodies=bodies)
                rates[name].append(rate)
        mine, direct = (median(rate.per_second for rate in many) for many in rates.values())
        cpu = median(rate.cpu_us for rate in rates["gateway"])
        yield Row(
            f"Swift {what} c={CONCURRENCY}, through the gateway, of direct access",
            f"{mine:,.0f}/s ({cpu:.0f} us)",
            f"{direct:,.0f}/s",
            mine / direct,
            aim,
        )
