"""Clients that people use: Python's ftplib, curl, lftp."""

import asyncio
import ftplib
import io
import os
from pathlib import Path

import pytest

from gateway.core.types import Key
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import HOST, World, make_bucket, upload

STORES = ("memory", "catalog")

DATA = bytes(range(256)) * 4096  # 1 MiB


async def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a client that must succeed; what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def curl(world: World, path: str, *options: str | Path) -> str:
    url = f"ftp://{HOST}:{world.port}{path}"
    return await run("curl", "--silent", "--show-error", "--user", "alice:alice-secret", *options, url)


async def lftp(world: World, script: str, cwd: Path) -> str:
    settings = "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20; set ftp:ssl-allow no; "
    login = ("-u", "alice,alice-secret", "-p", str(world.port))
    return await run("lftp", *login, "-e", settings + script + "; bye", HOST, cwd=cwd)


async def test_ftplib_does_everything_it_can(world: World) -> None:
    def work() -> None:
        with world.ftp() as ftp:
            assert ftp.getwelcome().startswith("220 ")
            assert ftp.mkd("/c/d") == "/c/d"
            ftp.cwd("/c/d")
            assert ftp.pwd() == "/c/d"
            assert ftp.storbinary("STOR f", io.BytesIO(DATA)) == "226 Transfer complete"
            assert ftp.size("f") == len(DATA)
            assert ftp.nlst() == ["f"]
            ((name, facts),) = ftp.mlsd()
            assert (name, facts["type"], facts["size"]) == ("f", "file", str(len(DATA)))
            whole = io.BytesIO()
            ftp.retrbinary("RETR f", whole.write)
            assert whole.getvalue() == DATA
            tail = io.BytesIO()
            ftp.retrbinary("RETR f", tail.write, rest=len(DATA) - 5)
            assert tail.getvalue() == DATA[-5:]
            ftp.storlines("STOR text", io.BytesIO(b"one\ntwo\n"))
            lines: list[str] = []
            ftp.retrlines("RETR text", lines.append)
            assert lines == ["one", "two"]
            ftp.set_pasv(False)
            assert ftp.nlst("/c/d") == ["f", "text"]
            ftp.rename("f", "/c/g")
            ftp.delete("text")
            with pytest.raises(ftplib.error_perm, match="550"):
                ftp.rmd("/c")
            ftp.cwd("..")
            assert ftp.rmd("d").startswith("250")
            assert ftp.sendcmd("NOOP").startswith("200")

    await asyncio.to_thread(work)
    assert await world.names() == ["g"]


async def test_f25_ftplibs_abort_in_mid_download_leaves_the_session_usable(world: World) -> None:
    await world.put("f", DATA * 16)

    def work() -> None:
        with world.ftp() as ftp:
            ftp.voidcmd("TYPE I")
            data = ftp.transfercmd("RETR /c/f")
            data.recv(1000)
            assert ftp.abort().startswith(("426", "226"))
            data.close()
            while not (answer := ftp.getmultiline()).startswith("226"):
                assert answer.startswith("426")
            assert ftp.sendcmd("NOOP").startswith("200")

    await asyncio.to_thread(work)


