"""What a user sees of the process from its start to its end."""

import ftplib
import json
import signal
import socket
import sys
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from gateway import __version__
from tests.e2e.portico import ANY_PORT, Server, portico, run, serving
from tests.e2e.raw import Http, ftp, ftp_transfer, s3, swift


def test_the_first_start_prints_credentials_once_and_later_starts_keep_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as server:
        first = server.out.read_text()
        known = server.credentials
        assert s3(server).request("PUT", "kept")[0] == 200
        assert s3(server).request("PUT", "kept/object", b"bytes")[0] == 200
        server.terminate()
        assert server.wait() == 0
    assert first.count(f"  secret   {known['secret']}") == 1
    assert (known["account"], known["user"]) == ("admin", "admin")
    assert known["secret"] not in server.err.read_text()
    with serving(data) as server:
        assert known["secret"] not in server.out.read_text()
        assert server.credentials == known
        assert s3(server).request("GET", "kept/object") == (200, b"bytes")


def test_the_environment_sets_the_root_user(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, PORTICO_ROOT_USER="boss", PORTICO_ROOT_SECRET="chosen-secret") as server:
        text = server.out.read_text() + server.err.read_text()
        assert "chosen-secret" not in text
        assert not (data / "credentials.json").exists()
        line = next(line for line in text.splitlines() if "curl --user" in line and "ftp://" in line)
        assert run("bash", "-c", line, PORTICO_ROOT_SECRET="chosen-secret").returncode == 0
        assert run("bash", "-c", line, PORTICO_ROOT_SECRET="another-secret").returncode != 0


def test_the_printed_commands_work_when_pasted(server: Server, clients: Path, tmp_path: Path) -> None:
    lines = server.out.read_text().partition("Try:\n")[2].splitlines()
    programs = [next(word for word in line.split() if "=" not in word) for line in lines]
    assert programs == ["aws", "swift", "lftp", "curl", "curl"]
    for line in lines:
        done = run("bash", "-c", line, HOME=str(tmp_path))
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        assert "rror" not in done.stdout + done.stderr, (line, done.stdout, done.stderr)
    assert s3(server).request("HEAD", "first")[0] == 200


def test_run_json_tells_the_ports_and_goes_with_the_process(server: Server) -> None:
    told = server.told
    assert told["pid"] == server.process.pid
    assert told["version"] == __version__
    assert set(told["ports"]) == {"s3", "swift", "ftp", "admin"}
    assert told["started"].endswith("Z")
    for name, port in told["ports"].items():
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        assert f"  {name:<8}{told['endpoints'][name]}" in server.out.read_text()
        assert f":{port}" in told["endpoints"][name]
    server.terminate()
    assert server.wait() == 0
    assert not (server.data / "run.json").exists()


