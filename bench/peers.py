"""The servers that are measured, each with its own start."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.process import Server, free_port, running
from bench.requests import SECRET, USER
from tests.support.openstack.cluster import shared

CLIENTS = Path(".venv-clients/bin")

CONFIG = """\
stores:
  main: {{type: catalog, path: {path}}}
namespaces:
  default: {{store: main}}
accounts:
  - name: bench
    users:
      - {{name: {user}, secret: {secret}, role: admin}}
frontends:
  s3: {{host: 127.0.0.1, port: 0, min_part: {min_part}}}
  swift: {{host: 127.0.0.1, port: 0}}
  ftp: {{host: 127.0.0.1, port: 0, passive_ports: null}}
  admin: {{host: 127.0.0.1, port: {admin}}}
"""

NGINX = """\
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log /dev/null;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@dataclass(frozen=True)
class Portico:
    """Our own server with its ports."""

    server: Server
    s3: int
    swift: int
    ftp: int


@contextmanager
def portico(folder: Path, *, min_part: int = 5 << 20) -> Iterator[Portico]:
    """Portico on an embedded store below `folder`. `min_part`: bytes of the smallest part of S3's uploads."""
    admin = free_port()
    data = folder / "portico"
    data.mkdir(parents=True, exist_ok=True)
    config = folder / "portico.yaml"
    config.write_text(CONFIG.format(path=data, user=USER, secret=SECRET, admin=admin, min_part=min_part))
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--data", str(data)]
    with running(command, admin) as server:
        run = data / "run.json"
        while not run.exists():  # it is written when all ports are open
            time.sleep(0.02)
        ports = json.loads(run.read_text())["ports"]
        yield Portico(server, ports["s3"], ports["swift"], ports["ftp"])


@contextmanager
def bare() -> Iterator[tuple[Server, int]]:
    """aiohttp that answers fixed bytes."""
    port = free_port()
    with running([sys.executable, "-m", "bench.bare", str(port)], port) as server:
        yield server, port


@contextmanager
def rclone(folder: Path) -> Iterator[tuple[Server, int]]:
    """`rclone serve s3` on a local folder."""
    port = free_port()
    root = folder / "rclone"
    root.mkdir(parents=True, exist_ok=True)
    command = [str(CLIENTS / "rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{USER},{SECRET}"]
    with running([*command, str(root)], port) as server:
        yield server, port


@contextmanager
def s3api(folder: Path) -> Iterator[tuple[Server, int]]:
    """The S3 interface of an OpenStack Swift, whose CPU times are those of its four servers together."""
    with shared(folder / "openstack.json", os.getpid()) as cluster:
        yield Server(cluster.pid), urlsplit(cluster.origin).port or 80


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[Server, int]]:
    """nginx that sends the files of `folder`."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port))
    with running(["/usr/sbin/nginx", "-p", str(folder), "-c", str(config)], port) as server:
        yield server, port