async def test_curl_sends_fetches_resumes_and_lists(world: World, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(DATA)
    await curl(world, "/c/new/dir/f", "--upload-file", source, "--ftp-create-dirs")
    assert await world.get("new/dir/f") == DATA
    await curl(world, "/c/new/dir/f", "--output", copy)
    assert copy.read_bytes() == DATA
    copy.write_bytes(DATA[:1000])
    await curl(world, "/c/new/dir/f", "--continue-at", "-", "--output", copy)
    assert copy.read_bytes() == DATA
    assert await curl(world, "/c/new/dir/f", "--range", "10-19") == DATA[10:20].decode("latin-1")
    assert await curl(world, "/c/new/", "--list-only") == "dir\n"
    assert "drwxr-xr-x" in await curl(world, "/c/new/")
    assert "Content-Length: 1048576" in await curl(world, "/c/new/dir/f", "--head")
    await curl(world, "/c/new/dir/f", "--append", "--upload-file", source)
    assert await world.get("new/dir/f") == DATA * 2
    await curl(world, "/c/new/dir/f", "--ftp-port", "-", "--disable-eprt", "--output", copy)
    assert copy.read_bytes() == DATA * 2
    await curl(world, "/c/", "--quote", "RNFR /c/new", "--quote", "RNTO /c/old", "--list-only")
    assert "dir" in await curl(world, "/c/old/", "--request", "MLSD")
    await curl(world, "/", "--quote", "DELE /c/old/dir/f", "--quote", "*RMD /c/old/dir", "--list-only")
    assert await world.names() == ["old/"]


async def test_f41_curl_and_lftp_agree_on_names(world: World, tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    await curl(world, "/c/%E6%97%A5%E6%9C%AC%20%F0%9F%98%80", "--upload-file", tmp_path / "plain")
    assert await world.names() == ["日本 😀"]
    assert await lftp(world, 'cls -1 /c; cat "/c/日本 😀"', tmp_path) == "/c/日本 😀\nx"


async def test_lftp_mirrors_both_ways(world: World, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number in range(20):
        path = source / f"d{number % 4}" / f"sub {number % 3}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA[: number * 997])
    await lftp(world, "mirror -R --parallel=3 source /c/mirrored; mirror --parallel=3 /c/mirrored copy", tmp_path)
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    assert [path for path in files if (tmp_path / "copy" / path).read_bytes() != (source / path).read_bytes()] == []
    for path in files:
        assert (await world.store.stat(Key("c", f"mirrored/{path}"))).size == (source / path).stat().st_size
    again = await lftp(world, "mirror -R --verbose source /c/mirrored; mirror --verbose /c/mirrored copy", tmp_path)
    assert "Transferring" not in again


async def test_lftp_moves_removes_and_resumes(world: World, tmp_path: Path) -> None:
    await world.put("f", DATA)
    await make_bucket(world.store, "other")
    (tmp_path / "f").write_bytes(DATA[:5000])
    await lftp(world, "cd /c; get -c f; mkdir -p x/y; mv f x/y/g", tmp_path)
    assert (tmp_path / "f").read_bytes() == DATA
    assert await world.get("x/y/g") == DATA
    (tmp_path / "g").write_bytes(DATA + b"more")
    await lftp(world, "cd /c; reput g -o x/y/g; mv x z; rmdir /other", tmp_path)
    assert await world.get("z/y/g") == DATA + b"more"
    await lftp(world, "rm -r /c/z", tmp_path)
    assert await world.names() == []


async def test_lftp_goes_on_with_an_upload_that_broke(world: World, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(DATA)
    client = await world.login()
    await client.do(f"ALLO {len(DATA)}")
    assert (await upload(client, "STOR /c/f", DATA[:300_000])).code == 426
    await lftp(world, "cd /c; put -c f", tmp_path)
    assert await world.get("f") == DATA
    (event,) = [event for event in world.events if event.status == 226 and event.received]
    assert event.received == len(DATA) - 299_999


async def test_lftp_transfers_compressed_where_that_is_offered(serve: Serve, tmp_path: Path) -> None:
    world = await serve(offer_compression=True)
    text = b"the same line again and again\n" * 50_000
    (tmp_path / "f").write_bytes(text)
    await lftp(world, "cd /c; put f; get f -o g; cls -1", tmp_path)
    assert await world.get("f") == text == (tmp_path / "g").read_bytes()
    moved = {event.operation: event.received + event.sent for event in world.events}
    assert 0 < moved["STOR"] < len(text) // 10
    assert 0 < moved["RETR"] < len(text) // 10


async def test_lftp_keeps_times(world: World, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"data")
    os.utime(tmp_path / "f", (981173106, 981173106))
    await lftp(world, "cd /c; put f; get f -o g", tmp_path)
    assert (await world.store.stat(Key("c", "f"))).props.user == {"mtime": "981173106"}
    assert (tmp_path / "g").stat().st_mtime == 981173106
