"""S3's own clients, each with its defaults, against a real process."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.portico import RUN_SECONDS, Server, run, serving

PROGRAMS = Path(__file__).parent / "programs"
MB = 1_000_000
LARGE = 200 * MB
PART = 8 << 20
"""Bytes of a part, as boto3 and the aws command cut files by default."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all clients: each has buckets of its own and leaves none."""
    with serving(tmp_path_factory.mktemp("clients") / "data") as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that makes three parts of 5 MiB."""
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(12 * MB))
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    for name, size in (("a.txt", 1), ("deep/er/b.bin", 3 * MB), ("deep/ünï & 100%+.txt", 5), ("empty", 0)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(os.urandom(size))
    return tree


def told(*command: str, **environ: str) -> str:
    """What a command prints that must succeed."""
    done = run(*command, timeout=RUN_SECONDS, **environ)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def keys(server: Server) -> dict[str, str]:
    known = server.credentials
    return {"AWS_ACCESS_KEY_ID": known["user"], "AWS_SECRET_ACCESS_KEY": known["secret"]}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_boto3_transfers_a_large_file_in_parts(server: Server, clients: Path, tmp_path: Path) -> None:
    known, large, back = server.credentials, tmp_path / "large", tmp_path / "back"
    block = os.urandom(MB)
    large.write_bytes(b"".join(bytes([number]) + block[1:] for number in range(LARGE // MB)))
    program = str(PROGRAMS / "boto3_transfer.py")
    printed = told(
        str(clients / "python"),
        program,
        server.endpoints["s3"],
        known["user"],
        known["secret"],
        "boto3",
        str(large),
        str(back),
    )
    head, checksums, copied = (line.split() for line in printed.splitlines())
    assert head[0].endswith(f"-{-(-LARGE // PART)}")
    for size, colour in (head[1:], copied[1:]):
        assert (size, colour) == (str(LARGE), "blue")
    assert checksums[1].startswith("ChecksumCRC")
    assert back.read_bytes() == large.read_bytes()


def test_minio_py(server: Server, clients: Path, file: Path) -> None:
    known, host = server.credentials, server.endpoints["s3"].removeprefix("http://")
    program = str(PROGRAMS / "minio_trip.py")
    told(str(clients / "python"), "-W", "error", program, host, known["user"], known["secret"], str(file))


def test_s3fs(server: Server, file: Path) -> None:
    known = server.credentials
    program = str(PROGRAMS / "s3fs_trip.py")
    told(sys.executable, program, server.endpoints["s3"], known["user"], known["secret"], str(file))


def test_aiobotocore(server: Server) -> None:
    known = server.credentials
    program = str(PROGRAMS / "aiobotocore_trip.py")
    told(sys.executable, "-W", "error", program, server.endpoints["s3"], known["user"], known["secret"])


def test_awscli_syncs_once_and_states_checksums(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    at = "aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1"

    def aws(*arguments: str) -> str:
        return told(*at, *arguments, **keys(server))

    def api(*arguments: str) -> Any:
        return json.loads(aws("s3api", *arguments, "--bucket", "awscli"))

    aws("s3", "mb", "s3://awscli")
    assert aws("s3", "sync", str(tree), "s3://awscli/tree").count("upload:") == 4
    assert aws("s3", "sync", str(tree), "s3://awscli/tree") == ""
    aws("s3", "cp", "--quiet", "--recursive", "s3://awscli/tree", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)

    small = str(tree / "a.txt")
    stated = api("put-object", "--key", "small", "--body", small)
    head = api("head-object", "--key", "small", "--checksum-mode", "ENABLED")
    (name,) = (name for name in stated if name.startswith("Checksum") and name != "ChecksumType")
    assert (head[name], head["ChecksumType"]) == (stated[name], "FULL_OBJECT")
    asked = api("put-object", "--key", "asked", "--body", small, "--checksum-algorithm", "SHA256")
    head = api("head-object", "--key", "asked", "--checksum-mode", "ENABLED")
    assert head["ChecksumSHA256"] == asked["ChecksumSHA256"]
    url = aws("s3", "presign", "s3://awscli/small").strip()
    got = tmp_path / "presigned"
    told("curl", "-sS", "--fail", "-o", str(got), url)
    assert got.read_bytes() == (tree / "a.txt").read_bytes()
    aws("s3", "rb", "--force", "s3://awscli")


def test_awscli_states_crc64nvme(server: Server, clients: Path, tmp_path: Path) -> None:
    """Of an object that comes in as one, and of parts, for which it is that of the whole."""
    at = "aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1"
    stating = "--checksum-algorithm", "CRC64NVME"
    whole, back = tmp_path / "whole", tmp_path / "back"
    whole.write_bytes(bytes(range(256)) * 4096 * 20)

    def api(*arguments: str) -> Any:
        return json.loads(told(*at, "s3api", *arguments, "--bucket", "crc64", **keys(server)))

    told(*at, "s3", "mb", "s3://crc64", **keys(server))
    stated = api("put-object", "--key", "one", "--body", str(whole), *stating)
    told(*at, "s3", "cp", "--quiet", str(whole), "s3://crc64/parts", *stating, **keys(server))
    heads = [api("head-object", "--key", key, "--checksum-mode", "ENABLED") for key in ("one", "parts")]
    for head in heads:
        assert (head["ChecksumCRC64NVME"], head["ChecksumType"]) == (stated["ChecksumCRC64NVME"], "FULL_OBJECT")
    assert [head["ETag"].endswith('-3"') for head in heads] == [False, True]
    told(*at, "s3", "cp", "--quiet", "--checksum-mode", "ENABLED", "s3://crc64/parts", str(back), **keys(server))
    assert back.read_bytes() == whole.read_bytes()
    told(*at, "s3", "rb", "--force", "s3://crc64", **keys(server))


def test_s3cmd(server: Server, clients: Path, file: Path, tree: Path, tmp_path: Path) -> None:
    known, host = server.credentials, server.endpoints["s3"].removeprefix("http://")
    config = tmp_path / "s3cfg"
    config.write_text(
        f"[default]\naccess_key = {known['user']}\nsecret_key = {known['secret']}\n"
        f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\nmultipart_chunk_size_mb = 5\n"
    )

    def s3cmd(*arguments: str) -> str:
        return told("s3cmd", "--config", str(config), "--no-progress", *arguments)

    s3cmd("mb", "s3://s3cmd")
    s3cmd("put", str(file), "s3://s3cmd/large")
    s3cmd("get", "s3://s3cmd/large", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == file.read_bytes()
    assert "upload:" in s3cmd("sync", f"{tree}/", "s3://s3cmd/tree/")
    assert "upload:" not in s3cmd("sync", f"{tree}/", "s3://s3cmd/tree/")
    (tmp_path / "back").mkdir()
    s3cmd("sync", "s3://s3cmd/tree/", f"{tmp_path / 'back'}/")
    assert contents(tmp_path / "back") == contents(tree)
    listed = [line.split(maxsplit=3)[3] for line in s3cmd("ls", "--recursive", "s3://s3cmd/tree/").splitlines()]
    assert listed == [f"s3://s3cmd/tree/{name}" for name in sorted(contents(tree), key=str.encode)]
    s3cmd("cp", "s3://s3cmd/large", "s3://s3cmd/copy")
    s3cmd("mv", "s3://s3cmd/copy", "s3://s3cmd/moved")
    s3cmd("setacl", "--acl-public", "s3://s3cmd/moved")
    assert "*anon*: READ" in s3cmd("info", "s3://s3cmd/moved")
    s3cmd("modify", "--add-header=Cache-Control:max-age=60", "s3://s3cmd/moved")
    assert "Cache-Control: max-age=60" in told("curl", "-sS", "--fail", "-I", f"http://{host}/s3cmd/moved")
    assert s3cmd("du", "s3://s3cmd/large").split()[0] == str(file.stat().st_size)
    s3cmd("rb", "--recursive", "--force", "s3://s3cmd")


def test_rclone_has_nothing_to_do_twice(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    known = server.credentials
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[s3]\ntype = s3\nprovider = Other\naccess_key_id = {known['user']}\nsecret_access_key = {known['secret']}\n"
        f"endpoint = {server.endpoints['s3']}\nregion = us-east-1\nupload_cutoff = 5Mi\nchunk_size = 5Mi\n"
    )

    def rclone(*arguments: str) -> dict[str, Any]:
        """What was done, as rclone's statistics tell."""
        command = "rclone", "--config", str(config), "--retries", "1", "--use-json-log", "--stats-log-level", "NOTICE"
        done = run(*command, *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        stats: dict[str, Any] = [line["stats"] for line in lines if "stats" in line][-1]
        return stats

    (tree / "in parts").write_bytes(os.urandom(12 * MB))
    assert rclone("copy", "--stats", "1h", str(tree), "s3:rclone")["transfers"] == 5
    (tree / "a.txt").write_bytes(b"changed")
    (tree / "empty").unlink()
    first = rclone("sync", "--stats", "1h", str(tree), "s3:rclone")
    assert (first["transfers"], first["deletes"]) == (1, 1)
    again = rclone("sync", "--stats", "1h", str(tree), "s3:rclone")
    assert (again["transfers"], again["deletes"], again["bytes"]) == (0, 0, 0)
    assert again["checks"] == 4
    checked = rclone("check", "--stats", "1h", str(tree), "s3:rclone")
    assert (checked["errors"], checked["checks"]) == (0, 4)
    rclone("check", "--download", "--stats", "1h", str(tree), "s3:rclone")
    rclone("purge", "--stats", "1h", "s3:rclone")


def test_restic_backs_up_and_restores(server: Server, clients: Path, file: Path, tree: Path, tmp_path: Path) -> None:
    environ = {
        **keys(server),
        "RESTIC_REPOSITORY": f"s3:{server.endpoints['s3']}/restic",
        "RESTIC_PASSWORD": "of the repository",
        "RESTIC_CACHE_DIR": str(tmp_path / "cache"),
    }

    def restic(*arguments: str) -> list[dict[str, Any]]:
        printed = told("restic", "--json", *arguments, **environ)
        return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]

    file.rename(tree / "large.bin")
    restic("init")
    assert restic("backup", str(tree))[-1]["files_new"] == 5
    (tree / "a.txt").write_bytes(b"changed")
    again = restic("backup", str(tree))[-1]
    assert (again["files_changed"], again["files_unmodified"]) == (1, 4)
    told("restic", "check", "--read-data", **environ)
    told("restic", "restore", "latest", "--target", str(tmp_path / "restored"), **environ)
    assert contents(tmp_path / "restored" / tree.relative_to("/")) == contents(tree)
    told("restic", "forget", "--keep-last", "1", "--prune", **environ)
    told("restic", "check", **environ)
    locks = told("restic", "list", "locks", **environ)
    assert locks == ""
