"""Real clients against a real process."""

import hashlib
import os
from pathlib import Path

import pytest

from tests.e2e.portico import ROOT, Server, run


@pytest.mark.timeout(600)
def test_the_tour(server: Server, clients: Path, tmp_path: Path) -> None:
    """The round trip of three clients over one tree, with a file of 300 MB."""
    script = str(ROOT / "examples" / "tour.sh")
    done = run(script, timeout=580, PORTICO_DATA=str(server.data), TMPDIR=str(tmp_path))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "every door shows the same tree" in done.stdout


def test_rclone_copies_a_tree_from_door_to_door(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    obscured = run("rclone", "obscure", known["secret"]).stdout.strip()
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[s3]\ntype = s3\nprovider = Other\naccess_key_id = {known['user']}\nsecret_access_key = {known['secret']}\n"
        f"endpoint = {server.endpoints['s3']}\nregion = us-east-1\n"
        f"[swift]\ntype = swift\nauth = {server.endpoints['swift']}\nauth_version = 1\n"
        f"user = {known['account']}:{known['user']}\nkey = {known['secret']}\n"
        f"[ftp]\ntype = ftp\nhost = 127.0.0.1\nport = {server.ports['ftp']}\n"
        f"user = {known['user']}\npass = {obscured}\n"
    )

    def rclone(*arguments: str) -> str:
        done = run("rclone", "--config", str(config), "--retries", "1", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    tree = tmp_path / "tree"
    for name, size in (("a.txt", 1), ("deep/er/b.bin", 3_000_000), ("deep/ünï & 100%.txt", 5), ("empty", 0)):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(os.urandom(size))
    rclone("copy", str(tree), "s3:one")
    rclone("copy", "s3:one", "swift:two")
    rclone("copy", "swift:two", "ftp:three")
    rclone("check", "--download", "ftp:three", str(tree))
    rclone("check", "--download", "s3:three", "swift:one")
    expected = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    for door in ("s3", "swift", "ftp"):
        assert sorted(rclone("lsf", "--recursive", "--files-only", f"{door}:three").splitlines()) == expected


def test_boto3_reads_what_swiftclient_wrote(server: Server, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    program = tmp_path / "client.py"
    program.write_text(
        "import hashlib, sys, boto3, swiftclient\n"
        "s3_url, swift_url, account, user, secret = sys.argv[1:]\n"
        "swift = swiftclient.Connection(swift_url, f'{account}:{user}', secret)\n"
        "swift.put_container('c')\n"
        "etag = swift.put_object('c', 'o', b'x' * 100_000, headers={'X-Object-Meta-Colour': 'blue'})\n"
        "s3 = boto3.client('s3', endpoint_url=s3_url, aws_access_key_id=user, aws_secret_access_key=secret,"
        " region_name='us-east-1')\n"
        "found = s3.get_object(Bucket='c', Key='o')\n"
        "assert found['Body'].read() == b'x' * 100_000\n"
        "assert found['ETag'] == f'\"{etag}\"', (found['ETag'], etag)\n"
        "assert found['Metadata'] == {'colour': 'blue'}, found['Metadata']\n"
        "s3.put_object(Bucket='c', Key='p', Body=b'y', Metadata={'shape': 'round'})\n"
        "headers, body = swift.get_object('c', 'p')\n"
        "assert (body, headers['x-object-meta-shape']) == (b'y', 'round'), headers\n"
        "print(hashlib.md5(body).hexdigest(), headers['etag'])\n"
    )
    addresses = server.endpoints["s3"], server.endpoints["swift"]
    done = run(str(clients / "python"), str(program), *addresses, known["account"], known["user"], known["secret"])
    assert done.returncode == 0, done.stderr
    digest = hashlib.md5(b"y", usedforsecurity=False).hexdigest()
    assert done.stdout.split() == [digest, digest]
