"""S3 servers of other makers, which stand for a remote one: processes of the clients' virtualenv, on free ports."""

import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parents[2] / ".venv-clients/bin"
START_SECONDS = 60.0

_ENDPOINT = re.compile(r"\bon \[?(http://[0-9.]+:\d+)\D")


@dataclass(frozen=True, slots=True)
class Remote:
    """Where an S3 is, and the credentials of whoever may do everything there."""

    endpoint: str
    access_key: str = "PORTICO"
    secret_key: str = "remote-secret"


@contextmanager
def rclone(folder: Path) -> Iterator[Remote]:
    """`rclone serve s3` over a folder: a bucket is a folder in it, an object a file."""
    remote = Remote("")
    keys = f"{remote.access_key},{remote.secret_key}"
    command = ("serve", "s3", str(folder), "--addr", "127.0.0.1:0", "--auth-key", keys, "--config", "/dev/null")
    with _serving(PROGRAMS / "rclone", *command) as endpoint:
        yield Remote(endpoint)


@contextmanager
def moto() -> Iterator[Remote]:
    """moto's server, which plays Amazon's S3. It takes any credentials, and parts of any size."""
    with _serving(PROGRAMS / "moto_server", "-H", "127.0.0.1", "-p", "0", S3_UPLOAD_PART_MIN_SIZE="1") as endpoint:
        yield Remote(endpoint)


def emptied(remote: Remote) -> Remote:
    """moto's server without all that was written to it."""
    urllib.request.urlopen(f"{remote.endpoint}/moto-api/reset", data=b"", timeout=START_SECONDS).close()
    return remote


@contextmanager
def _serving(program: Path, *options: str, **environ: str) -> Iterator[str]:
    """The endpoint that a server says it serves on."""
    if not program.exists():
        raise RuntimeError(f"the tests need {program.name}; install it with scripts/setup clients")
    with tempfile.NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [program, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environ}
        )
        try:
            yield _told(process, Path(log.name))
        finally:
            process.terminate()
            process.wait()


def _told(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if found := _ENDPOINT.search(log.read_text()):
            return found[1]
        time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not serve: {log.read_text()}")
