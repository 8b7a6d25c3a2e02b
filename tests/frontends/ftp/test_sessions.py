"""Logins, limits and the order of commands."""

import asyncio

import pytest

from gateway.frontends.ftp.commands import COMMANDS
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import World, download, send


async def test_a_login_opens_the_tree(world: World) -> None:
    client = await world.login()
    assert (await client.do("PWD")).text.startswith('"/"')
    assert await client.code("CWD c") == 250
    assert (await client.do("PWD")).text.startswith('"/c"')
    assert await client.code("QUIT") == 221
    assert await client.at_end()


async def test_names_that_two_accounts_have_take_the_account(world: World) -> None:
    await world.login("other:twin", "twin2-secret")
    await world.login("test:twin", "twin-secret")
    client = await world.connect()
    assert await client.code("USER twin") == 331
    assert await client.code("PASS twin-secret") == 530


@pytest.mark.parametrize("name", ("alice", "nobody", "test:alice", "\u00e9"))
@pytest.mark.parametrize("secret", ("", "wrong", "alice-secret ", "\\udcff", "walter-secret"))
async def test_f04_wrong_and_empty_passwords_are_refused_for_known_and_unknown_names(
    world: World, name: str, secret: str
) -> None:
    client = await world.connect()
    assert await client.code(f"USER {name}") == 331
    assert await client.code(f"PASS {secret}") == 530
    assert await client.code("PWD") == 530
    assert await client.code("USER alice") == 331
    assert await client.code("PASS alice-secret") == 230


async def test_f04_a_password_that_is_no_text_is_refused(world: World) -> None:
    client = await world.connect()
    assert await client.code("USER alice") == 331
    assert await client.code(b"PASS \xfe\x80\r\n") == 530


async def test_f04_too_many_wrong_passwords_end_the_session(serve: Serve) -> None:
    world = await serve(login_attempts=3, login_delay=0.01)
    client = await world.connect()
    codes = []
    for _ in range(3):
        await client.do("USER alice")
        codes.append(await client.code("PASS wrong"))
    assert codes == [530, 530, 421]
    assert await client.at_end()


async def test_nothing_but_the_login_is_open_to_strangers(world: World) -> None:
    client = await world.connect()
    for line in ("PWD", "LIST", "RETR /c/f", "STOR /c/f", "PASV", "TYPE I", "SITE HELP", "STAT", "REST 1", "ABOR"):
        assert await client.code(line) == 530, line
    for line, code in (("FEAT", 211), ("SYST", 215), ("HELP", 214), ("NOOP", 200), ("OPTS UTF8 ON", 200)):
        assert await client.code(line) == code, line
    assert await client.code("PASS alice-secret") == 503
    assert await client.code("USER") == 501


async def test_a_new_user_name_ends_the_old_login(world: World) -> None:
    client = await world.login()
    assert await client.code("PASS alice-secret") == 503
    assert await client.code("CWD /c") == 250
    assert await client.code("USER rita") == 331
    assert await client.code("PWD") == 530
    assert await client.code("PASS rita-secret") == 230
    assert (await client.do("PWD")).text.startswith('"/"')


async def test_pipelined_commands_are_answered_in_order(world: World) -> None:
    await world.put("d/f")
    client = await world.connect()
    await client.send(
        b"USER alice\r\nPASS alice-secret\r\nPWD\r\nCWD c/d\r\nPWD\r\nMKD x\r\nCWD x\r\nPWD\r\nSIZE ../f\r\nQUIT\r\n"
    )
    answers = [await client.answer() for _ in range(10)]
    assert [answer.code for answer in answers] == [331, 230, 257, 250, 257, 257, 250, 257, 213, 221]
    assert [answers[place].text.split('"')[1] for place in (2, 4, 7)] == ["/", "/c/d", "/c/d/x"]


async def test_ten_thousand_pipelined_commands_are_answered_in_bounded_memory(world: World) -> None:
    client = await world.login()
    lines = b"".join(b"NOOP\r\nCWD /c\r\n" if number % 2 else b"PWD\r\nTYPE I\r\n" for number in range(5000))

    async def read() -> list[int]:
        return [(await client.answer()).code for _ in range(10000)]

    answers = asyncio.create_task(read())
    await client.send(lines)
    assert await answers == [257, 200, 200, 250] * 2500


