"""ABOR in every state, breaks that leave nothing on the disk, and floods of logins."""

import asyncio
from pathlib import Path

import pytest

from tests.frontends.ftp.breaks import BREAKS, reset_data
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, download, send, until, upload

STORES = ("catalog",)

HALF = bytes(range(256)) * 4096 * 3  # 3 MiB


@pytest.mark.parametrize(
    ("lines", "code"),
    (
        ((), 530),
        (("USER alice",), 530),
        (("USER alice", "PASS wrong"), 530),
        (("USER alice", "PASS alice-secret"), 226),
        (("USER alice", "PASS alice-secret", "RNFR /c/f"), 226),
        (("USER alice", "PASS alice-secret", "REST 2"), 226),
        (("USER alice", "PASS alice-secret", "ALLO 9"), 226),
        (("USER alice", "PASS alice-secret", "EPSV"), 226),
        (("USER alice", "PASS alice-secret", "EPRT |1|127.0.0.1|9999|"), 226),
        (("USER alice", "PASS alice-secret", "REIN"), 530),
    ),
)
async def test_abor_is_answered_in_every_state(world: World, lines: tuple[str, ...], code: int) -> None:
    await world.put("f")
    client = await world.connect()
    for line in lines:
        await client.do(line)
    assert await client.code("ABOR") == code
    await client.do("USER alice")
    assert await client.code("PASS alice-secret") == 230
    assert await download(client, "RETR /c/f") == b"data"


@pytest.mark.parametrize("line", ("LIST -R /c", "NLST /c", "MLSD /c", "RETR /c/f", "STOR /c/g", "APPE /c/f", "STOU"))
async def test_abor_ends_every_kind_of_transfer(world: World, line: str) -> None:
    await world.put("f")
    client = await world.login()
    await client.do("CWD /c")
    await client.do("EPSV")
    assert await client.code(line) == 150
    assert await client.code("ABOR") == 426
    assert (await client.answer()).code == 226
    assert await download(client, "RETR /c/f") == b"data"
    assert await world.names() == ["f"]


async def test_uploads_that_break_leave_no_file_behind(serve: Serve, tmp_path: Path) -> None:
    def files() -> set[Path]:
        return {path for path in (tmp_path / "catalog").rglob("*") if path.is_file()}

    world = await serve(keep_partials=0)
    client = await world.login()
    assert (await upload(client, "STOR /c/f", HALF)).code == 226
    before = files()
    for give_up in (*BREAKS.values(), reset_data):
        for verb in ("STOR", "APPE"):
            client = await world.login()
            sock = await client.passive()
            assert await client.code(f"{verb} /c/f") == 150
            await send(sock, HALF)
            await give_up(client, sock)
            sock.close()
            await client.close()
    await until(lambda: world.frontend.connections <= 1)
    await until(lambda: files() == before)
    assert await world.get("f") == HALF
    assert await world.names() == ["f"]


async def test_a_flood_of_logins_keeps_nobody_out(serve: Serve) -> None:
    world = await serve(ban_after=0, login_attempts=5)

    async def guess(number: int) -> list[int]:
        client = await world.connect()
        return [await client.code(line) for line in (f"USER user{number}", "PASS guess", "USER alice", "PASS guess")]

    async with asyncio.TaskGroup() as group:
        guesses = [group.create_task(guess(number)) for number in range(100)]
        client = await world.login()
        assert await client.code("NOOP") == 200
    assert {tuple(each.result()) for each in guesses} == {(331, 530, 331, 530)}
