"""Listings of a real Swift that lag: its container server was away while objects were written and deleted."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.core.buckets import BucketProps
from gateway.core.errors import Unavailable
from gateway.core.types import Key, ListQuery
from gateway.stores.swift import SwiftStore, SwiftStoreSettings
from tests.conformance.tools import BUCKET, NEW, OLD, OWNER, names, put, read
from tests.support.openstack.cluster import Cluster, shared
from tests.support.swift import QUICK
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Program:
    """A process that can be started again as it was."""

    pid: int
    command: list[str]
    environ: dict[str, str]


def container_server(folder: Path) -> Program:
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().decode().split("\0")[:-1]
            if str(folder / "container.conf") in command:
                pairs = (entry / "environ").read_bytes().decode().split("\0")[:-1]
                return Program(int(entry.name), command, dict(pair.split("=", 1) for pair in pairs))
        except (OSError, ValueError):
            continue
    raise AssertionError("there is no container server")


@dataclass(frozen=True)
class Lagging:
    """A cluster that is the test's own. `servers`: those of it that were started again."""

    cluster: Cluster
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The container server is gone for a while."""
        program = container_server(self.cluster.folder)
        os.kill(program.pid, signal.SIGKILL)
        while "State:\tZ" not in Path(f"/proc/{program.pid}/status").read_text():
            time.sleep(0.01)
        yield
        quiet = subprocess.DEVNULL
        again = subprocess.Popen(program.command, env=program.environ, stdin=quiet, stdout=quiet, stderr=quiet)
        self.servers.append(again)

    def catch_up(self) -> None:
        """Have the object server tell the container server what that one has missed."""
        server = container_server(self.cluster.folder)
        names = {"swift-container-server": "swift-object-updater", "container.conf": "object.conf"}
        command = [_replaced(part, names) for part in server.command]
        subprocess.run([*command, "once"], env=server.environ, check=True, timeout=60, capture_output=True)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


@pytest.fixture
def lagging(tmp_path: Path) -> Iterator[Lagging]:
    with shared(tmp_path / "openstack.json", os.getpid()) as cluster:
        found = Lagging(cluster)
        try:
            yield found
        finally:
            for server in found.servers:
                server.terminate()
                server.wait()


@asynccontextmanager
async def opened(cluster: Cluster) -> AsyncIterator[SwiftStore]:
    stated = {"auth_url": cluster.auth, "user": cluster.user, "key": cluster.key, **QUICK}
    store = SwiftStore(SwiftStoreSettings.model_validate({**stated, "storage_url": cluster.account("lag")}), OWNER)
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


async def test_own_writes_are_listed_before_swift_lists_them(lagging: Lagging) -> None:
    async with opened(lagging.cluster) as store, opened(lagging.cluster) as other:

        async def lists(*expected: str) -> bool:
            try:
                return await names(other) == list(expected)
            except Unavailable:  # the container server is still on its way
                return False

        await store.create_bucket(BUCKET, BucketProps(owner=OWNER))
        await put(store, "first", OLD)
        await other.stat_bucket(BUCKET)
        with lagging.away():
            written = await put(store, "second", NEW)
            await store.delete(Key(BUCKET, "first"))
        await eventually(lambda: lists("first"))
        assert (await store.list(BUCKET, ListQuery())).items == (written,)
        assert await read(other, "second") == NEW
        await asyncio.to_thread(lagging.catch_up)
        await eventually(lambda: lists("second"))
        assert await names(store) == ["second"]
