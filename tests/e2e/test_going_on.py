"""FTP uploads that broke and go on, where the tree lies on a remote store; kill -9 comes between, and amidst."""

import json
import os
import secrets
import time
from collections.abc import Mapping
from ftplib import FTP, error_perm
from pathlib import Path
from socket import socket

import pytest

from tests.e2e.portico import Server, serving, wait_until
from tests.support.openstack.cluster import Cluster
from tests.support.servers import Remote
from tests.support.waiting import PATIENCE

MIB = 1024 * 1024
DATA = os.urandom(MIB) * 17
SENT = 12 * MIB


@pytest.fixture(params=("swift", "s3api"))
def remote(request: pytest.FixtureRequest) -> Mapping[str, object]:
    if request.param == "swift":
        cluster: Cluster = request.getfixturevalue("cluster")
        login = {"auth_url": cluster.auth, "user": cluster.user, "key": cluster.key}
        return {"type": "swift", **login, "storage_url": cluster.account(secrets.token_hex(8))}
    s3: Remote = request.getfixturevalue("s3api")
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key}
    return {"type": "s3", "endpoint_url": s3.endpoint, **keys}


@pytest.fixture
def environ(remote: Mapping[str, object]) -> Mapping[str, str]:
    store = {"segment_size": "5MiB", "retries": 1, "owner": "admin", **remote}
    return {"PORTICO_STORES": json.dumps({"lake": store}), "PORTICO_NAMESPACES": "{default: {store: lake}}"}


def login(server: Server) -> FTP:
    known = server.credentials
    ftp = FTP(timeout=60)
    ftp.connect("127.0.0.1", server.ports["ftp"])
    ftp.login(known["user"], known["secret"])
    ftp.voidcmd("TYPE I")
    return ftp


def sending(ftp: FTP, data: bytes, rest: int | None = None) -> socket:
    """An upload whose data is sent, and not at its end."""
    connection = ftp.transfercmd("STOR box/file", rest)
    connection.sendall(data)
    return connection


def unread(connection: socket) -> int:
    """Bytes that the kernel holds for the gateway, at both ends (proc_net_tcp in the kernel's documentation)."""
    ends = {f"{port:04X}" for port in (connection.getsockname()[1], connection.getpeername()[1])}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    queues = [row[4].split(":") for row in rows if {row[1][-4:], row[2][-4:]} == ends]
    return sum(int(size, 16) for queue in queues for size in queue)


def size_of(ftp: FTP) -> int:
    """What the gateway says to have, once it knows."""
    ftp.voidcmd("TYPE I")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ftp.size("box/file") or 0
        except error_perm:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_f24_f25_an_upload_goes_on_after_kill_9(environ: Mapping[str, str], tmp_path: Path) -> None:
    with serving(tmp_path / "data", **environ) as server, login(server) as ftp:
        ftp.mkd("box")
        with sending(ftp, DATA[:SENT]) as connection:
            wait_until(lambda: unread(connection) < MIB)
            ftp.putcmd("ABOR")
            assert [ftp.getmultiline()[:3] for _ in range(2)] == ["426", "226"]
        with login(server) as other:
            first = size_of(other)
        server.kill()
    assert 5 * MIB <= first < SENT
    with serving(tmp_path / "data", **environ) as server, login(server) as ftp:
        assert ftp.nlst("box") == []
        assert size_of(ftp) == first
        with sending(ftp, DATA[first:], first):
            server.kill()
    with serving(tmp_path / "data", **environ) as server:
        with login(server) as ftp:
            assert ftp.nlst("box") == []
            assert size_of(ftp) == first
            sending(ftp, DATA[first:], first).close()
            ftp.voidresp()
            got = bytearray()
            ftp.retrbinary("RETR box/file", got.extend)
            assert got == DATA
        server.terminate()
        assert server.wait() == 0
