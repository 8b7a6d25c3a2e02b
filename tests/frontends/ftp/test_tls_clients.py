"""Clients that people use, over TLS: Python's ftplib, curl, lftp."""

import asyncio
import ftplib
import io
from pathlib import Path

import pytest

from gateway.core.types import Key
from tests.frontends.ftp.certificates import Files, make
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.secure import trusting
from tests.frontends.ftp.test_clients import DATA, run
from tests.frontends.ftp.world import HOST, SECONDS, World

STORES = ("catalog",)

HOST_NAME = "ftp.example"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return make(tmp_path, HOST_NAME)


@pytest.fixture
async def world(serve: Serve, files: Files) -> World:
    return await serve(tls={**files, "mode": "required", "implicit_port": 0})


async def curl(world: World, files: Files, path: str, *options: str | Path, implicit: bool = False) -> str:
    """curl, which checks the certificate, and whether it is for the host."""
    port, scheme = (world.frontend.ports["ftps"], "ftps") if implicit else (world.port, "ftp")
    trust = ("--cacert", files["certificate"], "--resolve", f"{HOST_NAME}:{port}:{HOST}")
    url = f"{scheme}://{HOST_NAME}:{port}{path}"
    user = ("--user", "alice:alice-secret")
    return await run("curl", "--silent", "--show-error", "--ssl-reqd", *trust, *user, *options, url)


@pytest.mark.parametrize("version", (("--tls-max", "1.2"), ("--tlsv1.3",)), ids=("1.2", "1.3"))
@pytest.mark.parametrize("implicit", (False, True), ids=("explicit", "implicit"))
async def test_curl_sends_fetches_resumes_and_lists(
    world: World, files: Files, tmp_path: Path, version: tuple[str, ...], implicit: bool
) -> None:
    async def go(path: str, *options: str | Path) -> str:
        return await curl(world, files, path, *version, *options, implicit=implicit)

    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(DATA * 8)
    await go("/c/d/f", "--upload-file", source, "--ftp-create-dirs")
    assert await world.get("d/f") == DATA * 8
    await go("/c/d/f", "--output", copy)
    assert copy.read_bytes() == DATA * 8
    copy.write_bytes(DATA)
    await go("/c/d/f", "--continue-at", "-", "--output", copy)
    assert copy.read_bytes() == DATA * 8
    source.write_bytes(DATA * 9)
    await go("/c/d/f", "--continue-at", str(len(DATA) * 8), "--upload-file", source)
    assert await world.get("d/f") == DATA * 9
    assert await go("/c/d/", "--list-only") == "f\n"


@pytest.mark.parametrize("mode", ("active", "passive"))
async def test_curl_ends_protection_of_commands(serve: Serve, files: Files, tmp_path: Path, mode: str) -> None:
    world = await serve(tls=files)
    (tmp_path / "source").write_bytes(DATA)
    await curl(world, files, "/c/f", "--ftp-ssl-ccc-mode", mode, "--upload-file", tmp_path / "source")
    assert await world.get("f") == DATA


@pytest.mark.parametrize("version", (("--tls-max", "1.2"), ("--tlsv1.3",)), ids=("1.2", "1.3"))
async def test_curl_resumes_its_session_on_data_connections(
    serve: Serve, files: Files, tmp_path: Path, version: tuple[str, ...]
) -> None:
    world = await serve(tls={**files, "bind_data": True})
    (tmp_path / "source").write_bytes(DATA)
    await curl(world, files, "/c/f", *version, "--upload-file", tmp_path / "source")
    assert await world.get("f") == DATA
    assert await curl(world, files, "/c/", *version, "--list-only") == "f\n"


async def test_lftp_mirrors_both_ways(world: World, files: Files, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(12):
        path = source / f"d{number % 3}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA[: number * 9973])
    settings = (
        "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20; set ftp:ssl-force yes; "
        f"set ftp:ssl-protect-data yes; set ssl:ca-file {files['certificate']}; set ssl:check-hostname no; "
    )
    work = "mirror -R --parallel=3 source /c/m; mirror --parallel=3 /c/m copy; bye"
    login = ("-u", "alice,alice-secret", "-p", str(world.port))
    await run("lftp", *login, "-e", settings + work, HOST, cwd=tmp_path)
    for path in sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file()):
        assert (tmp_path / "copy" / path).read_bytes() == (source / path).read_bytes()
        assert (await world.store.stat(Key("c", f"m/{path}"))).size == (source / path).stat().st_size


async def test_ftplib_does_everything_it_can(world: World) -> None:
    def work() -> None:
        with ftplib.FTP_TLS(timeout=SECONDS, context=trusting()) as ftp:
            ftp.connect(HOST, world.port)
            with pytest.raises(ftplib.error_perm, match="530 Log in over TLS"):
                ftplib.FTP.login(ftp, "alice", "alice-secret")
            ftp.login("alice", "alice-secret")
            with pytest.raises(ftplib.error_perm, match="521"):
                ftp.nlst("/c")
            ftp.prot_p()
            ftp.cwd("/c")
            assert ftp.storbinary("STOR f", io.BytesIO(DATA * 8)) == "226 Transfer complete"
            whole, tail, lines = io.BytesIO(), io.BytesIO(), list[str]()
            ftp.retrbinary("RETR f", whole.write)
            ftp.retrbinary("RETR f", tail.write, rest=len(DATA) * 8 - 5)
            assert (whole.getvalue(), tail.getvalue()) == (DATA * 8, DATA[-5:])
            ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))
            ftp.retrlines("RETR text", lines.append)
            assert lines == ["one", "two"]
            assert [name for name, _ in ftp.mlsd()] == ["f", "text"]
            ftp.set_pasv(False)
            assert ftp.nlst() == ["f", "text"]

    await asyncio.to_thread(work)


async def test_ftplib_ends_protection_of_commands(serve: Serve, files: Files) -> None:
    world = await serve(tls=files)

    def work() -> None:
        with ftplib.FTP_TLS(timeout=SECONDS, context=trusting()) as ftp:
            ftp.connect(HOST, world.port)
            ftp.login("alice", "alice-secret")
            ftp.prot_p()
            ftp.ccc()
            assert ftp.nlst("/") == ["c"]

    await asyncio.to_thread(work)
