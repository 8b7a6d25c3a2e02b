"""A directory of plain files behind all doors of a real process."""

import ftplib
import io
import os
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from tests.e2e.portico import ANY_PORT, Server, portico, run, serving
from tests.e2e.raw import Http, digest, ftp, s3, swift

DATA = b"dropped by a shell\n" * 10_000

CONFIG = """
stores:
  main: {{type: directory, path: {path}, bucket_depth: {depth}}}
namespaces:
  default: {{store: main}}
"""


def configured(tmp_path: Path, depth: int = 0) -> Path:
    file = tmp_path / "portico.yaml"
    file.write_text(CONFIG.format(path=tmp_path / "files", depth=depth))
    return file


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The directory."""
    return tmp_path / "files"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", (*ANY_PORT, "--config", str(configured(tmp_path)))) as server:
        yield server


def keys(answer: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(answer).iter() if element.tag.endswith("}Key")]


def retrieved(client: ftplib.FTP, path: str) -> bytes:
    taken = io.BytesIO()
    client.retrbinary(f"RETR {path}", taken.write)
    return taken.getvalue()


def test_check_understands_it(tmp_path: Path) -> None:
    done = portico("check", str(configured(tmp_path)))
    assert (done.returncode, "main (directory" in done.stdout) == (0, True), done.stdout + done.stderr
    assert not (tmp_path / "files").exists()
    done = portico("check", str(configured(tmp_path, depth=4)))
    assert done.returncode == 1
    assert "stores.main.bucket_depth" in done.stdout + done.stderr


def test_a_file_that_is_dropped_is_read_by_every_door(server: Server, root: Path) -> None:
    (root / "photos" / "2026").mkdir(parents=True)
    (root / "photos" / "2026" / "cat.jpg").write_bytes(DATA)
    assert s3(server).request("GET", "photos/2026/cat.jpg") == (200, DATA)
    assert swift(server).request("GET", "photos/2026/cat.jpg") == (200, DATA)
    with ftp(server) as client:
        assert retrieved(client, "/photos/2026/cat.jpg") == DATA
        assert client.nlst("/photos") == ["2026"]
    with s3(server).begin("HEAD", "photos/2026/cat.jpg", {}) as connection:
        answer = connection.getresponse()
        assert (answer.headers["ETag"], answer.headers["Content-Type"]) == (f'"{digest(DATA)}"', "image/jpeg")
    (root / "photos" / "2026" / "cat.jpg").write_bytes(b"another")
    assert s3(server).request("GET", "photos/2026/cat.jpg") == (200, b"another")
    (root / "photos" / "2026" / "cat.jpg").unlink()
    assert s3(server).request("GET", "photos/2026/cat.jpg")[0] == 404


def test_what_any_door_takes_is_a_plain_file(server: Server, root: Path) -> None:
    assert s3(server).request("PUT", "docs")[0] == 200
    with ftp(server) as client:
        client.mkd("/docs/in")
        client.storbinary("STOR /docs/in/ftp.txt", io.BytesIO(DATA))
        client.rename("/docs/in", "/docs/out")
    assert s3(server).request("PUT", "docs/s3/deep/er.txt", DATA)[0] == 200
    assert swift(server).request("PUT", "docs/swift.txt", DATA)[0] == 201
    found = {str(path.relative_to(root / "docs")) for path in (root / "docs").rglob("*.txt")}
    assert found == {"out/ftp.txt", "s3/deep/er.txt", "swift.txt"}
    assert all((root / "docs" / name).read_bytes() == DATA for name in found)
    assert keys(s3(server).request("GET", "docs")[1]) == ["out/", "out/ftp.txt", "s3/deep/er.txt", "swift.txt"]
    with ftp(server) as client:
        client.delete("/docs/out/ftp.txt")
        assert client.nlst("/docs") == ["out", "s3", "swift.txt"]
        client.rmd("/docs/out")
    assert s3(server).request("DELETE", "docs/s3/deep/er.txt")[0] == 204
    assert {path.name for path in (root / "docs").iterdir()} == {".portico", "swift.txt"}


def test_an_empty_folder_is_a_directory_over_ftp(server: Server, root: Path) -> None:
    (root / "photos" / "empty").mkdir(parents=True)
    with ftp(server) as client:
        assert client.nlst("/photos") == ["empty"]
        client.cwd("/photos/empty")
        assert client.nlst() == []
        client.storbinary("STOR file", io.BytesIO(DATA))
        client.rename("file", "../file")
    assert (root / "photos" / "file").read_bytes() == DATA
    assert (root / "photos" / "empty").is_dir()


def test_names_that_no_file_can_have_are_refused_with_words(server: Server) -> None:
    assert s3(server).request("PUT", "bucket")[0] == 200
    assert s3(server).request("PUT", "bucket/a", b"file")[0] == 200
    for name in ("a/b", "x//y", "long/" + "x" * 256):
        status, answer = s3(server).request("PUT", f"bucket/{name}", b"data")
        assert (status, b"This store" in answer or b"stands where" in answer) == (400, True), answer
    with ftp(server) as client, pytest.raises(ftplib.error_perm):
        client.storbinary("STOR /bucket/a/b", io.BytesIO(DATA))
    status, answer = s3(server).request("PUT", "bucket?versioning", _VERSIONING)
    assert status == 501, answer
    assert s3(server).request("GET", "bucket/a") == (200, b"file")


_VERSIONING = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'


def test_links_lead_nowhere_from_any_door(server: Server, root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"nobody's business")
    (root / "bucket").mkdir()
    os.symlink(tmp_path, root / "bucket" / "link")
    os.symlink(tmp_path / "secret", root / "bucket" / "file")
    os.symlink(tmp_path, root / "linked")
    for door in (s3(server), swift(server)):
        for name in ("bucket/link/secret", "bucket/file", "linked/secret"):
            assert door.request("GET", name)[0] == 404
            assert door.request("PUT", name, b"mine")[0] >= 400
            door.request("DELETE", name)
    with ftp(server) as client:
        assert client.nlst("/") == ["bucket"]
        assert client.nlst("/bucket") == []
        with pytest.raises(ftplib.error_perm):
            retrieved(client, "/bucket/link/secret")
    assert (tmp_path / "secret").read_bytes() == b"nobody's business"


def test_n01_buckets(server: Server, root: Path) -> None:
    door = s3(server)
    for name in ("alpha", "beta/"):
        assert door.request("PUT", name)[0] == 200
    assert (root / "alpha").is_dir()
    assert b"<Name>alpha</Name>" in door.request("GET", "")[1]
    for name in ("alpha", "alpha/"):
        assert door.request("HEAD", name)[0] == 200
        assert door.request("GET", name)[0] == 200
    assert door.request("HEAD", "gamma")[0] == 404
    assert door.request("PUT", "alpha/object", b"x")[0] == 200
    assert door.request("DELETE", "alpha")[0] == 409
    assert door.request("DELETE", "alpha/object")[0] == 204
    for name in ("alpha/", "beta"):
        assert door.request("DELETE", name)[0] == 204
    assert [path.name for path in root.iterdir()] == [".portico"]


def test_n02_objects(server: Server) -> None:
    door = s3(server)
    door.request("PUT", "bucket")
    for name in ("object", "with/many/slashes"):
        with door.begin("PUT", f"bucket/{name}", {"Content-Length": str(len(DATA))}) as connection:
            connection.send(DATA)
            answer = connection.getresponse()
            assert (answer.status, answer.headers["ETag"]) == (200, f'"{digest(DATA)}"')
        assert door.request("GET", f"bucket/{name}") == (200, DATA)
        with door.begin("HEAD", f"bucket/{name}") as connection:
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(DATA)))
        assert door.request("DELETE", f"bucket/{name}")[0] == 204
        assert door.request("HEAD", f"bucket/{name}")[0] == 404


def test_n03_listings(server: Server, root: Path, clients: Path, tmp_path: Path) -> None:
    known = server.credentials
    (root / "bucket").mkdir()
    names = sorted(f"{folder}/{number}" for folder in ("a", "b", "b.txt") for number in range(5))
    for name in names:
        (root / "bucket" / name).parent.mkdir(exist_ok=True)
        (root / "bucket" / name).write_bytes(name.encode())
    marker, pages = "b", []
    while marker:
        done = run(
            *("aws", "--endpoint-url", server.endpoints["s3"], "--region", "us-east-1", "s3api", "list-objects"),
            *("--bucket", "bucket", "--prefix", "b", "--marker", marker, "--max-keys", "4"),
            *("--delimiter", "|", "--no-paginate"),  # NextMarker is told where there is a delimiter
            *("--query", "[Contents[].Key, [NextMarker || '']]", "--output", "text"),
            AWS_ACCESS_KEY_ID=known["user"],
            AWS_SECRET_ACCESS_KEY=known["secret"],
            HOME=str(tmp_path),
        )
        assert done.returncode == 0, done.stderr
        rows = done.stdout.splitlines()
        pages.append(rows[0].split())
        marker = rows[1].strip() if len(rows) > 1 else ""
        assert marker in {"", pages[-1][-1]}
    assert [name for page in pages for name in page] == [name for name in names if name.startswith("b")]
    assert [len(page) for page in pages] == [4, 4, 2]


@pytest.mark.parametrize("depth", (0, 3))
def test_n04_depth_and_escape(tmp_path: Path, depth: int) -> None:
    with serving(tmp_path / "data", (*ANY_PORT, "--config", str(configured(tmp_path, depth)))) as server:
        door = s3(server)
        for bucket in ("bucket", "bucket-beside"):
            assert door.request("PUT", bucket)[0] == 200
        assert door.request("PUT", "bucket-beside/secret", b"x")[0] == 200
        for name in ("../bucket-beside/secret", "%2e%2e/bucket-beside/secret", "a/../../bucket-beside/secret", ".."):
            status, answer = door.request("GET", f"bucket/{name}")
            assert (status >= 400, answer == b"x") == (True, False)
        assert door.request("PUT", "bucket/deep/object", b"x")[0] == 200
        assert keys(door.request("GET", "bucket")[1]) == ["deep/object"]
        assert len([*(tmp_path / "files").glob("*/" * depth + "bucket/deep/object")]) == 1
        assert door.request("DELETE", "bucket/deep/object")[0] == 204
        assert door.request("DELETE", "bucket")[0] == 204


def test_n05_signatures_and_methods(server: Server) -> None:
    known = server.credentials
    forged = Http(server.ports["s3"], credentials=Credentials(known["user"], "wrong-secret"))
    assert forged.request("PUT", "bucket")[0] == 403
    assert forged.request("GET", "")[0] == 403
    assert s3(server).request("BREW", "bucket")[0] == 405
    assert s3(server).request("PUT", "bucket")[0] == 200


def test_a_process_that_is_killed_leaves_the_old_file(server: Server, root: Path, tmp_path: Path) -> None:
    door = s3(server)
    door.request("PUT", "bucket")
    door.request("PUT", "bucket/object", b"old")
    with door.begin("PUT", "bucket/object", {"Content-Length": str(2 * len(DATA))}) as connection:
        connection.send(DATA)
        deadline = time.monotonic() + 20
        while not [*(root / "bucket").glob(".portico/tmp/*")] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [*(root / "bucket").glob(".portico/tmp/*")]
        server.kill()
    assert (root / "bucket" / "object").read_bytes() == b"old"
    with serving(tmp_path / "data", (*ANY_PORT, "--config", str(configured(tmp_path)))) as again:
        assert [*(root / "bucket").glob(".portico/tmp/*")] == []
        assert s3(again).request("GET", "bucket/object") == (200, b"old")
