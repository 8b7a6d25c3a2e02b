"""kill -9 of a gateway before a real Swift, in each phase of an upload in segments."""

import asyncio
import ftplib
import json
import secrets
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.portico import ANY_PORT, Server, serving
from tests.e2e.raw import ftp, s3
from tests.support.faultproxy import Fault, FaultProxy, proxied
from tests.support.openstack.cluster import Cluster
from tests.support.waiting import eventually, until

MIB = 1024 * 1024
OLD = secrets.token_bytes(12 * MIB)
NEW = secrets.token_bytes(13 * MIB)
SEGMENTS = 3
PHASES = {
    "segment": (r"^PUT \S*_segments/\S*/0+2 ", OLD),
    "manifest": (r"^PUT \S*multipart-manifest=put", OLD),
    "freeing": (r"^(DELETE \S*_segments/|POST \S*bulk-delete)", NEW),
}
"""What is held back when the process is killed, and whose bytes stand then."""


class Site:
    """An account of a Swift behind a proxy, and gateways before that."""

    def __init__(self, folder: Path, cluster: Cluster, proxy: FaultProxy) -> None:
        self.url = cluster.account(secrets.token_hex(8))
        self._folder = folder
        self._store = {
            "type": "swift",
            "auth_url": cluster.auth,
            "user": cluster.user,
            "key": cluster.key,
            "storage_url": self.url.replace(cluster.origin, proxy.url),
            "segment_size": "5MiB",
        }

    def serving(self, **settings: object) -> AbstractContextManager[Server]:
        config, stores = self._folder / "portico.yaml", {"main": {**self._store, **settings}}
        config.write_text(json.dumps({"stores": stores, "namespaces": {"default": {"store": "main"}}}))
        return serving(self._folder / "data", (*ANY_PORT, "--config", str(config)))


def upload(server: Server, body: bytes) -> None:
    with ftp(server) as client:
        client.storbinary("STOR box/file", BytesIO(body), MIB)


async def segments(site: Site, cluster: Cluster) -> int:
    login = {"X-Auth-User": cluster.user, "X-Auth-Key": cluster.key}
    async with aiohttp.ClientSession() as session:
        async with session.get(cluster.auth, headers=login) as answer:
            token = {"X-Auth-Token": answer.headers["X-Auth-Token"]}
        async with session.get(f"{site.url}/box_segments", headers=token) as answer:
            return len((await answer.text()).split())


@pytest.mark.parametrize("phase", PHASES)
async def test_f24_a_gateway_is_killed_while_it_uploads(tmp_path: Path, cluster: Cluster, phase: str) -> None:
    when, stands = PHASES[phase]
    async with proxied(cluster.origin) as proxy:
        site = Site(tmp_path, cluster, proxy)
        with site.serving() as server:
            assert (await asyncio.to_thread(s3(server).request, "PUT", "box"))[0] == 200
            await asyncio.to_thread(upload, server, OLD)
            held = Fault(when=when, delay=600)
            proxy.faults = [held]
            transfer = asyncio.create_task(asyncio.to_thread(upload, server, NEW))
            await until(lambda: held.seen > 0)
            await asyncio.to_thread(server.kill)
            if phase != "freeing":  # that comes behind the acknowledgement
                with pytest.raises((EOFError, OSError, *ftplib.all_errors)):
                    await transfer
            await asyncio.gather(transfer, return_exceptions=True)
        proxy.faults = []
        with site.serving(segment_grace=2) as again:
            door = s3(again)
            assert await asyncio.to_thread(door.request, "GET", "box/file") == (200, stands)
            await eventually(lambda: _swept(site, cluster, SEGMENTS))
            assert await asyncio.to_thread(door.request, "GET", "box/file") == (200, stands)
            assert (await asyncio.to_thread(door.request, "DELETE", "box/file"))[0] == 204
            await eventually(lambda: _swept(site, cluster, 0))


async def _swept(site: Site, cluster: Cluster, left: int) -> bool:
    return await segments(site, cluster) == left
