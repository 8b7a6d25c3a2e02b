"""Encryption at rest as the aws command asks for it, and a key that is retired as the guide says."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.portico import ANY_PORT, Server, run, serving

SECRET = os.urandom(4096)
"""What no file of the store may hold."""


@dataclass(frozen=True, slots=True)
class Aws:
    """The aws command with the credentials of a server."""

    server: Server

    def __call__(self, *arguments: str, refused: str = "") -> str:
        """What it prints; `refused`: what it says if it must fail."""
        known = self.server.credentials
        endpoint = self.server.endpoints["s3"]
        command = ("aws", "--endpoint-url", endpoint, "--region", "us-east-1", *arguments)
        done = run(*command, AWS_ACCESS_KEY_ID=known["user"], AWS_SECRET_ACCESS_KEY=known["secret"])
        assert (done.returncode != 0, refused in done.stderr) == (bool(refused), True), (arguments, done.stderr)
        return done.stdout

    def head(self, key: str, *arguments: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self("s3api", "head-object", "--bucket", "secrets", "--key", key, *arguments))
        return told

    def read(self, key: str, path: Path, *arguments: str) -> bytes:
        self("s3", "cp", "--quiet", *arguments, f"s3://secrets/{key}", str(path))
        return path.read_bytes()


@contextmanager
def encrypting(place: Path, keys: Sequence[str], *, default: str = "off") -> Iterator[Aws]:
    """A server with these keys, of which the last is the current one."""
    stated = []
    for name in keys:
        file = place / f"key-{name}"
        if not file.exists():
            file.write_text(b64encode(os.urandom(32)).decode())
        stated.append({"id": name, "key_file": str(file)})
    encryption = {"keys": stated, "current": keys[-1], "default": default}
    store = {"type": "catalog", "path": str(place / "store"), "encryption": encryption}
    config = place / "portico.yaml"
    config.write_text(json.dumps({"stores": {"main": store}, "namespaces": {"default": {"store": "main"}}}))
    with serving(place / "data", (*ANY_PORT, "--config", str(config))) as server:
        yield Aws(server)
        server.terminate()
        assert server.wait() == 0


def is_on_the_disk(place: Path) -> bool:
    return any(SECRET[:64] in file.read_bytes() for file in (place / "store").rglob("*") if file.is_file())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.write_bytes(SECRET * 2200)  # two parts
    return file


def test_each_kind_of_encryption(clients: Path, tmp_path: Path, file: Path) -> None:
    customers = tmp_path / "customers"
    customers.write_bytes(os.urandom(32))
    with_key = ("--sse-c", "AES256", "--sse-c-key", f"fileb://{customers}")
    back = tmp_path / "back"
    with encrypting(tmp_path, ("other", "current")) as aws:
        aws("s3", "mb", "s3://secrets")
        for key, asked, told in (
            ("managed", ("--sse", "AES256"), {"ServerSideEncryption": "AES256"}),
            ("service", ("--sse", "aws:kms"), {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "current"}),
            (
                "named",
                ("--sse", "aws:kms", "--sse-kms-key-id", "other"),
                {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "other"},
            ),
        ):
            aws("s3", "cp", "--quiet", *asked, str(file), f"s3://secrets/{key}")
            head = aws.head(key)
            assert {name: head[name] for name in told} == told
        aws("s3", "cp", "--quiet", "--recursive", "s3://secrets/", str(tmp_path / "all"))
        assert [each.read_bytes() == file.read_bytes() for each in (tmp_path / "all").iterdir()] == [True] * 3
        aws("s3", "cp", "--quiet", *with_key, str(file), "s3://secrets/customers")
        assert aws.read("customers", back, *with_key) == file.read_bytes()
        aws("s3", "cp", "s3://secrets/customers", str(back), refused="400")
        unknown = ("--sse", "aws:kms", "--sse-kms-key-id", "unknown")
        aws("s3", "cp", *unknown, str(file), "s3://secrets/unknown", refused="InvalidRequest")
        assert not is_on_the_disk(tmp_path)
        aws("s3", "cp", "--quiet", str(file), "s3://secrets/plain")
        assert is_on_the_disk(tmp_path)


def test_a_key_is_retired(clients: Path, tmp_path: Path, file: Path) -> None:
    back = tmp_path / "back"
    with encrypting(tmp_path, ("2025",), default="on") as aws:
        aws("s3", "mb", "s3://secrets")
        aws("s3", "cp", "--quiet", str(file), "s3://secrets/dir/key")
    with encrypting(tmp_path, ("2025", "2026"), default="on") as aws:
        assert aws.read("dir/key", back) == file.read_bytes()
        aws("s3", "cp", "--quiet", "--recursive", "--sse", "AES256", "s3://secrets/", "s3://secrets/")
    with encrypting(tmp_path, ("2026",), default="on") as aws:
        assert aws.read("dir/key", back) == file.read_bytes()
    assert not is_on_the_disk(tmp_path)
