"""A Swift frontend in this process, and clients that say exactly what a test wants said."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote

from aiohttp import ClientSession, TCPConnector
from multidict import CIMultiDict
from yarl import URL

from gateway.auth.keystone import Keystone
from gateway.auth.principals import Account, Registry, Role, Standing, User
from gateway.auth.resellers import NO_RESELLERS, Resellers
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Access
from gateway.core.ops import each, each_bucket
from gateway.core.store import Store
from gateway.frontends.swift import SwiftFrontend, SwiftSettings

KEY = b"a key for the tokens of tests"
LIFETIME = 3600

DATA = bytes(range(256)) * 1024
"""More than what is sent in one write."""

TEST = Account("test", "test-account")
OTHER = Account("other", "other-account")
FAR = Account("far", "far-account", namespace="far")
OPS = Account("ops", "ops-account")

USERS = {
    user.name: user
    for user in (
        User(TEST, "alice", "ALICE", "alice-secret", Role.ADMIN),
        User(TEST, "walter", "WALTER", "walter-secret", Role.WRITER),
        User(TEST, "rita", "RITA", "rita-secret", Role.READER),
        User(TEST, "nina", "NINA", "nina-secret", Role.NONE),
        User(OTHER, "olga", "OLGA", "olga-secret", Role.ADMIN),
        User(FAR, "fred", "FRED", "fred-secret", Role.ADMIN),
        User(OPS, "opal", "OPAL", "opal-secret", Role.OPERATOR),
        User(OPS, "sven", "SVEN", "sven-secret", Role.ADMIN, standing=Standing(groups=frozenset({"Service"}))),
    )
}

Json: TypeAlias = list[dict[str, object]]


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def rows(self) -> Json:
        """The rows of a listing in JSON."""
        rows: Json = json.loads(self.body)
        return rows

    @property
    def names(self) -> list[str]:
        """The names in a plain listing."""
        return self.body.decode().splitlines()


@dataclass
class World:
    """A running frontend over `store`, and what it told its observer."""

    store: Store
    far: Store
    frontend: SwiftFrontend
    tokens: TokenIssuer
    seen: list[Access]
    session: ClientSession
    issued: dict[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.frontend.ports["swift"]

    def token(self, user: str) -> str:
        """A token of one of `USERS`."""
        if user not in self.issued:
            self.issued[user] = self.tokens.issue(USERS[user]).value
        return self.issued[user]

    async def raw(self, method: str, target: str, body: bytes | None = None, /, **headers: str) -> Answer:
        """A request to a path as it stands on the wire, without a token."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(f"http://127.0.0.1:{self.port}{target}", encoded=True)
        sending = self.session.request(method, url, data=body, headers=fields, allow_redirects=False)
        async with sending as response:
            return Answer(response.status, CIMultiDict(response.headers), await response.read())

    async def do(
        self,
        method: str,
        *path: str,
        body: bytes | None = None,
        user: str = "alice",
        account: str = "AUTH_test",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> Answer:
        """A request of a user about an account, a container or an object of it. `fields` are headers too."""
        target = "/".join(["/v1", account, *(quote(part) for part in path)])
        sent = {name.replace("_", "-"): value for name, value in fields.items()}
        sent |= {"X-Auth-Token": self.token(user), **(headers or {})}
        return await self.raw(method, f"{target}?{query}" if query else target, body, **sent)

    async def container(self, name: str = "box", *objects: str) -> None:
        """Make a container with small objects in it."""
        assert (await self.do("PUT", name)).status in {201, 202}
        for each_name in objects:
            assert (await self.do("PUT", name, each_name, body=each_name.encode())).status == 201

    async def contents(self) -> set[str]:
        """All that is stored."""
        found = set()
        async for bucket in each_bucket(self.store):
            found.add(bucket.name)
            async for row in each(self.store, bucket.name):
                found.add(f"{bucket.name}/{row.name}")
        return found

    @asynccontextmanager
    async def wire(self) -> AsyncIterator["Wire"]:
        """A connection for bytes that no decent client sends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Wire(reader, writer)
        finally:
            writer.close()


@dataclass(frozen=True)
class Wire:
    """A plain connection to the frontend."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """The next answer, to a request that was no HEAD."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        line, *lines = head.decode().split("\r\n")[:-2]
        headers = CIMultiDict([(name, value) for name, _, value in (text.partition(": ") for text in lines)])
        body = await self.reader.readexactly(int(headers.get("Content-Length", "0")))
        return Answer(int(line.split()[1]), headers, body)

    async def closed(self) -> bool:
        """Whether the frontend closes the connection without another word."""
        return await self.reader.read() == b""


@asynccontextmanager
async def serving(
    store: Store,
    far: Store,
    resellers: Resellers = NO_RESELLERS,
    keystone: Keystone | None = None,
    /,
    **settings: object,
) -> AsyncIterator[World]:
    """A frontend over `store`, with `far` for the account of another namespace, on a free port."""
    seen: list[Access] = []
    tokens = TokenIssuer(KEY, LIFETIME)
    tenancy = Tenancy({"default": store, "far": far})
    chosen = SwiftSettings.model_validate({"port": 0, **settings})
    registry = Registry(map(resellers.admitted, USERS.values()), None, resellers, keystone)
    frontend = SwiftFrontend(chosen, registry, tenancy, seen.append, tokens, resellers, keystone)
    await frontend.start()
    try:
        async with ClientSession(
            connector=TCPConnector(limit=0), skip_auto_headers=("Content-Type",), auto_decompress=False
        ) as session:
            yield World(store, far, frontend, tokens, seen, session)
    finally:
        await frontend.aclose()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
