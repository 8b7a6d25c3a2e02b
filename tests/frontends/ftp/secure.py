"""A client over TLS that says exactly what a test wants said."""

import asyncio
import socket
import ssl
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Self

from tests.frontends.ftp.world import HOST, SECONDS, Answer, Client, World


class Own(Enum):
    """The session of the control connection itself."""

    SESSION = auto()


Session = ssl.SSLSession | Own | None

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """The context of a client who takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


async def protect(client: Client, context: ssl.SSLContext, host: str | None = None) -> None:
    """AUTH TLS and the handshake."""
    assert await client.code("AUTH TLS") == 234
    await client.writer.start_tls(context, server_hostname=host)


async def protected(world: World, context: ssl.SSLContext | None = None, user: str = "alice") -> Client:
    """Logged in over TLS, with data connections protected."""
    client = await world.connect()
    await protect(client, context or trusting())
    for line, code in ((f"USER {user}", 331), (f"PASS {user}-secret", 230), ("PBSZ 0", 200), ("PROT P", 200)):
        assert await client.code(line) == code
    return client


async def passive(client: Client, context: ssl.SSLContext, line: str, session: Session = Own.SESSION) -> ssl.SSLSocket:
    """The protected data connection of a command. It resumes the control connection's session, another or none."""
    plain = await client.passive()
    assert await client.code(line) == 150
    resumed = session_of(client) if isinstance(session, Own) else session
    return await asyncio.to_thread(_wrap, plain, context, resumed)


def session_of(client: Client) -> ssl.SSLSession:
    tls: ssl.SSLObject = client.writer.get_extra_info("ssl_object")
    assert tls.session is not None
    return tls.session


def _wrap(plain: socket.socket, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSocket:
    plain.settimeout(SECONDS)
    return context.wrap_socket(plain, suppress_ragged_eofs=False, session=session)


def read(sock: ssl.SSLSocket) -> bytes:
    """What comes until the server's close_notify; raises where it just ends."""
    data = bytearray()
    with sock:
        while block := sock.recv(65536):
            data += block
    return bytes(data)


def cut(sock: ssl.SSLSocket) -> None:
    """End the connection, but not TLS."""
    with sock:
        sock.shutdown(socket.SHUT_WR)


def end(sock: ssl.SSLSocket) -> None:
    """End TLS, and read nothing of what the server has to say."""
    with sock:
        sock.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            sock.unwrap()


def hurl(sock: socket.socket, context: ssl.SSLContext, data: bytes) -> None:
    """Upload as a client does that reads nothing at all behind the handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with sock:
        sock.settimeout(SECONDS)
        is_shaken = False
        while not is_shaken:
            try:
                tls.do_handshake()
                is_shaken = True
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65536))
        tls.write(data)
        with suppress(ssl.SSLWantReadError):
            tls.unwrap()
        sock.sendall(outgoing.read())


async def upload(client: Client, context: ssl.SSLContext, line: str, data: bytes) -> Answer:
    sock = await passive(client, context, line)
    await asyncio.to_thread(sock.sendall, data)
    end(sock)
    return await client.answer()


async def download(client: Client, context: ssl.SSLContext, line: str) -> bytes:
    data = await asyncio.to_thread(read, await passive(client, context, line))
    assert (await client.answer()).code == 226
    return data


async def implicit(world: World, context: ssl.SSLContext) -> Client:
    """A stranger at the port where TLS begins at once, who has read the greeting."""
    port = world.frontend.ports["ftps"]
    client = Client(*await asyncio.open_connection(HOST, port, ssl=context, server_hostname=""))
    world.clients.append(client)
    assert (await client.answer()).code == 220
    return client


class Talk:
    """A control connection that blocks, whose TLS can be taken off again."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection((HOST, port), SECONDS)
        self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sock.close()

    def answer(self) -> int:
        line = b""
        while not line.endswith(b"\r\n"):
            byte = self._sock.recv(1)
            assert byte, line
            line += byte
        return int(line[:3])

    def do(self, line: str) -> int:
        self._sock.sendall(line.encode() + b"\r\n")
        return self.answer()

    def protect(self, context: ssl.SSLContext) -> None:
        self._sock = context.wrap_socket(self._sock)

    def unprotect(self) -> None:
        assert isinstance(self._sock, ssl.SSLSocket)
        self._sock = self._sock.unwrap()
