"""Clients that people have had for long, and rclone: ncftp, wget, tnftp, curl's patterns and quotes."""

import os
from pathlib import Path

import pytest

from tests.e2e.portico import CLIENTS
from tests.frontends.ftp.test_clients import DATA, curl, lftp, run
from tests.frontends.ftp.world import HOST, World

STORES = ("catalog",)

USER, SECRET = "alice", "alice-secret"


@pytest.mark.parametrize("mode", ("-F", "-E"), ids=("passive", "active"))
async def test_ncftp_puts_gets_lists_and_goes_on(world: World, tmp_path: Path, mode: str) -> None:
    login = ("-u", USER, "-p", SECRET, "-P", str(world.port), mode)
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "f").write_bytes(DATA)
    (tree / "sub" / "g").write_bytes(b"small")
    await run("ncftpput", *login, "-R", "-m", HOST, "/c/up", tree)
    assert await world.get("up/tree/f") == DATA
    assert await world.get("up/tree/sub/g") == b"small"
    (tmp_path / "f").write_bytes(DATA[:1000])
    await run("ncftpget", *login, "-z", HOST, tmp_path, "/c/up/tree/f")
    assert (tmp_path / "f").read_bytes() == DATA
    await run("ncftpget", *login, "-R", HOST, tmp_path, "/c/up/tree/sub")
    assert (tmp_path / "sub" / "g").read_bytes() == b"small"
    listed = await run("ncftpls", *login, "-l", f"ftp://{HOST}/c/up/tree/")
    assert [line.split()[-1] for line in listed.splitlines() if line[:1] in "-d"] == ["f", "sub"]


async def test_wget_fetches_trees_and_goes_on(world: World, tmp_path: Path) -> None:
    await world.put("t/f", DATA)
    await world.put("t/sub/g", b"small")
    login = ("--no-verbose", "--tries=1", f"--ftp-user={USER}", f"--ftp-password={SECRET}")
    url = f"ftp://{HOST}:{world.port}/c/t"
    await run("wget", *login, "--recursive", "--no-host-directories", "--no-parent", f"{url}/", cwd=tmp_path)
    assert (tmp_path / "c" / "t" / "f").read_bytes() == DATA
    assert (tmp_path / "c" / "t" / "sub" / "g").read_bytes() == b"small"
    (tmp_path / "f").write_bytes(DATA[:1000])
    await run("wget", *login, "--continue", f"{url}/f", cwd=tmp_path)
    assert (tmp_path / "f").read_bytes() == DATA
    again = await run(
        "wget", *login, "--timestamping", "--no-host-directories", "--force-directories", f"{url}/f", cwd=tmp_path
    )
    assert "saved" not in again
    await run("wget", *login, "--no-passive-ftp", "--output-document=active", f"{url}/*", cwd=tmp_path)
    assert (tmp_path / "active").read_bytes() == DATA


async def test_tnftp_works_through_a_script(world: World, tmp_path: Path) -> None:
    (tmp_path / "up").write_bytes(DATA)
    (tmp_path / "text").write_bytes(b"one\ntwo\n")
    (tmp_path / "script").write_text(
        f"user {USER} {SECRET}\nbinary\ncd /c\nmkdir d\ncd d\nput up\nascii\nput text\nbinary\nls . listing\n"
        "mls . . short\nrename up moved\nsize moved\nmodtime moved\nget moved back\nchmod 644 moved\n"
        "restart 1048570\nget moved tail\nmdelete text\nquote NOOP\nbye\n"
    )
    command = f"tnftp -n -i -v {HOST} {world.port} <script"
    said = await run("sh", "-c", command, cwd=tmp_path)
    assert (tmp_path / "back").read_bytes() == DATA
    assert {line.split()[-1] for line in (tmp_path / "listing").read_text().splitlines()} >= {"up", "text"}
    assert "1048576" in said
    assert await world.names() == ["d/", "d/moved"]


async def test_rclone_copies_checks_and_removes(world: World, tmp_path: Path) -> None:
    password = (await run(CLIENTS / "rclone", "obscure", SECRET)).strip()
    remote = f":ftp,host={HOST},port={world.port},user={USER},pass={password}:/c"
    source = tmp_path / "source"
    for number in range(12):
        path = source / f"d {number % 3}" / f"f{number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA[: number * 9973])
        os.utime(path, (981173106 + number, 981173106 + number))
    rclone = (CLIENTS / "rclone", "--config", tmp_path / "none", "--retries", "1")
    await run(*rclone, "sync", source, f"{remote}/copied")
    assert "0 differences" in await run(*rclone, "check", "--download", source, f"{remote}/copied")
    again = await run(*rclone, "sync", "--verbose", source, f"{remote}/copied")
    assert "Copied" not in again
    await run(*rclone, "moveto", f"{remote}/copied/d 0", f"{remote}/moved")
    await run(*rclone, "copy", f"{remote}/moved", tmp_path / "back")
    assert (tmp_path / "back" / "f9").read_bytes() == (source / "d 0" / "f9").read_bytes()
    await run(*rclone, "purge", f"{remote}/copied")
    assert [name for name in await world.names() if name.startswith("copied")] == []


async def test_curl_takes_patterns_sequences_and_quotes(world: World, tmp_path: Path) -> None:
    for number in range(3):
        await world.put(f"d/f{number}.txt", b"%d" % number)
    await world.put("d/other", b"other")
    assert await curl(world, "/c/d/f[0-2].txt") == "012"
    assert await curl(world, "/c/d/{other,f1.txt}") == "other1"
    await curl(
        world, "/c/d/other", "--output", tmp_path / "taken", "--quote", "-RNFR /c/d/other", "--quote", "-RNTO /c/d/done"
    )
    assert "d/done" in await world.names()
    one, two = tmp_path / "a", tmp_path / "b"
    one.write_bytes(b"1")
    two.write_bytes(b"2")
    await curl(world, "/c/up/", "--ftp-create-dirs", "--upload-file", f"{{{one},{two}}}")
    assert (await world.get("up/a"), await world.get("up/b")) == (b"1", b"2")
    assert "Last-Modified" in await curl(world, "/c/up/a", "--head")
    for method in ("multicwd", "nocwd", "singlecwd"):
        assert await curl(world, "/c/up/b", "--ftp-method", method) == "2"


async def test_lftp_goes_on_and_fetches_in_parts(world: World, tmp_path: Path) -> None:
    await world.put("f", DATA)
    await world.put("m/a", DATA)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a").write_bytes(DATA[:1000])
    await lftp(world, "pget -n 4 /c/f -o parts; mirror --continue /c/m m", tmp_path)
    assert (tmp_path / "parts").read_bytes() == DATA
    assert (tmp_path / "m" / "a").read_bytes() == DATA
