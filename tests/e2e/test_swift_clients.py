"""Clients of Swift against a real process: OpenStack's own, rclone and restic; S3 and FTP show the same objects."""

import ftplib
import hashlib
import hmac
import json
import os
import time
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.portico import RUN_SECONDS, Server, run, serving

FILES = 12
KEY = "a key for temporary URLs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all clients: each has containers of its own."""
    with serving(tmp_path_factory.mktemp("clients") / "data") as server:
        yield server


def done(*command: str, **environ: str) -> str:
    """What a command prints that has to succeed."""
    ended = run(*command, timeout=RUN_SECONDS, **environ)
    assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
    return ended.stdout


def swift(server: Server, *arguments: str) -> str:
    known = server.credentials
    login = "-A", server.endpoints["swift"], "-U", f"{known['account']}:{known['user']}", "-K", known["secret"]
    return done("swift", *login, *arguments)


def facts(printed: str) -> dict[str, str]:
    """What `swift stat` tells, one line a fact."""
    lines = (line.partition(": ") for line in printed.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def by_s3(server: Server, bucket: str, name: str, folder: Path) -> bytes:
    known = server.credentials
    keys = {"AWS_ACCESS_KEY_ID": known["user"], "AWS_SECRET_ACCESS_KEY": known["secret"]}
    aws = "aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1"
    done(*aws, "s3", "cp", f"s3://{bucket}/{name}", str(folder / "by-s3"), **keys)
    return (folder / "by-s3").read_bytes()


def by_ftp(server: Server, bucket: str, name: str) -> bytes:
    known, received = server.credentials, BytesIO()
    with ftplib.FTP(encoding="utf-8") as ftp:
        ftp.connect("127.0.0.1", server.ports["ftp"], timeout=30)
        ftp.login(known["user"], known["secret"])
        ftp.retrbinary(f"RETR /{bucket}/{name}", received.write)
    return received.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for number in range(FILES):
        path = root / f"folder {number % 3}" / f"ünï-{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(number * 1000))
    return root


def test_swiftclient_moves_a_tree_in_threads(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    swift(server, "upload", "--object-threads", "8", "--object-name", "up", "box", str(tree))
    names = sorted(f"up/{name}" for name in contents(tree))
    assert swift(server, "list", "box").splitlines() == names
    assert swift(server, "list", "box", "--prefix", "up/folder 1/").splitlines() == [
        name for name in names if name.startswith("up/folder 1/")
    ]
    assert swift(server, "list", "box", "--prefix", "up/", "--delimiter", "/").splitlines() == [
        f"up/folder {number}/" for number in range(3)
    ]
    told = facts(swift(server, "stat", "box"))
    assert (told["Objects"], told["Bytes"]) == (str(FILES), str(sum(map(len, contents(tree).values()))))
    target = tmp_path / "down"
    swift(server, "download", "--object-threads", "8", "box", "-D", str(target))
    assert contents(target / "up") == contents(tree)
    last = names[-1]
    assert by_s3(server, "box", last, tmp_path) == by_ftp(server, "box", last) == contents(tree)[last[3:]]
    swift(server, "delete", "--object-threads", "8", "box")
    assert "box" not in swift(server, "list").splitlines()


def test_swiftclient_describes_copies_and_deletes(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    file = next(path for path in sorted(tree.rglob("*")) if path.is_file() and path.stat().st_size)
    swift(server, "post", "described", "--meta", "Colour: blue")
    assert facts(swift(server, "stat", "described"))["Meta Colour"] == "blue"
    swift(server, "upload", "described", str(file), "--object-name", "first", "--header", "Content-Type: text/x-first")
    swift(server, "post", "described", "first", "--meta", "Shape: round")
    told = facts(swift(server, "stat", "described", "first"))
    digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    assert (told["Content Type"], told["ETag"], told["Meta Shape"]) == ("text/x-first", digest, "round")
    swift(server, "copy", "described", "first", "--destination", "/other/second", "--meta", "Size: small")
    told = facts(swift(server, "stat", "other", "second"))
    assert (told["ETag"], told["Meta Shape"], told["Meta Size"]) == (digest, "round", "small")
    assert by_s3(server, "other", "second", tmp_path) == by_ftp(server, "other", "second") == file.read_bytes()
    swift(server, "copy", "described", "first", "--fresh-metadata", "--destination", "/other/third")
    assert "Meta Shape" not in facts(swift(server, "stat", "other", "third"))
    swift(server, "delete", "other", "second")
    assert swift(server, "list", "other").splitlines() == ["third"]


def test_swiftclient_asks_what_there_is(server: Server, clients: Path) -> None:
    told: Mapping[str, Any] = json.loads(swift(server, "capabilities", "--json"))
    assert told["swift"]["container_listing_limit"] == 10_000
    assert {"slo", "tempurl"} <= told.keys()
    assert "Core: swift" in swift(server, "capabilities")


def test_swiftclient_signs_urls_for_whoever_has_no_account(
    server: Server, clients: Path, tree: Path, tmp_path: Path
) -> None:
    file = max(tree.rglob("*.bin"), key=lambda path: path.stat().st_size)
    swift(server, "post", "-m", f"Temp-URL-Key:{KEY}")
    swift(server, "upload", "signed", str(file), "--object-name", "shared/file")
    place = facts(swift(server, "stat", "-v"))["StorageURL"]
    origin, path = place.split("/v1/")

    def signed(method: str, target: str, *options: str) -> str:
        made = swift(server, "tempurl", *options, method, "60", f"/v1/{path}/signed/{target}", KEY)
        return f"{origin}{made.strip()}"

    def curl(*arguments: str) -> str:
        return run("curl", "-sS", "-o", str(tmp_path / "got"), "-w", "%{http_code}", *arguments).stdout

    assert curl(signed("GET", "shared/file")) == "200"
    assert (tmp_path / "got").read_bytes() == file.read_bytes()
    assert curl("-X", "PUT", "--data-binary", "other", signed("GET", "shared/file")) == "401"
    assert curl(signed("GET", "shared/file").replace("shared", "secret")) == "401"
    below = signed("GET", "shared/", "--prefix-based").replace("shared/?", "shared/file?")
    assert curl(below) == "200"
    assert curl("-X", "PUT", "--data-binary", "new", signed("PUT", "shared/new")) == "201"
    assert by_s3(server, "signed", "shared/new", tmp_path) == by_ftp(server, "signed", "shared/new") == b"new"


def test_rclone_has_nothing_to_do_twice(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    known, config = server.credentials, tmp_path / "rclone.conf"
    config.write_text(
        f"[swift]\ntype = swift\nauth = {server.endpoints['swift']}\nauth_version = 1\n"
        f"user = {known['account']}:{known['user']}\nkey = {known['secret']}\n"
    )

    def rclone(*arguments: str) -> dict[str, Any]:
        """What was done, as rclone's statistics tell."""
        command = "rclone", "--config", str(config), "--retries", "1", "--use-json-log", "--stats-log-level", "NOTICE"
        ended = run(*command, "--stats", "1h", *arguments)
        assert ended.returncode == 0, (arguments, ended.stderr)
        lines = [json.loads(line) for line in ended.stderr.splitlines()]
        stats: dict[str, Any] = [line["stats"] for line in lines if "stats" in line][-1]
        return stats

    assert rclone("copy", str(tree), "swift:rclone/deep")["transfers"] == FILES
    changed, *_, gone = sorted(contents(tree))
    (tree / changed).write_bytes(b"changed")
    (tree / gone).unlink()
    first = rclone("sync", str(tree), "swift:rclone/deep")
    assert (first["transfers"], first["deletes"]) == (1, 1)
    again = rclone("sync", str(tree), "swift:rclone/deep")
    assert (again["transfers"], again["deletes"], again["bytes"], again["checks"]) == (0, 0, 0, FILES - 1)
    checked = rclone("check", str(tree), "swift:rclone/deep")
    assert (checked["errors"], checked["checks"]) == (0, FILES - 1)
    name = f"deep/{changed}"
    assert by_s3(server, "rclone", name, tmp_path) == by_ftp(server, "rclone", name) == b"changed"
    rclone("purge", "swift:rclone/deep")
    assert swift(server, "list", "rclone") == ""


def test_restic_backs_up_and_restores(server: Server, clients: Path, tree: Path, tmp_path: Path) -> None:
    known = server.credentials
    environ = {
        "ST_AUTH": server.endpoints["swift"],
        "ST_USER": f"{known['account']}:{known['user']}",
        "ST_KEY": known["secret"],
        "RESTIC_REPOSITORY": "swift:backups:/home",
        "RESTIC_PASSWORD": "of the repository",
        "RESTIC_CACHE_DIR": str(tmp_path / "cache"),
    }

    def restic(*arguments: str) -> str:
        return done("restic", *arguments, **environ)

    restic("init")
    restic("backup", str(tree))
    restic("check", "--read-data")
    restic("restore", "latest", "--target", str(tmp_path / "back"))
    assert contents(tmp_path / "back" / tree.relative_to("/")) == contents(tree)
    restic("backup", str(tree))
    restic("forget", "--keep-last", "1", "--prune")
    restic("check")
    assert restic("list", "snapshots").count("\n") == 1
    config = by_ftp(server, "backups", "home/config")
    assert config == by_s3(server, "backups", "home/config", tmp_path) != b""


def status(*arguments: str) -> str:
    """What an answer to curl says first."""
    return done("curl", "--silent", "--show-error", "--output", os.devnull, "--write-out", "%{http_code}", *arguments)


def test_grants_made_over_swift_hold_over_s3(server: Server, tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(b"for everybody")
    swift(server, "upload", "granted", str(tmp_path / "page"), "--object-name", "page")
    storage = facts(swift(server, "stat", "--verbose"))["StorageURL"]
    doors = f"{storage}/granted/page", f"{server.endpoints['s3']}/granted/page"
    assert [status(door) for door in doors] == ["401", "403"]
    swift(server, "post", "granted", "--read-acl", ".r:*, .r:-thief.example")
    assert facts(swift(server, "stat", "granted"))["Read ACL"] == ".r:*,.r:-thief.example"
    assert [status(door) for door in doors] == ["200", "200"]
    assert [status("--referer", "http://thief.example/", door) for door in doors] == ["401", "403"]


def test_forms_of_browsers(server: Server, tmp_path: Path) -> None:
    swift(server, "post", "--meta", "Temp-URL-Key:form key")
    swift(server, "post", "forms")
    storage = facts(swift(server, "stat", "--verbose"))["StorageURL"]
    expires, where = str(int(time.time()) + 600), f"{storage}/forms/up-"
    limits = {"redirect": "", "max_file_size": "1000", "max_file_count": "2", "expires": expires}
    signed = "\n".join((urlsplit(where).path, *limits.values())).encode()
    fields = {**limits, "signature": hmac.digest(b"form key", signed, "sha256").hex()}
    for name in ("a.txt", "b"):
        (tmp_path / name).write_text(name)
    form = [word for name, value in fields.items() for word in ("--form-string", f"{name}={value}")]
    files = [word for name in ("a.txt", "b") for word in ("--form", f"{name}=@{tmp_path / name}")]
    assert status(*form, *files, where) == "201"
    assert swift(server, "list", "forms").split() == ["up-a.txt", "up-b"]
    assert by_ftp(server, "forms", "up-a.txt") == b"a.txt"
    assert status(*form, *files, f"{where}other") == "401"
