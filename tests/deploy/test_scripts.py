"""What the scripts behind the make targets say where they can't do their work."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who is not root and may not become it."""
    for name, script in {"id": "echo 1000", "sudo": "exit 1", "apt-get": "echo called >&2; exit 1"}.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def run(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_without_rights_one_line_says_what_to_install(stranger: dict[str, str]) -> None:
    done = run("scripts/debian-packages", "lftp", "nginx-light", env=stranger)
    assert done.returncode == 1
    assert done.stdout == ""
    advice = "install with: sudo apt-get install --no-install-recommends lftp nginx-light"
    assert done.stderr.splitlines() == [f"portico: missing: lftp nginx-light; {advice}"]


def test_only_missing_programs_are_asked_for(stranger: dict[str, str]) -> None:
    need = "source scripts/lib.sh; need_programs "
    assert run("bash", "-c", f"{need} sh no-such-program", env=stranger).stderr.startswith(
        "portico: missing: no-such-program; "
    )
    assert run("bash", "-c", f"{need} sh cat", env=stranger).returncode == 0


def test_an_unfit_python_is_named_in_one_line(stranger: dict[str, str]) -> None:
    done = run("bash", "-c", "source scripts/lib.sh; find_python", env={**stranger, "PYTHON": "no-such-python"})
    assert done.returncode == 1
    assert done.stderr.startswith("portico: Python 3.11 or later is needed")
    assert len(done.stderr.splitlines()) == 1


def test_make_alone_shows_every_target() -> None:
    shown = run("make", "--no-print-directory", env={**os.environ}).stdout
    names = {line.split()[1] for line in shown.splitlines()}
    assert names == {"help", "setup", "serve", "test", "lint", "bench", "image", "clean"}
