"""A whole OpenStack Swift on loopback ("Swift all in one"), without root, systemd or memcached.

Runs in .venv-swift:  saio.py DIRECTORY WATCHED-PID
It writes its configuration and data into the directory, which should lie on tmpfs (Swift needs large xattrs), starts
the four servers on free ports, and writes `ready.json` when they serve. It ends, and removes the directory, on SIGTERM
or when the watched process is gone.
"""

import array
import getpass
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from ports import reserved
from swift.common.ring import RingData

KINDS = ("account", "container", "object")
USER, KEY = "admin:admin", "admin"
TENANTS = 8000
"""So many users `s3-<n>:user` with the key `secret`, each with an account of its own: s3api knows no other accounts."""
POLICIES = ("Policy-0", "silver")
"""Names of the storage policies; the first is the default."""
START_SECONDS = 90.0
POLL_SECONDS = 0.1

# Swift's daemons read /etc/swift/swift.conf unless told otherwise before anything else is imported, and a proxy of one
# process can keep in a dict what it would keep in memcached.
RUNNER = '''
import ctypes, os, runpy, signal, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))

class Cache:
    """Stands in for memcached."""
    def __init__(self): self.kept = {}
    def get(self, key, *args, **options):
        value, until = self.kept.get(key, (None, 0))
        return None if until and until < time.time() else value
    def set(self, key, value, serialize=True, time=0, **options):
        self.kept[key] = value, time and NOW() + time
    def incr(self, key, delta=1, time=0):
        self.set(key, max(0, int(self.get(key) or 0) + int(delta)), time=time)
        return self.get(key)
    def decr(self, key, delta=1, time=0): return self.incr(key, -int(delta), time)
    def delete(self, key, server_key=None): self.kept.pop(key, None)
    def set_multi(self, mapping, server_key, serialize=True, time=0, **options):
        for key, value in mapping.items(): self.set(key, value, time=time)
    def get_multi(self, keys, server_key, **options): return [self.get(key) for key in keys]

NOW, CACHE = time.time, Cache()

def filter_factory(conf, **local):
    def cached(app):
        def call(environ, start_response):
            environ["swift.cache"] = CACHE
            return app(environ, start_response)
        return call
    return cached

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: no daemon outlives whoever started it
    import swift.common.utils
    swift.common.utils.SWIFT_CONF_FILE = os.path.join(HERE, "swift.conf")
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
'''

PIPELINE = (
    "catch_errors gatekeeper healthcheck proxy_logging cache listing_formats bulk s3api tempauth copy container_quotas "
    "account_quotas slo dlo versioned_writes symlink"
)


def write_configuration(folder: Path, ports: dict[str, int]) -> None:
    """The files of /etc/swift for one device without replicas."""
    (folder / "srv/d1").mkdir(parents=True)
    (folder / "cache").mkdir()
    (folder / "saio_runner.py").write_text(RUNNER)
    policies = (
        f"[storage-policy:{index}]\nname = {name}\ndefault = {not index}\n" for index, name in enumerate(POLICIES)
    )
    hashing = "[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n"
    (folder / "swift.conf").write_text(hashing + "".join(policies))
    # The defaults of the timeouts fail on a busy machine: then listings lag and answers are 503.
    common = (
        f"[DEFAULT]\nswift_dir = {folder}\ndevices = {folder}/srv\nmount_check = false\nbind_ip = 127.0.0.1\n"
        f"user = {getpass.getuser()}\nlog_level = WARNING\nfallocate_reserve = 0\nrecon_cache_path = {folder}/cache\n"
        "workers = 0\nconn_timeout = 10\nnode_timeout = 60\ncontainer_update_timeout = 30\n"
        "error_suppression_interval = 0\n"
    )
    for kind in KINDS:
        write_ring(folder / f"{kind}.ring.gz", ports[kind])
        (folder / f"{kind}.conf").write_text(
            f"{common}bind_port = {ports[kind]}\n[pipeline:main]\npipeline = {kind}-server\n"
            f"[app:{kind}-server]\nuse = egg:swift#{kind}\n[{kind}-updater]\n"
        )
    for index in range(1, len(POLICIES)):
        write_ring(folder / f"object-{index}.ring.gz", ports["object"])
    users = "".join(f"user_s3-{number}_user = secret .admin\n" for number in range(TENANTS))
    user = f"user_{USER.replace(':', '_')} = {KEY} .admin .reseller_admin\n{users}"
    options = {
        "cache": "paste.filter_factory = saio_runner:filter_factory",
        "s3api": "use = egg:swift#s3api\nmin_segment_size = 1",  # parts of tests are small
        "tempauth": f"use = egg:swift#tempauth\n{user}",
    }
    filters = "".join(f"[filter:{name}]\n{options.get(name, f'use = egg:swift#{name}')}\n" for name in PIPELINE.split())
    (folder / "proxy.conf").write_text(
        f"{common}bind_port = {ports['proxy']}\n[pipeline:main]\npipeline = {PIPELINE} proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
        f"{filters}"
    )


def write_ring(path: Path, port: int) -> None:
    """A ring of 16 partitions, all on the one device."""
    device = {
        "id": 0,
        "region": 1,
        "zone": 1,
        "ip": "127.0.0.1",
        "port": port,
        "device": "d1",
        "weight": 1.0,
        "replication_ip": "127.0.0.1",
        "replication_port": port,
        "meta": "",
    }
    RingData([array.array("H", [0] * 16)], [device], 28).save(str(path))


def start(folder: Path, kind: str) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name(f"swift-{kind}-server")
    command = [sys.executable, str(folder / "saio_runner.py"), str(program), str(folder / f"{kind}.conf"), "-v"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"}
    with (folder / f"{kind}.log").open("wb") as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)


def call(url: str, method: str = "GET", **headers: str) -> dict[str, str]:
    request = urllib.request.Request(url, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return dict(answer.headers)


def serves(auth: str) -> bool:
    """Whether all four answer: a container can be made and removed."""
    try:
        given = call(auth, X_Auth_User=USER, X_Auth_Key=KEY)
        for method in ("PUT", "DELETE"):
            call(f"{given['X-Storage-Url']}/ready", method, X_Auth_Token=given["X-Auth-Token"])
    except OSError:
        return False
    return True


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(folder: Path, watched: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    held = {kind: reserved() for kind in (*KINDS, "proxy")}
    ports = {kind: port.getsockname()[1] for kind, port in held.items()}
    auth = f"http://127.0.0.1:{ports['proxy']}/auth/v1.0"
    servers: list[subprocess.Popen[bytes]] = []
    try:
        write_configuration(folder, ports)
        servers += [start(folder, kind) for kind in ports]
        deadline = time.monotonic() + START_SECONDS
        while not serves(auth):
            if time.monotonic() > deadline or any(server.poll() is not None for server in servers):
                sys.exit(f"swift did not start; see {folder}")
            time.sleep(POLL_SECONDS)
        partial = folder / "ready.partial"
        partial.write_text(json.dumps({"auth": auth}))
        partial.rename(folder / "ready.json")
        while is_there(watched):
            time.sleep(POLL_SECONDS)
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
