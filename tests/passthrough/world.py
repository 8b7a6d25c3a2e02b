"""A whole gateway that passes callers through to an upstream with several tenants, and clients of all its doors."""

import asyncio
import ftplib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import quote

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from gateway.app import App, running
from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.config.settings import Config
from gateway.frontends.swift.frontend import SwiftFrontend
from gateway.frontends.swift.settings import SwiftSettings
from gateway.stores.memory import Memory
from tests.support.faultproxy import FaultProxy, proxied
from tests.support.swift import QUICK

TOKEN_KEY = b"k" * 32
SECONDS = 60.0

T, OTHER = Account("t", "t", "t"), Account("other", "other", "other")

TENANTS = (
    User(T, "u", "T-U", "t-secret", Role.ADMIN),
    User(T, "u.v", "T-UV", "tv-secret", Role.ADMIN),
    User(T, "reader", "T-READER", "reader-secret", Role.READER),
    User(T, "same", "T-SAME", "same-secret", Role.ADMIN),
    User(OTHER, "u", "O-U", "other-secret", Role.ADMIN),
    User(OTHER, "same", "O-SAME", "same-secret", Role.ADMIN),
)
"""Users of the upstream. `same` has one name and one secret in both tenants."""

CONFIGURED = User(Account("acme", "acme"), "alice", "alice", "alice-secret", Role.ADMIN)


@asynccontextmanager
async def upstream() -> AsyncIterator[FaultProxy]:
    """A Swift with two tenants, which share nothing, behind a proxy that counts and can be made to fail."""
    stores = {name: Memory() for name in ("t", "other")}
    frontend = SwiftFrontend(
        SwiftSettings(port=0),
        Registry(TENANTS),
        Tenancy(stores),
        lambda _: None,
        TokenIssuer(b"0123456789abcdef", 3600),
    )
    await frontend.start()
    try:
        async with proxied(f"http://127.0.0.1:{frontend.ports['swift']}") as proxy:
            yield proxy
    finally:
        await frontend.aclose()


def config(
    auth_url: str, *, cache: Mapping[str, object] | None = None, region: str = "", **namespace: object
) -> Config:
    upstream = {"type": "swift", "auth_url": auth_url, "region": region, **QUICK}
    return Config.model_validate(
        {
            "stores": {"local": {"type": "memory"}, "main": upstream},
            "namespaces": {
                "default": {"store": "local"},
                "passthrough": {"store": "main", "credentials": "caller", **namespace},
            },
            "cache": cache,
            "frontends": {
                "s3": {"port": 0},
                "swift": {"port": 0},
                "ftp": {"port": 0, "passive_ports": None, "login_delay": 0},
                "admin": {"port": 0, "ready_age": 0},
            },
        }
    )


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def names(self) -> list[str]:
        return self.body.decode().splitlines()


@dataclass(frozen=True)
class Gateway:
    """A running gateway, and who speaks to it."""

    app: App
    http: aiohttp.ClientSession

    async def swift_login(self, user: str, key: str) -> Answer:
        return await self.ask("GET", self.app.endpoints["swift"], {"X-Auth-User": user, "X-Auth-Key": key})

    async def swift(self, user: str, key: str) -> "Swift":
        given = await self.swift_login(user, key)
        assert given.status == 200, given
        return Swift(self, given.headers["X-Storage-Url"], given.headers["X-Auth-Token"])

    async def ftp(self, user: str, password: str) -> "Ftp":
        """Raises `ftplib.Error`."""
        client = ftplib.FTP(timeout=SECONDS)
        await asyncio.to_thread(client.connect, "127.0.0.1", self.app.ports["ftp"])
        try:
            await asyncio.to_thread(client.login, user, password)
        except BaseException:
            client.close()
            raise
        return Ftp(client)

    async def s3(self, access_key: str, secret: str, method: str, path: str = "/", body: bytes = b"") -> Answer:
        request = AWSRequest(method, self.app.endpoints["s3"] + path, {}, body)
        S3SigV4Auth(Credentials(access_key, secret), "s3", "us-east-1").add_auth(request)
        return await self.ask(method, request.url, dict(request.headers.items()), body)

    async def ask(self, method: str, url: str, headers: Mapping[str, str] = {}, body: bytes = b"") -> Answer:
        async with self.http.request(method, URL(url, encoded=True), headers=headers, data=body or None) as response:
            return Answer(response.status, response.headers.copy(), await response.read())


@dataclass(frozen=True)
class Swift:
    """A Swift client that has logged in."""

    gateway: Gateway
    storage: str
    token: str

    async def __call__(self, method: str, *path: str, body: bytes = b"", storage: str = "") -> Answer:
        url = "/".join([storage or self.storage, *map(quote, path)])
        return await self.gateway.ask(method, url, {"X-Auth-Token": self.token}, body)


@dataclass(frozen=True)
class Ftp:
    """An FTP client that has logged in."""

    client: ftplib.FTP

    async def names(self, path: str = "/") -> list[str]:
        return await asyncio.to_thread(self.client.nlst, path)

    async def put(self, path: str, data: bytes) -> None:
        await asyncio.to_thread(self.client.storbinary, f"STOR {path}", BytesIO(data))

    async def get(self, path: str) -> bytes:
        found = bytearray()
        await asyncio.to_thread(self.client.retrbinary, f"RETR {path}", found.extend)
        return bytes(found)

    async def do(self, line: str) -> str:
        return await asyncio.to_thread(self.client.sendcmd, line)

    def close(self) -> None:
        self.client.close()


@asynccontextmanager
async def gateways(*configs: Config) -> AsyncIterator[list[Gateway]]:
    """Gateways of one installation, with one configured user."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(skip_auto_headers=("Content-Type",)))
        apps = [await stack.enter_async_context(running(each, [CONFIGURED], TOKEN_KEY)) for each in configs]
        yield [Gateway(app, http) for app in apps]


def logins(proxy: FaultProxy) -> int:
    """How often anybody has logged in to the upstream."""
    return sum("/auth/v1.0" in line for line in proxy.lines)
