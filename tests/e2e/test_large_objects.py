"""Large objects that Swift's clients cut in segments: every other door and client gets them whole."""

import ftplib
import os
from io import BytesIO
from pathlib import Path

import pytest

from tests.e2e.portico import Server, run

DATA = os.urandom(2_500_000)
SEGMENT = 1_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(DATA)
    return path


def swift(server: Server, *arguments: str) -> str:
    known = server.credentials
    login = "-A", server.endpoints["swift"], "-U", f"{known['account']}:{known['user']}", "-K", known["secret"]
    done = run("swift", *login, *arguments)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def read_everywhere(server: Server, container: str, name: str, folder: Path) -> None:
    """By S3 (aws), FTP and Swift: the size in a listing, the size by itself, the bytes, and some of them."""
    known, target = server.credentials, folder / "got"

    def aws(*arguments: str) -> str:
        command = "aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1", *arguments
        done = run(*command, AWS_ACCESS_KEY_ID=known["user"], AWS_SECRET_ACCESS_KEY=known["secret"])
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    assert str(len(DATA)) in aws("s3", "ls", f"s3://{container}/{name}").split()
    aws("s3", "cp", f"s3://{container}/{name}", str(target))
    assert target.read_bytes() == DATA
    ranged = (
        "s3api",
        "get-object",
        "--bucket",
        container,
        "--key",
        name,
        "--range",
        f"bytes={SEGMENT - 5}-{SEGMENT + 4}",
    )
    aws(*ranged, str(target))
    assert target.read_bytes() == DATA[SEGMENT - 5 : SEGMENT + 5]
    with ftplib.FTP() as ftp:
        ftp.connect("127.0.0.1", server.ports["ftp"], timeout=30)
        ftp.login(known["user"], known["secret"])
        ftp.cwd(f"/{container}")
        assert {found: facts["size"] for found, facts in ftp.mlsd()}[name] == str(len(DATA))
        ftp.voidcmd("TYPE I")
        assert ftp.size(name) == len(DATA)
        for rest in (None, SEGMENT + 7):
            received = BytesIO()
            ftp.retrbinary(f"RETR {name}", received.write, rest=rest)
            assert received.getvalue() == DATA[rest or 0 :]
    swift(server, "download", container, name, "-o", str(target))
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("kind", (("--use-dlo",), ("--use-slo",), ("--use-slo", "--segment-container", "elsewhere")))
def test_swiftclients_segments(
    server: Server, clients: Path, tmp_path: Path, file: Path, kind: tuple[str, ...]
) -> None:
    cut = "upload", "box", str(file), "--object-name", "large", "--segment-size", str(SEGMENT), *kind
    swift(server, *cut)
    stat = [line.strip() for line in swift(server, "stat", "box", "large").splitlines()]
    is_static = kind != ("--use-dlo",)
    assert ("X-Static-Large-Object: True" in stat) is is_static
    assert any(line.startswith("Manifest: box_segments/large/") for line in stat) is not is_static
    read_everywhere(server, "box", "large", tmp_path)
    segments = "elsewhere" if len(kind) > 1 else "box_segments"
    assert len(swift(server, "list", segments).splitlines()) == 3
    swift(server, *cut, "--skip-identical")
    (written,) = [line for line in stat if line.startswith("X-Timestamp")]
    assert written in swift(server, "stat", "box", "large")
    assert swift(server, "list", "box").splitlines() == ["large"]
    swift(server, "delete", "box", "large")
    assert swift(server, "list", segments) == ""


def test_rclones_chunks(server: Server, clients: Path, tmp_path: Path, file: Path) -> None:
    known = server.credentials
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[swift]\ntype = swift\nauth = {server.endpoints['swift']}\nauth_version = 1\n"
        f"user = {known['account']}:{known['user']}\nkey = {known['secret']}\nchunk_size = 1Mi\n"
        f"[s3]\ntype = s3\nprovider = Other\naccess_key_id = {known['user']}\nsecret_access_key = {known['secret']}\n"
        f"endpoint = {server.endpoints['s3']}\nregion = us-east-1\n"
    )

    def rclone(*arguments: str) -> str:
        done = run("rclone", "--config", str(config), "--retries", "1", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    tree = file.parent / "tree"
    tree.mkdir()
    file.rename(tree / "large")
    rclone("copy", str(tree), "swift:box")
    assert rclone("lsf", "--format", "ps", "swift:box") == f"large;{len(DATA)}\n"
    rclone("check", "--download", str(tree), "swift:box")
    rclone("check", "--download", str(tree), "s3:box")
    read_everywhere(server, "box", "large", tmp_path)
    rclone("copyto", "swift:box/large", "swift:box/copy")
    rclone("copyto", "s3:box/large", "s3:box/other")
    for name in ("copy", "other"):
        assert rclone("size", "--json", f"s3:box/{name}").startswith('{"count":1,"bytes":2500000')
    rclone("deletefile", "swift:box/large")
    assert rclone("lsf", "swift:box").splitlines() == ["copy", "other"]
    left = rclone("lsf", "-R", "--files-only", "swift:box_segments").splitlines()
    assert {name.partition("/")[0] for name in left} == {"copy"}
    rclone("deletefile", "swift:box/copy")
    assert rclone("lsf", "-R", "--files-only", "swift:box_segments") == ""


@pytest.mark.parametrize("etag", (True, False))
def test_symbolic_links(server: Server, clients: Path, tmp_path: Path, file: Path, etag: bool) -> None:
    """A static link holds on to the manifest by its ETag; both kinds are read everywhere."""
    segmented = "--segment-size", str(SEGMENT), "--use-slo"
    swift(server, "upload", "box", str(file), "--object-name", "large", *segmented)
    empty = tmp_path / "empty"
    empty.touch()
    stat = swift(server, "stat", "box", "large")
    manifest = next(line.split(": ")[1] for line in stat.splitlines() if "X-Manifest-Etag" in line)
    target = "--header", "X-Symlink-Target: box/large"
    static = ("--header", f"X-Symlink-Target-Etag: {manifest}") if etag else ()
    swift(server, "upload", "links", str(empty), "--object-name", "link", *target, *static)
    read_everywhere(server, "links", "link", tmp_path)
    swift(server, "delete", "links", "link")
    read_everywhere(server, "box", "large", tmp_path)
