"""An FTP frontend in this process, and a client that says exactly what a test wants said."""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from ftplib import FTP
from types import MappingProxyType

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tenancy import Tenancy
from gateway.core.body import BytesBody
from gateway.core.buckets import BucketProps
from gateway.core.events import Access
from gateway.core.store import Store
from gateway.core.types import Key, ListQuery, Props, Put
from gateway.frontends.ftp.frontend import FtpFrontend
from gateway.frontends.ftp.profile import Profile
from gateway.frontends.ftp.settings import FtpSettings
from gateway.frontends.ftp.transfers import Transfer

HOST = "127.0.0.1"
SECONDS = 60.0
"""What no step of a test takes, however slow the machine is."""

NOBODY: Mapping[str, Mapping[str, object]] = MappingProxyType({})
"""Profiles of no user."""

TEST, OTHER, OPS = Account("acc-test", "test"), Account("acc-other", "other"), Account("acc-ops", "ops")

USERS = (
    User(TEST, "alice", "ALICE", "alice-secret", Role.ADMIN),
    User(TEST, "walter", "WALTER", "walter-secret", Role.WRITER),
    User(TEST, "rita", "RITA", "rita-secret", Role.READER),
    User(TEST, "nina", "NINA", "nina-secret", Role.NONE),
    User(OTHER, "olga", "OLGA", "olga-secret", Role.ADMIN),
    User(TEST, "twin", "TWIN", "twin-secret", Role.ADMIN),
    User(OTHER, "twin", "TWIN2", "twin2-secret", Role.ADMIN),
    User(OPS, "opal", "OPAL", "opal-secret", Role.OPERATOR),
)


@dataclass(frozen=True)
class Answer:
    """A reply as it came over the wire, line by line."""

    lines: tuple[str, ...]

    @property
    def code(self) -> int:
        return int(self.lines[-1][:3])

    @property
    def text(self) -> str:
        return self.lines[-1][4:]


class Client:
    """A control connection under the test's own command."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: str | bytes) -> None:
        """Send a line, or bytes as they are."""
        self.writer.write(data if isinstance(data, bytes) else data.encode() + b"\r\n")
        await self.writer.drain()

    async def answer(self) -> Answer:
        async with asyncio.timeout(SECONDS):
            lines = [await self._line()]
            while lines[-1][:4] != f"{lines[0][:3]} ":
                lines.append(await self._line())
        return Answer(tuple(lines))

    async def _line(self) -> str:
        line = await self.reader.readline()
        assert line.endswith(b"\r\n"), f"no line: {line!r}"
        return line[:-2].decode(errors="surrogateescape")

    async def do(self, line: str | bytes) -> Answer:
        await self.send(line)
        return await self.answer()

    async def code(self, line: str | bytes) -> int:
        return (await self.do(line)).code

    async def passive(self) -> socket.socket:
        """A data connection that is made already."""
        reply = await self.do("EPSV")
        found = re.search(r"\(\|\|\|(\d+)\|\)", reply.text)
        assert found, reply
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, int(found[1])))
        return sock

    async def at_end(self) -> bool:
        """Whether the server closes the connection without another word."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionResetError):
                return await self.reader.read() == b""
            return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Vanish: the server's next packet finds nobody."""
        self.writer.transport.abort()


@dataclass
class World:
    """The frontend, the store below it, and what it told of its work."""

    frontend: FtpFrontend
    store: Store
    events: list[Access] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.frontend.ports["ftp"]

    async def open(self) -> Client:
        """A stranger, who has yet to read what he is greeted with."""
        client = Client(*await asyncio.open_connection(HOST, self.port))
        self.clients.append(client)
        return client

    async def connect(self) -> Client:
        """A stranger, who has read the greeting."""
        client = await self.open()
        assert (await client.answer()).code == 220
        return client

    async def login(self, user: str = "alice", secret: str = "") -> Client:
        client = await self.connect()
        assert await client.code(f"USER {user}") == 331
        assert await client.code(f"PASS {secret or user + '-secret'}") == 230
        return client

    def ftp(self, user: str = "alice", secret: str = "") -> FTP:
        """Python's own client, for use in a thread."""
        ftp = FTP(timeout=SECONDS)
        ftp.connect(HOST, self.port)
        ftp.login(user, secret or user + "-secret")
        return ftp

    async def put(self, name: str, data: bytes = b"data", content_type: str = "text/plain") -> None:
        await self.store.put(Key("c", name), BytesBody(data), Put(props=Props(content_type=content_type)))

    async def get(self, name: str, bucket: str = "c") -> bytes:
        async with self.store.open(Key(bucket, name)) as reader:
            return b"".join([chunk async for chunk in reader.chunks()])

    async def names(self, bucket: str = "c") -> list[str]:
        return [row.name for row in (await self.store.list(bucket, ListQuery())).items]

    async def until_received(self, size: int) -> None:
        """Wait until the upload that is under way has brought so many bytes."""
        await until(lambda: size in self._received())

    def _received(self) -> list[int]:
        under_way = [control._session.transfer for control in self.frontend._server._controls]
        return [each.data.received for each in under_way if isinstance(each, Transfer) and each.data is not None]

    async def until_empty(self) -> None:
        """Wait until nothing of any connection runs any more."""
        await until(lambda: not self.frontend.connections)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what nothing else tells of."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def receive(sock: socket.socket) -> bytes:
    """What comes on a data connection until its end, which closes it."""
    loop, data = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(SECONDS):
        with sock:
            while block := await loop.sock_recv(sock, 65536):
                data += block
    return bytes(data)


async def send(sock: socket.socket, data: bytes) -> None:
    async with asyncio.timeout(SECONDS):
        await asyncio.get_running_loop().sock_sendall(sock, data)


async def download(client: Client, line: str) -> bytes:
    """What a command of one transfer sends."""
    sock = await client.passive()
    assert (await client.do(line)).code == 150
    data = await receive(sock)
    assert (await client.answer()).code == 226
    return data


async def upload(client: Client, line: str, data: bytes) -> Answer:
    """The last answer to a command that takes `data`."""
    with await client.passive() as sock:
        first = await client.do(line)
        if first.code != 150:
            return first
        await send(sock, data)
    return await client.answer()


@contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """Neighbouring ports that nobody uses, below those that the kernel gives out and apart from other processes'."""
    for first in range(20000 + os.getpid() * 16 % 10000, 32000, count):
        socks = [socket.socket() for _ in range(count)]
        try:
            for number, sock in enumerate(socks):
                sock.bind((HOST, first + number))
        except OSError:
            continue
        finally:
            for sock in socks:
                sock.close()
        yield [first + number for number in range(count)]
        return


@asynccontextmanager
async def serving(
    store: Store, profiles: Mapping[str, Mapping[str, object]] = NOBODY, **settings: object
) -> AsyncIterator[World]:
    """A frontend on free ports, whose wrong logins are answered soon. `profiles` are those of users of `TEST`."""
    options = {"port": 0, "passive_ports": None, "login_delay": 0.0, **settings}
    events: list[Access] = []
    tenancy = Tenancy({"default": store})
    known = {(TEST.id, name): Profile.model_validate(profile) for name, profile in profiles.items()}
    frontend = FtpFrontend(FtpSettings.model_validate(options), Registry(USERS), tenancy, events.append, known)
    await frontend.start()
    world = World(frontend, store, events)
    try:
        yield world
        for client in world.clients:
            await client.close()
        await world.until_empty()
    finally:
        await frontend.aclose()


async def make_bucket(store: Store, name: str = "c", owner: Account = TEST) -> None:
    await store.create_bucket(name, BucketProps(owner=owner.id))
