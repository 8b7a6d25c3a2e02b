"""A real `portico serve` process, and the real clients that it is tried with."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / ".venv-clients" / "bin"
START_SECONDS = 120.0
RUN_SECONDS = 250.0
"""What no command takes, however slow the machine is."""
ANY_PORT = ("--s3-port", "0", "--swift-port", "0", "--ftp-port", "0", "--admin-port", "0")


def environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    """What processes are started with: the clients in the path, nothing of this shell's own settings."""
    keep = {name: text for name, text in os.environ.items() if not name.startswith(("PORTICO_", "AWS_", "ST_", "OS_"))}
    path = f"{Path(sys.executable).parent}:{CLIENTS}:{keep['PATH']}"
    return {**keep, "PATH": path, "PORTICO_FRONTENDS__FTP__PASSIVE_PORTS": "0", **more}


def run(*command: str, timeout: float = RUN_SECONDS, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever it is. `timeout` is in seconds."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def portico(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command `portico` to its end."""
    return run(sys.executable, "-m", "gateway", *arguments, timeout=RUN_SECONDS, **environ)


def wait_until(holds: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Wait for what nobody announces; a test that waits too long fails."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@dataclass
class Server:
    """A running process. Its output is in files, so that it can't block on a pipe."""

    process: subprocess.Popen[bytes]
    data: Path
    out: Path
    err: Path

    @property
    def told(self) -> dict[str, Any]:
        """What `run.json` says."""
        told: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return told

    @property
    def ports(self) -> dict[str, int]:
        return dict(self.told["ports"])

    @property
    def endpoints(self) -> dict[str, str]:
        return dict(self.told["endpoints"])

    @property
    def credentials(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads((self.data / "credentials.json").read_text())
        return kept

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(timeout=START_SECONDS)


@contextmanager
def serving(
    data: Path, ports: Sequence[str] = ANY_PORT, *, program: Sequence[str] = ("-m", "gateway"), **environ: str
) -> Iterator[Server]:
    """Start a process, wait until all its doors are open; kill it at the end, if it has not ended itself.

    `ports` are options of the command, and `program` those of the interpreter.
    """
    out, err = data.with_name(f"{data.name}.out"), data.with_name(f"{data.name}.err")
    command = (sys.executable, *program, "serve", "--data", str(data), *ports)
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment(environ), cwd=ROOT
        )
    server = Server(process, data, out, err)
    try:
        _wait_until_open(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _wait_until_open(server: Server) -> None:
    """`run.json` of this very process is written when all doors are open."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"portico ended with {server.process.returncode}: {server.err.read_text()}")
        try:
            if server.told["pid"] == server.process.pid:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"portico did not start in {START_SECONDS} seconds: {server.err.read_text()}")
