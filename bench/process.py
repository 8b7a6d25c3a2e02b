"""Servers under test: started, watched through /proc, and ended."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running server. CPU times are those of the process and its children, memory is that of the process."""

    pid: int

    def cpu(self) -> float:
        """Seconds of CPU used so far, user and system."""
        return sum(_cpu(pid) for pid in self._pids())

    def peak_memory(self) -> int:
        """The most resident bytes that the process had since the last `reset_peak`."""
        return _status(self.pid, "VmHWM")

    def memory(self) -> int:
        """Resident bytes now."""
        return _status(self.pid, "VmRSS")

    def reset_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def _pids(self) -> Iterator[int]:
        yield self.pid
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        yield from map(int, children.read_text().split())


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def medium(folder: Path) -> str:
    """The kind of file system that a folder lies on."""
    mounts = (line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines())
    above = [(place, kind) for place, kind in mounts if folder.resolve().is_relative_to(place)]
    return max(above, key=lambda found: len(found[0]))[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start `command`, wait until `port` takes connections, end it at last."""
    process = subprocess.Popen(
        command, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port, command)
        yield Server(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, command: Sequence[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{command[0]} does not listen on port {port}")
