"""SIGTERM: what is running may finish, nothing new comes in."""

import http.client
import json
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.portico import Server, serving, wait_until
from tests.e2e.raw import Http, digest, ftp_transfer, s3, swift

SIZE = 32 * 1024 * 1024
DATA = bytes(range(256)) * (SIZE // 256)
NARROW = 64 * 1024


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


def readiness(port: int) -> tuple[int, str]:
    status, answer = Http(port).request("GET", "readyz")
    return status, json.loads(answer)["reasons"].get("process", "")


def stored(server: Server) -> None:
    assert s3(server).request("PUT", "box")[0] == 200
    assert s3(server).request("PUT", "box/large", DATA)[0] == 200


def test_running_transfers_finish_while_all_doors_are_shut(server: Server) -> None:
    stored(server)
    ports = server.ports
    with (
        s3(server).begin("GET", "box/large") as by_s3,
        swift(server).begin("GET", "box/large") as by_swift,
        swift(server).begin("PUT", "box/sent", {"Content-Length": str(SIZE)}) as sending,
        ftp_transfer(server, "RETR box/large") as (control, by_ftp),
    ):
        answers = [by_s3.getresponse(), by_swift.getresponse()]
        sending.send(DATA[: SIZE // 2])
        first = by_ftp.recv(NARROW)
        server.terminate()
        for name in ("s3", "swift", "ftp"):
            wait_until(partial(refused, ports[name]))
        assert readiness(ports["admin"]) == (503, "draining")
        sending.send(DATA[SIZE // 2 :])
        assert sending.getresponse().status == 201
        assert [digest(answer.read()) for answer in answers] == [digest(DATA)] * 2
        received = [first]
        while piece := by_ftp.recv(1 << 20):
            received.append(piece)
        assert digest(b"".join(received)) == digest(DATA)
        assert control.voidresp().startswith("226")
    assert server.wait() == 0
    with serving(server.data) as again:
        assert digest(s3(again).request("GET", "box/sent")[1]) == digest(DATA)


def test_transfers_that_take_too_long_are_cut(tmp_path: Path) -> None:
    with serving(tmp_path / "data", PORTICO_DRAIN_SECONDS="0.2") as server:
        stored(server)
        with (
            s3(server).begin("GET", "box/large") as stalled,
            swift(server).begin("PUT", "box/half", {"Content-Length": str(SIZE)}) as sending,
            ftp_transfer(server, "STOR box/half-by-ftp") as (_, data),
        ):
            answer = stalled.getresponse()
            sending.send(DATA[: SIZE // 2])
            data.sendall(DATA[: SIZE // 2])
            server.terminate()
            assert server.wait() == 0
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()
    with serving(server.data) as again:
        assert s3(again).request("HEAD", "box/half")[0] == 404
        assert s3(again).request("HEAD", "box/half-by-ftp")[0] == 404


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_a_second_signal_stops_at_once(server: Server, number: signal.Signals) -> None:
    stored(server)
    with s3(server).begin("GET", "box/large") as stalled:
        stalled.getresponse()
        server.terminate()
        wait_until(lambda: refused(server.ports["s3"]) if (server.data / "run.json").exists() else True)
        server.process.send_signal(number)
        assert server.wait() == 128 + number
    assert not (server.data / "run.json").exists()
