"""FTP across networks: a server with a private address behind a gateway, and clients in other network namespaces."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.namespaces import INSIDE, OUTSIDE, PRIVATE, PUBLIC, Machine, Site, site

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root; CI has it")

ROOT = Path(__file__).parents[2]
SECONDS = 60
PORT, PASSIVE = 2121, (30000, 30001)
USER = "tester:testing-secret"

CONFIG = """\
stores: {{main: {{type: memory}}}}
accounts: [{{name: test, users: [{{name: tester, secret: testing-secret, role: admin}}]}}]
frontends:
  s3: null
  swift: null
  admin: null
  ftp: {{host: 0.0.0.0, port: {port}, passive_ports: 30000-30001, {more}}}
"""


@contextmanager
def process(machine: Machine, *words: str, err: Path) -> Iterator[subprocess.Popen[str]]:
    with err.open("w") as stderr:
        command = machine.command(sys.executable, *words)
        started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=ROOT)
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@contextmanager
def serving(where: Machine, tmp_path: Path, more: str) -> Iterator[Path]:
    """A server on a machine; yields its log."""
    config, data, log = tmp_path / "portico.yaml", tmp_path / "data", tmp_path / "log"
    config.write_text(CONFIG.format(port=PORT, more=more))
    with process(where, "-m", "gateway", "serve", "--config", str(config), "--data", str(data), err=log) as started:
        deadline = time.monotonic() + SECONDS
        while not (data / "run.json").exists():
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield log


@contextmanager
def relaying(router: Machine, mode: str, tmp_path: Path) -> Iterator[None]:
    """What a service of Kubernetes does with its ports, and NAT with those that are forwarded."""
    words = ("-m", "tests.support.relay", PUBLIC, PRIVATE, mode, *map(str, (PORT, *PASSIVE)))
    with process(router, *words, err=tmp_path / "relay") as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield


def curl(client: Machine, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = client.command("curl", "--silent", "--show-error", "--max-time", "20", "--user", USER, *words)
    return subprocess.run(command, capture_output=True, check=False, timeout=SECONDS)


def round_trip(client: Machine, host: str, tmp_path: Path, *words: str) -> None:
    """A bucket, and a file that goes into it and comes back."""
    body, url = os.urandom(300_000), f"ftp://{host}:{PORT}"
    (tmp_path / "body").write_bytes(body)
    put = curl(client, *words, "--ftp-create-dirs", "--upload-file", str(tmp_path / "body"), f"{url}/c/f")
    assert put.returncode == 0, put.stderr
    got = curl(client, *words, f"{url}/c/f")
    assert (got.returncode, got.stdout == body) == (0, True), got.stderr


def clients_of(log: Path) -> set[str]:
    """Addresses that access lines tell."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return {line["client"] for line in lines if line.get("event") == "access"}


@pytest.fixture(scope="module")
def network() -> Iterator[Site]:
    with site() as made:
        yield made


def test_f42_passive_transfers_go_through_a_gateway_whose_address_is_told(network: Site, tmp_path: Path) -> None:
    with (
        serving(network.server, tmp_path, f"masquerade_address: {PUBLIC}"),
        relaying(network.router, "plain", tmp_path),
    ):
        round_trip(network.client, PUBLIC, tmp_path, "--disable-epsv", "--no-ftp-skip-pasv-ip")
        round_trip(network.client, PUBLIC, tmp_path)


def test_without_a_masquerade_address_clients_outside_are_told_one_that_they_cannot_reach(
    network: Site, tmp_path: Path
) -> None:
    with serving(network.server, tmp_path, ""), relaying(network.router, "plain", tmp_path):
        listed = curl(
            network.client,
            "--disable-epsv",
            "--no-ftp-skip-pasv-ip",
            "--connect-timeout",
            "2",
            f"ftp://{PUBLIC}:{PORT}/",
        )
        assert listed.returncode != 0
        assert curl(network.client, f"ftp://{PUBLIC}:{PORT}/").returncode == 0


def test_clients_inside_are_told_the_address_inside(network: Site, tmp_path: Path) -> None:
    more = f"masquerade_address: {PUBLIC}, masquerade_networks: {{{INSIDE}/32: local}}"
    with serving(network.server, tmp_path, more):
        round_trip(network.router, PRIVATE, tmp_path, "--disable-epsv", "--no-ftp-skip-pasv-ip")


def test_a_load_balancer_tells_who_the_client_is_and_brings_its_data(network: Site, tmp_path: Path) -> None:
    trusted = f"masquerade_address: {PUBLIC}, proxy_networks: [{INSIDE}/32]"
    with (
        serving(network.server, tmp_path, f"{trusted}, data_networks: [{INSIDE}/32]") as log,
        relaying(network.router, "v1", tmp_path),
    ):
        round_trip(network.client, PUBLIC, tmp_path, "--disable-epsv", "--no-ftp-skip-pasv-ip")
        deadline = time.monotonic() + SECONDS
        while clients_of(log) != {OUTSIDE}:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def test_data_that_a_load_balancer_brings_is_refused_where_that_is_not_allowed(network: Site, tmp_path: Path) -> None:
    trusted = f"masquerade_address: {PUBLIC}, proxy_networks: [{INSIDE}/32], data_timeout: 1"
    with serving(network.server, tmp_path, trusted), relaying(network.router, "v1", tmp_path):
        assert curl(network.client, f"ftp://{PUBLIC}:{PORT}/").returncode != 0


def test_active_transfers_reach_a_client_in_the_same_network(network: Site, tmp_path: Path) -> None:
    with serving(network.server, tmp_path, ""):
        round_trip(network.router, PRIVATE, tmp_path, "--ftp-port", INSIDE)
