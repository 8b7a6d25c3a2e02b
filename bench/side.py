"""Accounts of Swift servers that are measured: ours, or an OpenStack Swift's."""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from bench import transfer
from bench.exchange import once
from bench.load import Rate, drive
from bench.process import Server
from bench.requests import SECRET, USER, plain, plain_head
from bench.transfer import Throughput
from tests.support.openstack.cluster import Cluster


@dataclass(frozen=True)
class Side:
    """An account: the server that it lies on, whose CPU is told, the port, the account's path there, and a token."""

    server: Server
    port: int
    path: str
    token: dict[str, str]

    @classmethod
    def of(cls, server: Server, port: int) -> Self:
        """The account `bench` of ours."""
        return cls(server, port, "/v1/AUTH_bench", token_of(port, f"bench:{USER}", SECRET))

    def request(self, method: str, target: str = "", body: bytes = b"") -> bytes:
        return plain(method, self.port, f"{self.path}{target}", body, self.token)

    def put(self, target: str, size: int) -> Throughput:
        head = plain_head("PUT", self.port, f"{self.path}{target}", size, self.token)
        return transfer.put(self.server, self.port, head, size)

    def get(self, target: str, size: int) -> Throughput:
        return transfer.get(self.server, self.port, self.request("GET", target), size)

    def drive(self, requests: Sequence[bytes], *, concurrency: int, seconds: float, bodies: bool = True) -> Rate:
        return drive(self.server, self.port, requests, concurrency=concurrency, seconds=seconds, bodies=bodies)

    def once(self, requests: Sequence[bytes], *, concurrency: int, bodies: bool = True) -> None:
        """As `exchange.once`."""
        once(self.server, self.port, requests, concurrency=concurrency, bodies=bodies)


def openstack(cluster: Cluster, account: str) -> Side:
    """An account of an OpenStack Swift, by its storage URL."""
    place = urlsplit(account)
    port = place.port or 80
    return Side(Server(cluster.pid), port, place.path, token_of(port, cluster.user, cluster.key))


def token_of(port: int, user: str, key: str) -> dict[str, str]:
    """The header that carries a new token."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/auth/v1.0", headers={"X-Auth-User": user, "X-Auth-Key": key})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return {"X-Auth-Token": answer.headers["X-Auth-Token"]}
