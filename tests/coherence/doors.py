"""The three doors under one interface, so that each operation can go through any of them."""

import asyncio
import ftplib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol
from urllib.parse import quote
from xml.etree import ElementTree as ET

import aiohttp
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from gateway.auth.principals import User

BUCKET = "coherent"
S3_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True)
class Seen:
    """An object as a door shows it. FTP shows neither entity tags nor metadata."""

    data: bytes
    etag: str | None = None
    metadata: Mapping[str, str] | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class Row:
    """A row of a listing."""

    size: int
    etag: str | None = None


class Door(ABC):
    name: str
    tells_metadata = True

    @abstractmethod
    async def put(self, key: str, data: bytes, metadata: Mapping[str, str]) -> None: ...

    @abstractmethod
    async def get(self, key: str) -> Seen | None: ...

    @abstractmethod
    async def delete(self, key: str) -> None: ...

    @abstractmethod
    async def size(self, key: str) -> int | None:
        """As HEAD or SIZE tells it; None: the object is not there."""

    @abstractmethod
    async def listing(self) -> dict[str, Row]: ...


class _HttpDoor(Door):
    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base

    @abstractmethod
    def _headers(self, method: str, url: str, more: Mapping[str, str], data: bytes) -> Mapping[str, str]: ...

    async def _request(
        self, method: str, path: str, *, data: bytes = b"", headers: Mapping[str, str] = {}, expect: tuple[int, ...]
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        url = self._base + path
        headers = self._headers(method, url, headers, data)
        async with self._http.request(method, URL(url, encoded=True), data=data or None, headers=headers) as response:
            body = await response.read()
            assert response.status in expect, (self.name, method, path, response.status, body)
            return response, body

    async def size(self, key: str) -> int | None:
        response, _ = await self._request("HEAD", f"/{BUCKET}/{quote(key)}", expect=(200, 404))
        return int(response.headers["Content-Length"]) if response.status == 200 else None

    async def _get(self, key: str, prefix: str) -> Seen | None:
        response, body = await self._request("GET", f"/{BUCKET}/{quote(key)}", expect=(200, 404))
        if response.status == 404:
            return None
        metadata = {
            name[len(prefix) :].lower(): value
            for name, value in response.headers.items()
            if name.lower().startswith(prefix)
        }
        return Seen(body, response.headers["ETag"].strip('"'), metadata, response.headers["Content-Type"])


class S3Door(_HttpDoor):
    name = "s3"

    def __init__(self, http: aiohttp.ClientSession, base: str, user: User) -> None:
        super().__init__(http, base)
        self._signer = S3SigV4Auth(Credentials(user.access_key, user.secret), "s3", "us-east-1")

    def _headers(self, method: str, url: str, more: Mapping[str, str], data: bytes) -> Mapping[str, str]:
        request = AWSRequest(method, url, more, data)
        self._signer.add_auth(request)
        return dict(request.headers.items())

    async def create(self) -> None:
        await self._request("PUT", f"/{BUCKET}", expect=(200,))

    async def put(self, key: str, data: bytes, metadata: Mapping[str, str]) -> None:
        headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        await self._request("PUT", f"/{BUCKET}/{quote(key)}", data=data, headers=headers, expect=(200,))

    async def copy(self, source: str, target: str) -> None:
        headers = {"x-amz-copy-source": f"/{BUCKET}/{quote(source)}"}
        await self._request("PUT", f"/{BUCKET}/{quote(target)}", headers=headers, expect=(200,))

    async def rename(self, source: str, target: str) -> None:
        headers = {"x-amz-rename-source": f"/{BUCKET}/{quote(source)}"}
        await self._request("PUT", f"/{BUCKET}/{quote(target)}?renameObject", headers=headers, expect=(200,))

    async def get(self, key: str) -> Seen | None:
        return await self._get(key, "x-amz-meta-")

    async def delete(self, key: str) -> None:
        await self._request("DELETE", f"/{BUCKET}/{quote(key)}", expect=(204,))

    async def listing(self) -> dict[str, Row]:
        _, body = await self._request("GET", f"/{BUCKET}?list-type=2", expect=(200,))
        return {
            str(row.findtext(f"{S3_XML}Key")): Row(
                int(str(row.findtext(f"{S3_XML}Size"))), str(row.findtext(f"{S3_XML}ETag")).strip('"')
            )
            for row in ET.fromstring(body).iter(f"{S3_XML}Contents")
        }


class SwiftDoor(_HttpDoor):
    name = "swift"

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        super().__init__(http, base)
        self._token = token

    def _headers(self, method: str, url: str, more: Mapping[str, str], data: bytes) -> Mapping[str, str]:
        return {**more, "X-Auth-Token": self._token}

    async def put(self, key: str, data: bytes, metadata: Mapping[str, str]) -> None:
        headers = {f"X-Object-Meta-{name}": value for name, value in metadata.items()}
        await self._request("PUT", f"/{BUCKET}/{quote(key)}", data=data, headers=headers, expect=(201,))

    async def copy(self, source: str, target: str) -> None:
        headers = {"Destination": f"{BUCKET}/{quote(target)}"}
        await self._request("COPY", f"/{BUCKET}/{quote(source)}", headers=headers, expect=(201,))

    async def copy_from(self, source: str, target: str) -> None:
        headers = {"X-Copy-From": f"{BUCKET}/{quote(source)}"}
        await self._request("PUT", f"/{BUCKET}/{quote(target)}", headers=headers, expect=(201,))

    async def get(self, key: str) -> Seen | None:
        return await self._get(key, "x-object-meta-")

    async def delete(self, key: str) -> None:
        await self._request("DELETE", f"/{BUCKET}/{quote(key)}", expect=(204, 404))

    async def listing(self) -> dict[str, Row]:
        _, body = await self._request("GET", f"/{BUCKET}?format=json", expect=(200,))
        return {row["name"]: Row(row["bytes"], row["hash"]) for row in json.loads(body)}


class FtpDoor(Door):
    name = "ftp"
    tells_metadata = False

    def __init__(self, client: ftplib.FTP) -> None:
        self._client = client
        self._turn = asyncio.Lock()  # a session does one thing at a time

    async def put(self, key: str, data: bytes, metadata: Mapping[str, str]) -> None:
        async with self._turn:
            await asyncio.to_thread(self._client.storbinary, f"STOR /{BUCKET}/{key}", BytesIO(data))

    async def rename(self, source: str, target: str) -> None:
        await asyncio.to_thread(self._client.rename, f"/{BUCKET}/{source}", f"/{BUCKET}/{target}")

    async def get(self, key: str) -> Seen | None:
        data = BytesIO()
        async with self._turn:
            try:
                await asyncio.to_thread(self._client.retrbinary, f"RETR /{BUCKET}/{key}", data.write)
            except ftplib.error_perm as error:
                _absent(error)
                return None
        return Seen(data.getvalue())

    async def size(self, key: str) -> int | None:
        async with self._turn:
            try:
                return await asyncio.to_thread(self._size, f"/{BUCKET}/{key}")
            except ftplib.error_perm as error:
                _absent(error)
                return None

    def _size(self, path: str) -> int | None:
        self._client.voidcmd("TYPE I")
        return self._client.size(path)

    async def delete(self, key: str) -> None:
        async with self._turn:
            try:
                await asyncio.to_thread(self._client.delete, f"/{BUCKET}/{key}")
            except ftplib.error_perm as error:
                _absent(error)

    async def listing(self) -> dict[str, Row]:
        async with self._turn:
            return await asyncio.to_thread(self._below, "")

    def _below(self, folder: str) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        for name, facts in list(self._client.mlsd(f"/{BUCKET}/{folder}")):
            if facts["type"] == "dir":
                rows |= self._below(f"{folder}{name}/")
            elif facts["type"] == "file":
                rows[f"{folder}{name}"] = Row(int(facts["size"]))
        return rows

    async def root(self) -> list[str]:
        """The names of the buckets."""
        async with self._turn:
            return await asyncio.to_thread(self._client.nlst, "/")


def _absent(error: ftplib.error_perm) -> None:
    """Pass over the answer that nothing is there; any other one fails the test."""
    if not str(error).startswith("550"):
        raise error


def _log_in(port: int, user: User) -> ftplib.FTP:
    client = ftplib.FTP(timeout=60)
    client.connect("127.0.0.1", port)
    client.login(user.name, user.secret)
    return client


@dataclass
class Doors:
    """All doors, as one user has opened them."""

    s3: S3Door
    swift: SwiftDoor
    ftp: FtpDoor
    all: tuple[Door, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.all = self.s3, self.swift, self.ftp


class Open(Protocol):
    """A gateway whose doors are open."""

    @property
    def ports(self) -> Mapping[str, int]: ...

    @property
    def endpoints(self) -> Mapping[str, str]: ...


@asynccontextmanager
async def opened(app: Open, user: User) -> AsyncIterator[Doors]:
    """Log in everywhere."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(skip_auto_headers=("Content-Type",)))
        credentials = {"X-Auth-User": f"{user.account.name}:{user.name}", "X-Auth-Key": user.secret}
        async with http.get(app.endpoints["swift"], headers=credentials) as answer:
            storage, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]
        ftp = await asyncio.to_thread(_log_in, app.ports["ftp"], user)
        stack.push_async_callback(asyncio.to_thread, ftp.close)
        doors = Doors(S3Door(http, app.endpoints["s3"], user), SwiftDoor(http, storage, token), FtpDoor(ftp))
        await doors.s3.create()
        yield doors
