"""kill -9 in the middle of uploads: the old objects stand, nothing partial shows."""

from tests.e2e.portico import Server, serving
from tests.e2e.raw import ftp_transfer, s3, swift

OLD = b"old" * 100_000
NEW = b"new!" * (4 * 1024 * 1024)


def test_f24_a_killed_process_leaves_whole_objects_only(server: Server) -> None:
    names = ("by-s3", "by-swift", "by-ftp")
    assert s3(server).request("PUT", "box")[0] == 200
    for name in names:
        assert s3(server).request("PUT", f"box/{name}", OLD)[0] == 200
    length = {"Content-Length": str(len(NEW))}
    half = NEW[: len(NEW) // 2]
    with (
        s3(server).begin("PUT", "box/by-s3", length) as by_s3,
        swift(server).begin("PUT", "box/by-swift", length) as by_swift,
        swift(server).begin("PUT", "box/fresh", length) as fresh,
        ftp_transfer(server, "STOR box/by-ftp") as (_, by_ftp),
    ):
        for connection in (by_s3, by_swift, fresh):
            connection.send(half)
        by_ftp.sendall(half)
        server.kill()
    with serving(server.data) as again:
        door = s3(again)
        for name in names:
            assert door.request("GET", f"box/{name}") == (200, OLD)
        assert door.request("HEAD", "box/fresh")[0] == 404
        status, listing = swift(again).request("GET", "box")
        assert (status, listing.decode().split()) == (200, ["by-ftp", "by-s3", "by-swift"])
        assert door.request("PUT", "box/by-s3", NEW)[0] == 200
        assert door.request("GET", "box/by-s3") == (200, NEW)
        again.terminate()
        assert again.wait() == 0


def test_what_was_acknowledged_survives_kill_9(server: Server) -> None:
    assert s3(server).request("PUT", "box")[0] == 200
    for number in range(20):
        assert s3(server).request("PUT", f"box/{number}", b"%d" % number)[0] == 200
    server.kill()
    with serving(server.data) as again:
        for number in range(20):
            assert s3(again).request("GET", f"box/{number}") == (200, b"%d" % number)
