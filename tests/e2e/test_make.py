"""`make serve` as a new user runs it: in a fresh clone, below a folder whose name has a space."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.portico import ANY_PORT, ROOT, Server, environment

INSTALL_SECONDS = 400


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would give a user of the tree as it is here."""
    target = tmp_path / "a folder" / "portico"
    target.mkdir(parents=True)
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    packed = subprocess.run(
        ("tar", "-c", "--null", "--files-from=-"), cwd=ROOT, input=names, capture_output=True, check=True
    ).stdout
    subprocess.run(("tar", "-x"), cwd=target, input=packed, check=True)
    return target


@contextmanager
def served(clone: Path, name: str) -> Iterator[Server]:
    """`make serve` in a clone, from the moment when it serves."""
    out, err = clone.parent / f"{name}.out", clone.parent / f"{name}.err"
    env = {**environment(), "PATH": os.environ["PATH"]}
    command = ("make", "--no-print-directory", "serve", f"ARGS={' '.join(ANY_PORT)}")
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=clone, env=env, stdout=stdout, stderr=stderr)
    server = Server(process, clone / "portico-data", out, err)
    try:
        until = time.monotonic() + INSTALL_SECONDS
        while not (server.data / "run.json").exists():
            assert process.poll() is None, err.read_text()
            assert time.monotonic() < until, err.read_text()
            time.sleep(0.1)
        yield server
    finally:
        server.terminate()
        process.wait(60)


@pytest.mark.timeout(2 * INSTALL_SECONDS)
def test_make_serve_installs_once_and_serves_twice(clone: Path) -> None:
    with served(clone, "first") as first:
        assert "installing requirements/runtime.txt" in first.err.read_text()
        assert "aws " in first.out.read_text()
        secret = first.credentials["secret"]
        endpoint = first.endpoints["swift"]
        headers = ("-H", "X-Auth-User: admin:admin", "-H", f"X-Auth-Key: {secret}")
        answer = subprocess.run(
            ("curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", *headers, endpoint), capture_output=True, check=True
        )
        assert answer.stdout == b"200"
    assert not (first.data / "run.json").exists()
    with served(clone, "second") as second:
        assert "installing" not in second.err.read_text()
        assert secret not in second.out.read_text()
        assert second.credentials["secret"] == secret
    assert (clone / "portico-data" / "catalog.sqlite").is_file()
