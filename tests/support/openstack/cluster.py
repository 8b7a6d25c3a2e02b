"""One real OpenStack Swift, and one Keystone, for all tests of a run, however many workers share them."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PYTHON = REPOSITORY / ".venv-swift/bin/python"
SCRIPTS = Path(__file__).parent
TMPFS = Path("/dev/shm")
START_SECONDS = 100.0


@dataclass(frozen=True)
class Cluster:
    """Where to log in. The one user administers every account, and an account is there when it is first written to.

    `pid` is the process whose children the servers are.
    """

    auth: str
    folder: Path
    pid: int
    user: str = "admin:admin"
    key: str = "admin"

    def account(self, name: str) -> str:
        """The storage URL of an account."""
        return f"{self.origin}/v1/AUTH_{name}"

    @property
    def origin(self) -> str:
        """Its URL without a path, where its s3api is."""
        return self.auth.removesuffix("/auth/v1.0")


@dataclass(frozen=True)
class Identity:
    """A Keystone, and where the proxy of the cluster serves that lets in its users (`identity.py` names them)."""

    auth: str
    swift: str


@contextmanager
def shared(place: Path, watched: int) -> Iterator[Cluster]:
    """The cluster of a run: the first to come starts it, the last to go stops it; it ends with `watched`, too.

    `place` is the same path for all who share.
    """
    with _shared(place, "saio.py", str(watched)) as state:
        yield Cluster(str(state["auth"]), Path(str(state["folder"])), int(state["pid"]))


@contextmanager
def shared_identity(place: Path, watched: int, cluster: Cluster) -> Iterator[Identity]:
    """A Keystone before `cluster`, as `shared`."""
    with _shared(place, "identity.py", str(watched), str(cluster.folder)) as state:
        yield Identity(str(state["auth"]), str(state["swift"]))


@contextmanager
def _shared(place: Path, script: str, *arguments: str) -> Iterator[dict[str, str | int]]:
    with _locked(place):
        users, state = _read(place)
        if not users:
            state = _start(script, *arguments)
        _write(place, users + 1, state)
    try:
        yield state
    finally:
        with _locked(place):
            users, state = _read(place)
            _write(place, users - 1, state)
            if users == 1:
                _stop(int(state["pid"]), Path(str(state["folder"])))


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(place: Path) -> tuple[int, dict[str, str | int]]:
    if not place.exists():
        return 0, {}
    users, state = json.loads(place.read_text())
    return users, state


def _write(place: Path, users: int, state: dict[str, str | int]) -> None:
    place.write_text(json.dumps([users, state]))


def _start(script: str, *arguments: str) -> dict[str, str | int]:
    if not PYTHON.exists():
        raise RuntimeError("the tests need an OpenStack Swift; install it with scripts/setup swift")
    folder = Path(tempfile.mkdtemp(prefix="portico-swift-", dir=TMPFS if os.access(TMPFS, os.W_OK) else None))
    command = [str(PYTHON), str(SCRIPTS / script), str(folder), *arguments]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    ready = folder / "ready.json"
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)
            raise RuntimeError(f"{script} did not start")
        time.sleep(0.05)
    process.returncode = 0  # whoever stops it need not be the one who started it
    return {"pid": process.pid, "folder": str(folder), **json.loads(ready.read_text())}


def _stop(pid: int, folder: Path) -> None:
    """Its last act is to remove its folder; who started it reaps it, if that one still lives."""
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + START_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
