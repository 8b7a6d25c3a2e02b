"""What an object may be made of, by real clients: bytes, a stream, a file, a pipe; and what they say of none."""

import os
import subprocess
from pathlib import Path

from tests.e2e.portico import CLIENTS, ROOT, RUN_SECONDS, Server, environment, run

PROGRAM = Path(__file__).parent / "programs" / "swift_inputs.py"
DATA = os.urandom(300_000)


def piped(*command: str, **environ: str) -> None:
    """Run a command that has to succeed, with `DATA` coming in by a pipe."""
    ended = subprocess.run(
        command, cwd=ROOT, env=environment(environ), input=DATA, capture_output=True, check=False, timeout=RUN_SECONDS
    )
    assert ended.returncode == 0, (command, ended.stdout, ended.stderr)


def test_o08_bytes_a_stream_a_file_and_a_pipe(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    login = server.endpoints["swift"], f"{known['account']}:{known['user']}", known["secret"]
    swift = "swift", "-A", login[0], "-U", login[1], "-K", login[2]
    keys = {"AWS_ACCESS_KEY_ID": known["user"], "AWS_SECRET_ACCESS_KEY": known["secret"]}
    aws = "aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1", "s3"
    file = tmp_path / "file"
    file.write_bytes(DATA)
    piped(str(CLIENTS / "python"), str(PROGRAM), *login)
    assert run(*swift, "upload", "inputs", str(file), "--object-name", "file").returncode == 0
    piped(*swift, "upload", "inputs", "-", "--object-name", "pipe")
    piped(*aws, "cp", "-", "s3://inputs/pipe-by-s3", **keys)
    piped(*aws, "cp", str(file), "s3://inputs/file-by-s3", **keys)
    for name in ("bytes", "stream", "file", "pipe", "pipe-by-s3", "file-by-s3"):
        piped(*aws, "cp", f"s3://inputs/{name}", str(tmp_path / "back"), **keys)
        assert (tmp_path / "back").read_bytes() == DATA, name
    missing = run(*swift, "upload", "inputs", str(tmp_path / "none"))
    nameless = run(*swift, "upload", "inputs", "-")
    assert missing.returncode != 0
    assert nameless.returncode != 0
    assert missing.stderr != nameless.stderr
