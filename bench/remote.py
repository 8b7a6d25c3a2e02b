"""Through the gateway to an OpenStack Swift on the same machine, beside the same requests to Swift itself."""

import http.client
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import transfer
from bench.load import Rate, drive
from bench.process import Server, free_port, running
from bench.requests import SECRET, USER, plain, plain_head
from bench.table import Row, progress
from bench.transfer import Throughput
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


@dataclass(frozen=True)
class Side:
    """A Swift: its port, the path of the account there, and a token. `server` is the gateway, whose CPU is told."""

    server: Server
    port: int
    path: str
    token: dict[str, str]

    def request(self, method: str, target: str = "", body: bytes = b"") -> bytes:
        return plain(method, self.port, f"{self.path}{target}", body, self.token)

    def put(self, target: str, size: int) -> Throughput:
        head = plain_head("PUT", self.port, f"{self.path}{target}", size, self.token)
        return transfer.put(self.server, self.port, head, size)

    def get(self, target: str, size: int) -> Throughput:
        return transfer.get(self.server, self.port, self.request("GET", target), size)


def rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    place = folder / "remote"
    place.mkdir(parents=True)
    with shared(place / "openstack.json", os.getpid()) as cluster:
        account = cluster.account(secrets.token_hex(8))
        with _gateway(place, cluster, account) as ours:
            theirs = _direct(cluster, account, ours.server)
            drive(ours.server, ours.port, [ours.request("PUT", "/bench")], concurrency=1, seconds=0)
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
        yield Side(server, port, "/v1/AUTH_bench", _token(port, f"bench:{USER}", SECRET))


def _direct(cluster: Cluster, account: str, gateway: Server) -> Side:
    place = urlsplit(account)
    port = place.port or 80
    return Side(gateway, port, place.path, _token(port, cluster.user, cluster.key))


def _token(port: int, user: str, key: str) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/auth/v1.0", headers={"X-Auth-User": user, "X-Auth-Key": key})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return {"X-Auth-Token": answer.headers["X-Auth-Token"]}


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
    _once(theirs, [theirs.request("PUT", name, body) for name in names])
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
                _once(side, requests, bodies=method != "HEAD")
                rate = drive(
                    ours.server,
                    side.port,
                    requests,
                    concurrency=CONCURRENCY,
                    seconds=seconds,
                    bodies=method != "HEAD",
                )
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


def _once(side: Side, requests: Sequence[bytes], *, bodies: bool = True) -> None:
    """Send each request once: writes that have to be there, reads that caches have to know."""
    for first in range(0, len(requests), CONCURRENCY):
        some = requests[first : first + CONCURRENCY]
        drive(side.server, side.port, some, concurrency=len(some), seconds=0, bodies=bodies)
