"""An account beside those of the configuration: an operator makes it, OpenStack's client uses it, kill -9 leaves it."""

from pathlib import Path

from tests.e2e.portico import Server, run, serving
from tests.e2e.raw import swift


def by_client(server: Server, *arguments: str) -> str:
    """What python-swiftclient prints, sent to the account by its storage URL."""
    known, door = server.credentials, server.endpoints["swift"]
    login = "-A", door, "-U", f"{known['account']}:{known['user']}", "-K", known["secret"]
    url = door.removesuffix("/auth/v1.0") + "/v1/AUTH_new"
    ended = run("swift", *login, "--os-storage-url", url, *arguments)
    assert ended.returncode == 0, (arguments, ended.stdout, ended.stderr)
    return ended.stdout


def at(server: Server, method: str, path: str = "") -> tuple[int, bytes]:
    """A request of the first operator, below `/v1/`."""
    door = swift(server)
    door.prefix = "/v1"
    return door.request(method, path)


def test_o01_an_account_that_an_operator_makes(server: Server, clients: Path, tmp_path: Path) -> None:
    assert at(server, "HEAD", "AUTH_new")[0] == 404
    assert at(server, "PUT", "AUTH_new")[0] == 201
    (tmp_path / "file").write_bytes(b"hello")
    by_client(server, "post", "-m", "Colour:blue")
    by_client(server, "upload", "box", str(tmp_path / "file"), "--object-name", "file")
    server.kill()
    with serving(server.data) as again:
        assert at(again, "GET")[1].split() == [b"AUTH_admin", b"AUTH_new"]
        told = {line.strip() for line in by_client(again, "stat").splitlines()}
        assert {"Account: AUTH_new", "Containers: 1", "Objects: 1", "Bytes: 5", "Meta Colour: blue"} <= told
        assert by_client(again, "list", "box").split() == ["file"]
        assert at(again, "DELETE", "AUTH_new")[0] == 409
        by_client(again, "delete", "box")
        assert at(again, "DELETE", "AUTH_new")[0] == 204
        assert at(again, "HEAD", "AUTH_new")[0] == 404
        assert at(again, "GET")[1].split() == [b"AUTH_admin"]
