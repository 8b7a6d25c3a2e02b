"""PASV, EPSV, PORT, EPRT, and who may connect."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import HOST, Client, World, download, free_ports, receive, until


def pasv_port(text: str) -> int:
    match = re.search(r"\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)", text)
    assert match, text
    return int(match[2]) * 256 + int(match[3])


def epsv_port(text: str) -> int:
    match = re.search(r"\(\|\|\|(\d+)\|\)", text)
    assert match, text
    return int(match[1])


async def connect(port: int, source: str = HOST) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind((source, 0))
    await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    return sock


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[socket.socket, int]]:
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.bind((HOST, 0))
        sock.listen()
        yield sock, sock.getsockname()[1]


async def logged_in_from(world: World, source: str) -> Client:
    client = Client(*await asyncio.open_connection(HOST, world.port, local_addr=(source, 0)))
    world.clients.append(client)
    await client.answer()
    await client.do("USER alice")
    assert await client.code("PASS alice-secret") == 230
    return client


async def test_pasv_and_epsv_name_a_port_that_is_open(world: World) -> None:
    await world.put("f")
    client = await world.login()
    for line, port_of in (("PASV", pasv_port), ("EPSV", epsv_port), ("EPSV 1", epsv_port)):
        sock = await connect(port_of((await client.do(line)).text))
        assert await client.code("RETR /c/f") == 150
        assert await receive(sock) == b"data"
        assert (await client.answer()).code == 226


async def test_a_client_may_connect_after_the_announcement(world: World) -> None:
    await world.put("f")
    client = await world.login()
    port = epsv_port((await client.do("EPSV")).text)
    assert await client.code("RETR /c/f") == 150
    assert await receive(await connect(port)) == b"data"
    assert (await client.answer()).code == 226


async def test_transfers_without_a_connection_are_refused(serve: Serve) -> None:
    world = await serve(data_timeout=0.1)
    await world.put("f")
    client = await world.login()
    assert await client.code("RETR /c/f") == 425
    assert await client.code("EPSV") == 229
    assert await client.code("RETR /c/f") == 150
    assert (await client.answer()).code == 425
    assert await client.code("STOR /c/g") == 425
    assert await world.names() == ["f"]


async def test_each_agreement_holds_for_one_transfer(world: World) -> None:
    await world.put("f")
    client = await world.login()
    assert await download(client, "RETR /c/f") == b"data"
    assert await client.code("RETR /c/f") == 425


async def test_a_new_agreement_ends_the_old_one(world: World) -> None:
    await world.put("f")
    client = await world.login()
    with closing(await client.passive()) as old:
        assert await download(client, "RETR /c/f") == b"data"
        assert await receive(old) == b""


async def test_epsv_all_leaves_nothing_but_epsv(world: World) -> None:
    client = await world.login()
    assert await client.code("EPSV ALL") == 200
    for line in ("PASV", "PORT 127,0,0,1,200,200", "EPRT |1|127.0.0.1|9999|"):
        assert await client.code(line) == 501, line
    assert await client.code("EPSV") == 229
    assert await client.code("EPSV 2") == 522
    assert await client.code("EPSV 7") == 522


async def test_f42_passive_ports_lie_in_the_range_and_are_all_used(serve: Serve) -> None:
    with free_ports(4) as ports:
        world = await serve(passive_ports=f"{ports[0]}-{ports[-1]}")
        clients = [await world.login() for _ in range(5)]
        found = {epsv_port((await client.do("EPSV")).text) for client in clients[:4]}
        assert found == set(ports)
        assert await clients[4].code("EPSV") == 425
        assert await clients[4].code("PASV") == 425
        assert await clients[0].code("QUIT") == 221
        assert await clients[0].at_end()
        assert await clients[4].code("EPSV") == 229


async def test_ports_never_run_out_however_often_they_are_asked_for(serve: Serve) -> None:
    with free_ports(2) as ports:
        world = await serve(passive_ports=f"{ports[0]}-{ports[-1]}", data_timeout=0.05)
        await world.put("f")
        client = await world.login()
        for number in range(40):
            line = ("EPSV", "PASV", "EPSV")[number % 3]
            assert await client.code(line) in (227, 229)
            if number % 8 == 0:
                assert await client.code("RETR /c/f") == 150
                assert (await client.answer()).code == 425
        vanishing = await world.login()
        await vanishing.do("EPSV")
        vanishing.reset()
        await until(lambda: world.frontend.connections == 1)
        for _ in range(5):
            assert await download(client, "RETR /c/f") == b"data"


async def test_ports_that_others_use_are_passed_over(serve: Serve) -> None:
    with free_ports(2) as ports, socket.socket() as taken:
        taken.bind((HOST, ports[0]))
        taken.listen()
        world = await serve(passive_ports=f"{ports[0]}-{ports[-1]}")
        client = await world.login()
        for _ in range(4):
            assert epsv_port((await client.do("EPSV")).text) == ports[1]


async def test_sessions_of_several_addresses_share_a_port(serve: Serve) -> None:
    with free_ports(1) as (port,):
        world = await serve(passive_ports=f"{port}-{port}")
        await world.put("one", b"1")
        await world.put("two", b"2")
        first, second = await world.login(), await logged_in_from(world, "127.0.0.2")
        for client in (first, second):
            assert epsv_port((await client.do("EPSV")).text) == port
        theirs, mine = await connect(port, "127.0.0.2"), await connect(port)
        assert await first.code("RETR /c/one") == 150
        assert await second.code("RETR /c/two") == 150
        assert await receive(mine) == b"1"
        assert await receive(theirs) == b"2"


async def test_a_data_connection_from_another_address_is_not_taken(world: World) -> None:
    await world.put("f", b"secret")
    client = await world.login()
    port = epsv_port((await client.do("EPSV")).text)
    thief = await connect(port, "127.0.0.3")
    assert await client.code("RETR /c/f") == 150
    assert await receive(thief) == b""
    assert await receive(await connect(port)) == b"secret"
    assert (await client.answer()).code == 226


async def test_only_the_first_connection_counts(world: World) -> None:
    await world.put("f")
    client = await world.login()
    port = epsv_port((await client.do("EPSV")).text)
    first, second = await connect(port), await connect(port)
    assert await receive(second) == b""
    assert await client.code("RETR /c/f") == 150
    assert await receive(first) == b"data"
    late = await connect(port)
    assert await receive(late) == b""


async def test_f42_pasv_tells_the_masquerade_address(serve: Serve) -> None:
    world = await serve(masquerade_address="203.0.113.7")
    client = await world.login()
    assert "(203,0,113,7," in (await client.do("PASV")).text


async def test_port_and_eprt_are_served_to_the_clients_own_address(world: World) -> None:
    await world.put("f")
    client = await world.login()
    async with listening() as (sock, port):
        for line in (f"PORT 127,0,0,1,{port >> 8},{port & 255}", f"EPRT |1|127.0.0.1|{port}|"):
            assert await client.code(line) == 200
            assert await client.code("RETR /c/f") == 150
            accepted, (host, _) = await asyncio.get_running_loop().sock_accept(sock)
            assert host == HOST
            assert await receive(accepted) == b"data"
            assert (await client.answer()).code == 226


async def test_the_gateway_connects_to_nobody_else(world: World) -> None:
    client = await world.login()
    for line, code in (
        ("PORT 127,0,0,2,200,200", 501),
        ("PORT 127,0,0,1,0,22", 501),
        ("PORT 10,0,0,1,200,200", 501),
        ("EPRT |1|127.0.0.2|9999|", 501),
        ("EPRT |1|127.0.0.1|80|", 501),
        ("EPRT |2|::1|9999|", 501),
        ("EPRT |3|127.0.0.1|9999|", 522),
        ("PORT", 501),
        ("EPRT", 501),
    ):
        assert await client.code(line) == code, line
    assert await client.code("LIST") == 425


async def test_a_port_that_does_not_answer_is_told(serve: Serve) -> None:
    world = await serve(data_timeout=0.5)
    await world.put("f")
    client = await world.login()
    with free_ports(1) as (port,):
        assert await client.code(f"EPRT |1|127.0.0.1|{port}|") == 200
        assert await client.code("RETR /c/f") == 150
        assert (await client.answer()).code == 425


async def test_abor_ends_the_wait_for_a_port_that_says_nothing(world: World) -> None:
    """A port whose queue is full takes no more connections and refuses none."""
    client = await world.login()
    with socket.socket() as sock, socket.socket() as first, socket.socket() as second:
        sock.bind((HOST, 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex((HOST, port))
        assert await client.code(f"EPRT |1|127.0.0.1|{port}|") == 200
        await client.send(b"LIST /c\r\n")
        assert (await client.answer()).code == 150
        assert await client.code("ABOR") == 426
        assert (await client.answer()).code == 226


async def test_a_session_over_ipv6_uses_epsv(serve: Serve) -> None:
    world = await serve(host="::1")
    await world.put("f")
    client = Client(*await asyncio.open_connection("::1", world.port))
    world.clients.append(client)
    await client.answer()
    await client.do("USER alice")
    await client.do("PASS alice-secret")
    assert await client.code("PASV") == 425
    port = epsv_port((await client.do("EPSV 2")).text)
    assert await client.code("EPSV 1") == 522
    port = epsv_port((await client.do("EPSV")).text)
    sock = socket.socket(socket.AF_INET6)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("::1", port))
    assert await client.code("RETR /c/f") == 150
    assert await receive(sock) == b"data"


async def test_both_kinds_of_addresses_are_served_at_once(serve: Serve) -> None:
    world = await serve(host="::")
    await world.put("f")
    client = await world.login()
    assert "(127,0,0,1," in (await client.do("PASV")).text
    assert await download(client, "RETR /c/f") == b"data"