@pytest.mark.parametrize("name", ("s3", "swift", "ftp", "admin"))
def test_a_port_in_use_is_one_line(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = list(ANY_PORT)
        ports[ports.index(f"--{name}-port") + 1] = str(port)
        done = portico("serve", "--data", str(tmp_path / "data"), *ports)
    assert done.returncode == 1
    assert done.stderr == (
        f"portico: {name}: port {port} on 127.0.0.1 is taken; stop what uses it, "
        f"or choose another with --{name}-port or `frontends.{name}.port`\n"
    )
    assert done.stdout == ""
    assert not (tmp_path / "data" / "run.json").exists()
    assert not (tmp_path / "data" / "credentials.json").exists()


def test_a_second_process_on_the_same_data_is_one_line(server: Server) -> None:
    done = portico("serve", "--data", str(server.data), *ANY_PORT)
    assert done.returncode == 1
    assert done.stderr.startswith("portico: ")
    assert f"another portico runs on the data directory {server.data}" in done.stderr
    assert done.stderr.count("\n") == 1
    assert server.told["pid"] == server.process.pid
    assert s3(server).request("PUT", "still-alive")[0] == 200


def test_a_second_process_on_the_same_store_is_one_line(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        f"stores: {{main: {{type: catalog, path: {server.data}}}}}\nnamespaces: {{default: {{store: main}}}}\n"
    )
    done = portico("serve", "--config", str(file), "--data", str(tmp_path / "other"), *ANY_PORT)
    assert done.returncode == 1
    assert done.stderr.startswith(f"portico: store 'main' in {server.data} does not open: ")
    assert done.stderr.count("\n") == 1


def test_a_data_directory_that_can_not_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = portico("serve", "--data", str(tmp_path / "file" / "data"), *ANY_PORT)
    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_bad_configuration_keeps_it_from_starting(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("stores: {main: {type: memory}}\nfrontends: {s4: {}}\n")
    done = portico("serve", "--config", str(file), "--data", str(tmp_path / "data"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{file}:2:13: `frontends.s4` is not a key")
    assert not (tmp_path / "data").exists()
    missing = portico("serve", "--config", str(tmp_path / "none.yaml"))
    assert (missing.returncode, missing.stderr) == (
        1,
        f"{tmp_path}/none.yaml: cannot be read: No such file or directory\n",
    )


def test_check(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("accounts: [{name: t, users: [{name: u, secret: hunter2, role: admin}]}]\n")
    bad.write_text("accounts: [{name: t, users: [{name: u, secret: hunter2, rule: admin}]}]\nloop: x\n")
    done = portico("check", str(good))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "ok"
    assert "accounts: t (1 user)" in done.stdout
    done = portico("check", str(bad))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"{bad}:1:57: `accounts[0].users[0].rule` is not a key that is known here; did you mean 'role'?",
        f"{bad}:2:1: `loop` should be 'asyncio' or 'uvloop'",
    ]


@pytest.mark.parametrize(
    "arguments",
    (("nonsense",), ("serve", "--s3-port", "x"), ("serve", "--s3-port", "70000"), ("check",), ("version", "x")),
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = portico(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage:" in done.stderr


def test_help_and_version() -> None:
    assert portico("version").stdout == f"portico {__version__}\n"
    for command in ("serve", "check", "version"):
        done = portico(command, "--help")
        assert done.returncode == 0
        assert "Example" in done.stdout
    assert portico("--help").returncode == 0


def test_version_is_quick_because_it_loads_little() -> None:
    program = "import sys; sys.argv[1:] = ['version']\ntry:\n from gateway.cli import main; main()\nfinally:\n"
    program += " print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = run(sys.executable, "-c", program, COVERAGE_PROCESS_CONFIG="", COVERAGE_PROCESS_START="")
    loaded = done.stdout.split()
    assert not {"aiohttp", "yaml", "structlog", "botocore", "sqlite3", "alembic", "asyncio"} & set(loaded)


def test_a_frontend_that_is_off_has_no_port(tmp_path: Path) -> None:
    ports = "--s3-port", "0", "--admin-port", "0"
    off = {f"PORTICO_FRONTENDS__{name}": "null" for name in ("FTP", "SWIFT")}
    off["PORTICO_FRONTENDS__FTP__PASSIVE_PORTS"] = ""  # a setting of a frontend would open it again
    with serving(tmp_path / "data", ports=ports, **off) as server:
        assert set(server.ports) == {"s3", "admin"}
        assert "swift" not in server.out.read_text()


def test_logs_are_json_where_no_person_reads_them_and_hold_no_secret(server: Server) -> None:
    secret = server.credentials["secret"]
    assert s3(server).request("PUT", "logged")[0] == 200
    assert s3(server).request("GET", "logged/nothing")[0] == 404
    server.terminate()
    assert server.wait() == 0
    text = server.err.read_text()
    assert secret not in text
    lines = [json.loads(line) for line in text.splitlines()]
    accesses = [line for line in lines if line["event"] == "access"]
    assert [(line["operation"], line["status"], line["principal"]) for line in accesses] == [
        ("CreateBucket", 200, "admin:admin"),
        ("GetObject", 404, "admin:admin"),
    ]
    assert all(line["request_id"] and line["client"] == "127.0.0.1" and line["ms"] > 0 for line in accesses)
    assert lines[-1]["event"] == "stopped"


def test_no_secret_reaches_any_log_or_the_admin_port(tmp_path: Path) -> None:
    with serving(tmp_path / "data", PORTICO_LOG__LEVEL="debug") as server:
        known, wrong = server.credentials, "wr0ng-passw0rd"
        by_s3, by_swift, by_ftp = s3(server), swift(server), ftp(server)
        assert by_s3.request("PUT", "box") == (200, b"")
        assert by_swift.request("GET", "box") == (204, b"")
        assert by_ftp.nlst("/") == ["box"]
        by_ftp.close()
        with ftplib.FTP(timeout=60) as stranger:
            stranger.connect("127.0.0.1", server.ports["ftp"])
            with pytest.raises(ftplib.error_perm, match="530"):
                stranger.login(known["user"], wrong)
        assert Http(server.ports["s3"], credentials=Credentials(known["user"], wrong)).request("GET", "")[0] == 403
        assert Http(server.ports["swift"], by_swift.prefix, token=f"AUTH_tk{wrong}").request("GET", "box")[0] == 401
        told = [Http(server.ports["admin"]).request("GET", path)[1].decode() for path in ("", "metrics", "readyz")]
        server.terminate()
        assert server.wait() == 0
        text = "".join((*told, server.err.read_text()))
        hidden = (
            known["secret"],
            wrong,
            by_swift.token,
            (server.data / "token.key").read_bytes().hex(),
            "X-Amz-Signature",
        )
        assert [secret for secret in hidden if secret in text] == []


def test_the_admin_port_answers(server: Server) -> None:
    admin = Http(server.ports["admin"])
    assert admin.request("GET", "healthz") == (200, b"ok\n")
    assert admin.request("GET", "readyz")[0] == 200
    assert s3(server).request("PUT", "counted")[0] == 200
    metrics = admin.request("GET", "metrics")[1].decode()
    assert 'portico_requests_total{operation="CreateBucket",protocol="s3",status="2xx"} 1.0' in metrics
    page = admin.request("GET", "")[1].decode()
    assert server.endpoints["s3"] in page
    assert server.credentials["secret"] not in page


def test_sigint_ends_it_as_sigterm_does(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)
    assert server.wait() == 0


def test_uvloop_serves_too(tmp_path: Path) -> None:
    with serving(tmp_path / "data", PORTICO_LOOP="uvloop") as server:
        body = bytes(range(256)) * 100_000
        assert s3(server).request("PUT", "fast")[0] == 200
        assert s3(server).request("PUT", "fast/object", body)[0] == 200
        assert s3(server).request("GET", "fast/object") == (200, body)
        assert swift(server).request("GET", "fast/object") == (200, body)
        with ftp_transfer(server, "RETR fast/object") as (control, data), data.makefile("rb") as file:
            assert file.read() == body
            assert control.voidresp().startswith("226")
        server.terminate()
        assert server.wait() == 0
        assert '"error"' not in server.err.read_text()


def test_accounts_of_a_configuration_are_all_there_are(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("accounts: [{name: t, users: [{name: u, secret: hunter2, role: admin}]}]\n")
    options = (*ANY_PORT, "--config", str(file))
    with serving(tmp_path / "data", options, PORTICO_ROOT_SECRET="chosen-secret") as server:
        assert "Try:" not in server.out.read_text()
        assert not (server.data / "credentials.json").exists()
        known = Credentials("u", "hunter2")
        assert Http(server.ports["s3"], credentials=known).request("PUT", "box")[0] == 200
        root = Credentials("admin", "chosen-secret")
        assert Http(server.ports["s3"], credentials=root).request("GET", "")[0] == 403
        server.terminate()
        assert server.wait() == 0
        assert "PORTICO_ROOT_SECRET without effect" in server.err.read_text()
        assert "hunter2" not in server.err.read_text()
