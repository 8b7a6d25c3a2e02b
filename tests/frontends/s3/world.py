"""An S3 frontend in this process, and clients that say exactly what a test wants said."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from aiobotocore.session import get_session
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from defusedxml.ElementTree import fromstring
from multidict import CIMultiDict

from gateway.auth.principals import Account, Registry, Role, User
from gateway.auth.tenancy import Tenancy
from gateway.core.capabilities import find
from gateway.core.capabilities.multipart import Multipart
from gateway.core.events import Access
from gateway.core.ops import each, each_bucket
from gateway.core.store import Store
from gateway.core.uploads import UploadQuery
from gateway.frontends.s3.frontend import S3Frontend
from gateway.frontends.s3.settings import S3Settings

S3Client: TypeAlias = Any
"""aiobotocore makes its clients at run time and ships no types for them."""

REGION = "us-east-1"
SESSION = get_session()
"""One for all tests: it keeps the service models that it has read."""

MIB = 1024 * 1024

TEST, OTHER, OPS = (
    Account("acc-test", "test"),
    Account("acc-other", "other", email="Olga@other.example"),
    Account("acc-ops", "ops"),
)

USERS = {
    user.name: user
    for user in (
        User(TEST, "alice", "ALICE", "alice-secret", Role.ADMIN),
        User(TEST, "walter", "WALTER", "walter-secret", Role.WRITER),
        User(TEST, "rita", "RITA", "rita-secret", Role.READER),
        User(TEST, "nina", "NINA", "nina-secret", Role.NONE),
        User(OTHER, "olga", "OLGA", "olga-secret", Role.ADMIN),
        User(OTHER, "norma", "NORMA", "norma-secret", Role.NONE),
        User(OPS, "opal", "OPAL", "opal-secret", Role.OPERATOR),
    )
}


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the error document."""
        return self.element("Code")

    def element(self, name: str) -> str:
        """The text of an element directly below the root, in whatever namespace."""
        for child in fromstring(self.body):
            if child.tag.rpartition("}")[2] == name:
                return child.text or ""
        raise KeyError(name)


class Signer(S3SigV4Auth):  # type: ignore[misc]
    """botocore's signer, with a payload hash that the test states."""

    def __init__(self, user: User, payload: str, region: str = REGION, service: str = "s3") -> None:
        super().__init__(Credentials(user.access_key, user.secret), service, region)
        self._payload = payload

    def payload(self, request: AWSRequest) -> str:
        return self._payload


@dataclass
class Request:
    """A request as bytes. `sign` adds a signature to what stands here; everything may be changed after it."""

    method: str
    target: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    signer: Signer | None = None
    signed: AWSRequest | None = None

    def sign(self, user: str = "alice", payload: str | None = None, **scope: str) -> "Request":
        """Sign as S3 clients do; `payload` is x-amz-content-sha256 where it is not the body's hash."""
        stated = hashlib.sha256(self.body).hexdigest() if payload is None else payload
        self.headers = {"Host": self.host, **self.headers}
        self.signer = Signer(USERS[user], stated, **scope)
        self.signed = AWSRequest(self.method, f"http://{self.host}{self.target}", headers=self.headers)
        self.signer.add_auth(self.signed)
        self.headers = dict(self.signed.headers.items())
        return self

    def presign(self, user: str = "alice", expires: int = 60) -> "Request":
        """Move the signature into the target."""
        found = USERS[user]
        signer = S3SigV4QueryAuth(Credentials(found.access_key, found.secret), "s3", REGION, expires=expires)
        request = AWSRequest(self.method, f"http://{self.host}{self.target}", headers=self.headers)
        signer.add_auth(request)
        parts = urlsplit(request.url)
        self.target = f"{parts.path}?{parts.query}"
        return self

    def head(self) -> bytes:
        headers = {"Host": self.host, **self.headers}
        if self.body and "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    """The next answer on a connection; interim ones are passed over."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        status = int(first.split(" ")[1])
        if status >= 200:
            break
    headers = CIMultiDict([(name, value) for name, _, value in (line.partition(": ") for line in lines)])
    if method == "HEAD" or status in {204, 304}:
        return Answer(status, headers, b"")
    return Answer(status, headers, await reader.readexactly(int(headers["Content-Length"])))


def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection at once, also one whose request was answered before all of it was sent."""
    if writer.transport.get_write_buffer_size():
        writer.transport.abort()
    else:
        writer.close()


@dataclass
class World:
    """A frontend over a store. `seen` are the access records of the requests so far."""

    store: Store
    settings: S3Settings
    frontend: S3Frontend
    seen: list[Access]
    arrived: asyncio.Event

    @property
    def port(self) -> int:
        return self.frontend.ports["s3"]

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            hang_up(writer)

    async def send(self, request: Request) -> Answer:
        """Send a request on a connection of its own."""
        return await self.raw(request.head() + request.body, request.method)

    async def ask(self, user: str, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request of `user`, or of nobody in particular (`anybody`)."""
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        if user == "anybody":
            return await self.send(Request(method, target, body, stated))
        return await self.do(method, target, body, stated, user)

    async def raw(self, data: bytes, method: str = "GET") -> Answer:
        async with self.connect() as (reader, writer):
            writer.write(data)
            return await read_answer(reader, method)

    async def do(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        user: str = "alice",
    ) -> Answer:
        """Send a request that is signed as it should be."""
        return await self.send(Request(method, target, body, dict(headers or {})).sign(user))

    @asynccontextmanager
    async def client(self, user: str = "alice", **options: object) -> AsyncIterator[S3Client]:
        """What users have: botocore with its defaults."""
        found = USERS[user]
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **options)
        async with SESSION.create_client(
            "s3",
            region_name=self.settings.region,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=found.access_key,
            aws_secret_access_key=found.secret,
            config=config,
        ) as client:
            yield client

    async def record(self, number: int) -> Access:
        """The access record of the request of that number, once it has ended."""
        while len(self.seen) < number:
            self.arrived.clear()
            await self.arrived.wait()
        return self.seen[number - 1]

    async def contents(self) -> set[str]:
        """All that is stored: buckets, objects and uploads under way."""
        found = set()
        multipart = find(self.store, Multipart)
        async for bucket in each_bucket(self.store):
            found.add(bucket.name)
            async with aclosing(each(self.store, bucket.name)) as rows:
                found |= {f"{bucket.name}/{row.name}" async for row in rows}
            if multipart:
                page = await multipart.uploads(bucket.name, UploadQuery())
                found |= {f"{bucket.name}/{row.name} (upload)" for row in page.items}
        return found


@asynccontextmanager
async def serving(store: Store, **settings: object) -> AsyncIterator[World]:
    """A frontend over `store` on a free port."""
    chosen = S3Settings.model_validate({"port": 0, "region": REGION, **settings})
    seen: list[Access] = []
    arrived = asyncio.Event()

    def observe(access: Access) -> None:
        seen.append(access)
        arrived.set()

    frontend = S3Frontend(chosen, Registry(USERS.values()), Tenancy({"default": store}), observe)
    await frontend.start()
    try:
        yield World(store, chosen, frontend, seen, arrived)
    finally:
        await frontend.aclose()
