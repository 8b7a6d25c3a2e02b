"""Load balancers before the gateway: PROXY headers, other data peers, masquerade by network and by name."""

import asyncio
import re
import socket

import pytest

from gateway.frontends.ftp import masquerade
from tests.frontends.ftp.conftest import Serve
from tests.frontends.ftp.world import HOST, SECONDS, Client, World, receive, send
from tests.unit.ftp.test_proxy import V4, binary

TEXT = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 21\r\n"
LOOPBACK = ["127.0.0.0/8"]


async def arrive(world: World, *pieces: bytes) -> Client:
    client = await world.open()
    for piece in pieces:
        await client.send(piece)
        await asyncio.sleep(0)
    return client


async def shown(client: Client) -> str:
    """The client's address as the session knows it."""
    return (await client.do("STAT")).lines[1].strip()


@pytest.mark.parametrize("pieces", ((TEXT,), (TEXT[:9], TEXT[9:]), (binary(0x21, 0x11, V4),)))
async def test_a_trusted_proxy_says_who_the_client_is(serve: Serve, pieces: tuple[bytes, ...]) -> None:
    world = await serve(proxy_networks=LOOPBACK)
    client = await arrive(world, *pieces)
    assert (await client.answer()).code == 220
    await client.do("USER alice")
    assert await client.code("PASS alice-secret") == 230
    assert await shown(client) == "Connected from 192.0.2.7"
    await client.do("MKD d")
    assert {event.context.client for event in world.events} == {"192.0.2.7"}


async def test_what_comes_with_the_header_is_served(serve: Serve) -> None:
    world = await serve(proxy_networks=LOOPBACK)
    client = await arrive(world, TEXT + b"NOOP\r\n" * 2000)
    assert [(await client.answer()).code for _ in range(2001)] == [220] + [200] * 2000


async def test_a_proxy_that_speaks_for_itself_is_the_client(serve: Serve) -> None:
    world = await serve(proxy_networks=LOOPBACK)
    client = await arrive(world, binary(0x20, 0, b""))
    assert (await client.answer()).code == 220
    await client.do("USER alice")
    await client.do("PASS alice-secret")
    assert await shown(client) == f"Connected from {HOST}"


@pytest.mark.parametrize("data", (b"USER alice\r\n", b"PROXY " + b"x" * 200, binary(0x21, 0x11, V4[:4])))
async def test_a_trusted_proxy_without_a_header_is_cut_off(serve: Serve, data: bytes) -> None:
    world = await serve(proxy_networks=LOOPBACK)
    assert await (await arrive(world, data)).at_end()
    assert world.frontend.connections == 0


async def test_a_stranger_cannot_say_who_he_is(serve: Serve) -> None:
    world = await serve(proxy_networks=["192.0.2.0/24"])
    client = await arrive(world, TEXT)
    assert [(await client.answer()).code for _ in range(2)] == [220, 500]


async def test_limits_and_bans_are_those_of_the_client_behind_the_proxy(serve: Serve) -> None:
    world = await serve(proxy_networks=LOOPBACK, max_connections_per_ip=1, ban_after=1)
    first, second = await arrive(world, TEXT), await arrive(world, TEXT)
    other = await arrive(world, TEXT.replace(b"192.0.2.7", b"192.0.2.8"))
    assert [(await client.answer()).code for client in (first, second, other)] == [220, 421, 220]
    await other.do("USER alice")
    assert await other.code("PASS wrong") == 421
    assert (await (await arrive(world, TEXT.replace(b"192.0.2.7", b"192.0.2.8"))).answer()).code == 421


async def test_connections_that_wait_for_a_header_are_closed_with_the_server(serve: Serve) -> None:
    world = await serve(proxy_networks=LOOPBACK)
    client = await arrive(world, TEXT[:4])
    await world.frontend.drain(0)
    assert await client.at_end()


async def passive_port(client: Client) -> int:
    found = re.search(r"\|\|\|(\d+)\|", (await client.do("EPSV")).text)
    assert found
    return int(found[1])


async def connect_from(address: str, port: int) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    sock.bind((address, 0))
    async with asyncio.timeout(SECONDS):
        await asyncio.get_running_loop().sock_connect(sock, (HOST, port))
    return sock


async def test_a_data_connection_from_an_allowed_network_is_the_clients(serve: Serve) -> None:
    world = await serve(data_networks=["127.0.9.0/24"])
    clients = [await world.login() for _ in range(3)]
    ports = [await passive_port(client) for client in clients]
    assert len(set(ports)) == 3
    for number, (client, port) in enumerate(zip(clients, ports, strict=True)):
        with await connect_from("127.0.9.1", port) as sock:
            assert await client.code(f"STOR c/f{number}") == 150
            await send(sock, b"%d" % number)
        assert (await client.answer()).code == 226
    assert [await world.get(f"f{number}") for number in range(3)] == [b"0", b"1", b"2"]


async def test_a_data_connection_from_elsewhere_is_refused(serve: Serve) -> None:
    world = await serve(data_networks=["127.0.9.0/24"], data_timeout=0.2)
    client = await world.login()
    with await connect_from("127.0.8.1", await passive_port(client)) as sock:
        assert await client.code("NLST") == 150
        assert (await client.answer()).code == 425
        assert await receive(sock) == b""


async def test_active_connections_lead_to_allowed_networks_too(serve: Serve) -> None:
    world = await serve(data_networks=["127.0.9.0/24"])
    client = await world.login()
    assert await client.code("PORT 127,0,9,1,200,1") == 200
    assert await client.code("PORT 127,0,9,1,0,25") == 501
    assert await client.code("PORT 127,0,8,1,200,1") == 501


async def test_f42_the_masquerade_address_is_that_of_the_narrowest_network(serve: Serve) -> None:
    networks = {"127.0.0.0/8": "192.0.2.1", "127.0.0.1/32": "192.0.2.2", "10.0.0.0/8": "192.0.2.3"}
    world = await serve(masquerade_address="192.0.2.9", masquerade_networks=networks)
    client = await world.login()
    assert "(192,0,2,2," in (await client.do("PASV")).text


async def test_f42_a_network_may_be_told_the_address_that_it_connected_to(serve: Serve) -> None:
    world = await serve(masquerade_address="192.0.2.9", masquerade_networks={"127.0.0.0/8": "local"})
    assert "(127,0,0,1," in (await (await world.login()).do("PASV")).text


async def test_f42_a_masquerade_name_is_resolved_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    world = await serve(masquerade_address="ftp.example.org")
    client = await world.login()
    answers = iter(("192.0.2.1", "192.0.2.2", OSError))

    async def resolve(host: str, *args: object, **kwargs: object) -> list[tuple[object, ...]]:
        assert host == "ftp.example.org"
        answer = next(answers)
        if not isinstance(answer, str):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (answer, 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    assert ["(192,0,2,1," in (await client.do("PASV")).text for _ in range(2)] == [True, True]
    monkeypatch.setattr(masquerade, "FRESH", 0.0)
    assert "(192,0,2,2," in (await client.do("PASV")).text
    assert "(192,0,2,2," in (await client.do("PASV")).text


async def test_f42_a_masquerade_name_that_nobody_knows_is_told_as_such(serve: Serve) -> None:
    world = await serve(masquerade_address="nothing.invalid")
    client = await world.login()
    assert await client.code("PASV") == 425
    assert await client.code("EPSV") == 229
