"""The FTP servers that are measured, each with its own start."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers import CLIENTS
from bench.process import Server, free_port, running
from bench.requests import SECRET, USER

_PORTICO = """\
stores:
  main: {{type: catalog, path: {folder}/data}}
namespaces:
  default: {{store: main}}
accounts:
  - name: bench
    users:
      - {{name: {user}, secret: {secret}, role: admin}}
frontends:
  s3: null
  swift: null
  ftp:
    host: 127.0.0.1
    port: 0
    passive_ports: null
    max_connections: 10000
    max_connections_per_ip: 10000
    tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}
  admin: {{host: 127.0.0.1, port: {admin}}}
"""

_PASSIVE = range(10_000, 30_000)
"""Ports where vsftpd waits for data connections. It gives up after a few that are taken, and those that clients connect
from are taken for a minute after each connection."""

_VSFTPD = """\
background=NO
listen=YES
listen_address=127.0.0.1
listen_port={port}
seccomp_sandbox=NO
secure_chroot_dir={folder}/empty
xferlog_enable=NO
pasv_min_port={first}
pasv_max_port={last}
anonymous_enable=YES
local_enable=NO
ftp_username=ftp
anon_root={folder}/files
anon_world_readable_only=NO
anon_upload_enable=YES
anon_other_write_enable=YES
write_enable=YES
ssl_enable=YES
allow_anon_ssl=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file={folder}/certificate.pem
rsa_private_key_file={folder}/key.pem
"""


@dataclass(frozen=True)
class Door:
    """Where a server is, and who may write there below `root`."""

    server: Server
    port: int
    user: str
    secret: str
    root: str = "/"
    listing: str = "MLSD"
    """The command for a listing that machines read."""


@contextmanager
def portico(folder: Path) -> Iterator[Door]:
    """Ours, on an embedded store, with every upload hashed and on the disk before it is acknowledged."""
    _certify(folder)
    (folder / "data").mkdir()
    admin = free_port()
    config = folder / "portico.yaml"
    config.write_text(_PORTICO.format(folder=folder, user=USER, secret=SECRET, admin=admin))
    command = [sys.executable, "-m", "gateway", "serve", "--config", str(config), "--data", str(folder / "data")]
    with running(command, admin) as server:
        run = folder / "data" / "run.json"
        while not run.exists():  # it is written when all ports are open
            time.sleep(0.02)
        yield Door(server, json.loads(run.read_text())["ports"]["ftp"], USER, SECRET, "/bench/")


@contextmanager
def vsftpd(folder: Path) -> Iterator[Door]:
    """vsftpd, which must be started by root; its users are anonymous, so that no PAM is asked."""
    _certify(folder)
    (folder / "empty").mkdir()
    (folder / "files" / "bench").mkdir(parents=True)
    (folder / "files" / "bench").chmod(0o777)
    (folder / "files").chmod(0o555)  # it refuses a root that can be written
    for above in (folder, folder.parent):
        above.chmod(0o755)
    port = free_port()
    config = folder / "vsftpd.conf"
    config.write_text(_VSFTPD.format(folder=folder, port=port, first=_PASSIVE[0], last=_PASSIVE[-1]))
    config.chmod(0o600)
    with running(["/usr/sbin/vsftpd", str(config)], port) as server:
        yield Door(server, port, "anonymous", "bench", "/bench/", "LIST")


@contextmanager
def pyftpdlib(folder: Path) -> Iterator[Door]:
    """pyftpdlib's own command."""
    port = free_port()
    command = [str(CLIENTS / "python"), "-W", "ignore", "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", str(port)]
    with running([*command, "-w", "-d", str(folder), "-u", USER, "-P", SECRET], port) as server:
        yield Door(server, port, USER, SECRET)


@contextmanager
def rclone(folder: Path) -> Iterator[Door]:
    """`rclone serve ftp` on a local folder."""
    port = free_port()
    command = [str(CLIENTS / "rclone"), "serve", "ftp", "--addr", f"127.0.0.1:{port}"]
    with running([*command, "--user", USER, "--pass", SECRET, str(folder)], port) as server:
        yield Door(server, port, USER, SECRET)


@contextmanager
def aioftp(folder: Path) -> Iterator[Door]:
    """aioftp as it comes, which is what our own server is built on."""
    port = free_port()
    with running([sys.executable, "-m", "bench.plainaioftp", str(port), str(folder)], port) as server:
        yield Door(server, port, USER, SECRET)


SERVERS: Mapping[str, Callable[[Path], AbstractContextManager[Door]]] = {
    "Portico": portico,
    "vsftpd": vsftpd,
    "pyftpdlib": pyftpdlib,
    "rclone": rclone,
    "aioftp": aioftp,
}


def _certify(folder: Path) -> None:
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    form = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run(["openssl", "req", *form, "-keyout", key, "-out", certificate], check=True, capture_output=True)