async def test_rest_survives_what_clients_send_before_the_transfer(world: World) -> None:
    await world.put("f", b"0123456789")
    client = await world.login()
    assert await client.code("REST 7") == 350
    assert await download(client, "RETR /c/f") == b"789"
    assert await download(client, "RETR /c/f") == b"0123456789"


async def test_help_and_features_are_made_from_the_command_table(world: World) -> None:
    client = await world.connect()
    verbs = {verb for line in (await client.do("HELP")).lines[1:-1] for verb in line.split()}
    assert verbs == set(COMMANDS) - {"AUTH", "PBSZ", "PROT", "CCC", "SITE UTIME"}
    assert (await client.do("help retr")).text == "Syntax: RETR path"
    assert (await client.do("HELP QUIT")).text == "Syntax: QUIT"
    assert await client.code("HELP XYZ") == 502
    features = {line.strip() for line in (await client.do("FEAT")).lines[1:-1]}
    assert features >= {"UTF8", "EPSV", "SIZE", "MDTM", "MFMT", "MFCT", "REST STREAM", "RANG STREAM", "TVFS"}
    assert not [line for line in features if line.startswith("MLSD")]


async def test_f42_connections_are_limited_in_all(serve: Serve) -> None:
    world = await serve(max_connections=2)
    first, _ = await world.login(), await world.connect()
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    assert (await reader.readline()).startswith(b"421 ")
    assert await reader.read() == b""
    writer.close()
    await first.do("QUIT")
    assert await first.at_end()
    await world.login()


async def test_f42_connections_are_limited_by_address(serve: Serve) -> None:
    world = await serve(max_connections_per_ip=1)
    await world.connect()
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    assert (await reader.readline()).startswith(b"421 ")
    writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, local_addr=("127.0.0.2", 0))
    assert (await reader.readline()).startswith(b"220 ")
    writer.close()


async def test_strangers_are_sent_away_however_busy_they_are(serve: Serve) -> None:
    world = await serve(login_timeout=0.3, idle_timeout=30)
    client = await world.connect()
    codes: list[int] = []
    while not codes or codes[-1] == 200:
        codes.append(await client.code("NOOP"))
        await asyncio.sleep(0.02)
    assert codes[-1] == 421
    assert await client.at_end()


async def test_idle_sessions_are_closed(serve: Serve) -> None:
    world = await serve(idle_timeout=0.3)
    client = await world.login()
    assert (await client.answer()).code == 421
    assert await client.at_end()


async def test_a_transfer_is_not_idle(serve: Serve) -> None:
    world = await serve(idle_timeout=1.0)
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/slow")).code == 150
        for _ in range(3):
            await send(sock, b"x")
            await asyncio.sleep(0.7)
    assert (await client.answer()).code == 226
    assert await world.get("slow") == b"xxx"


async def test_drain_lets_transfers_finish_and_sends_the_idle_away(world: World) -> None:
    idle, busy = await world.login(), await world.login()
    sock = await busy.passive()
    assert (await busy.do("STOR /c/f")).code == 150
    draining = asyncio.create_task(world.frontend.drain(20))
    assert (await idle.answer()).code == 421
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", world.port)
    await send(sock, b"whole")
    sock.close()
    assert (await busy.answer()).code == 226
    assert (await busy.answer()).code == 421
    await draining
    assert await world.get("f") == b"whole"


async def test_drain_cancels_what_takes_too_long(world: World) -> None:
    await world.put("f", b"old")
    client = await world.login()
    with await client.passive() as sock:
        assert (await client.do("STOR /c/f")).code == 150
        await send(sock, b"half")
        await world.frontend.drain(0.05)
    assert world.frontend.connections == 0
    assert await world.get("f") == b"old"
    assert [(event.operation, event.error) for event in world.events] == [("STOR", "Cancelled")]


async def test_a_thousand_idle_connections_leave_room_for_work(serve: Serve) -> None:
    world = await serve(max_connections=2000, max_connections_per_ip=2000)
    crowd = [await asyncio.open_connection("127.0.0.1", world.port) for _ in range(1000)]
    client = await world.login()
    assert await client.code("CWD /c") == 250
    for _, writer in crowd:
        writer.close()
    assert await client.code("QUIT") == 221
