"""One user at three doors, with a bucket that keeps versions."""

import asyncio
import ftplib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiobotocore.session import get_session
from botocore.config import Config

from gateway.app import running
from gateway.auth.principals import User
from gateway.config import load

T = TypeVar("T")

BUCKET = "kept"
Row = tuple[str, str, bool]
"""A name, what became of it (`marker`, or the bytes), and whether that is what stands."""


@dataclass
class World:
    """One user at three doors. `swift` is the URL of the bucket there."""

    s3: Any
    http: aiohttp.ClientSession
    swift: str
    token: Mapping[str, str]
    ftp: ftplib.FTP

    async def history(self) -> list[Row]:
        """All that a listing of versions shows, by name, the newest first."""
        page = await self.s3.list_object_versions(Bucket=BUCKET)
        rows = [(row, "marker") for row in page.get("DeleteMarkers", [])]
        rows += [(row, await self.read(row["Key"], row["VersionId"])) for row in page.get("Versions", [])]
        rows.sort(key=lambda found: (found[0]["Key"], found[0]["VersionId"]))  # ids of newer versions come first
        return [(row["Key"], what, row["IsLatest"]) for row, what in rows]

    async def read(self, name: str, version: str) -> str:
        answer = await self.s3.get_object(Bucket=BUCKET, Key=name, VersionId=version)
        return str((await answer["Body"].read()).decode())

    async def do(self, method: str, name: str, data: bytes = b"", **headers: str) -> int:
        """A request at Swift's door; its status."""
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        async with self.http.request(
            method, f"{self.swift}/{name}", data=data or None, headers={**self.token, **named}
        ) as answer:
            return answer.status

    async def at_ftp(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.to_thread(work, *arguments)

    async def store(self, name: str, data: bytes, verb: str = "STOR") -> None:
        await self.at_ftp(self.ftp.storbinary, f"{verb} /{BUCKET}/{name}", BytesIO(data))


def log_in(port: int, user: User) -> ftplib.FTP:
    client = ftplib.FTP(timeout=20)
    client.connect("127.0.0.1", port)
    client.login(user.name, user.secret)
    return client


@asynccontextmanager
async def opened(
    kind: str, path: Path, *, locked: bool = False, role: str = "admin", versioned: bool = True
) -> AsyncIterator[World]:
    """A gateway over a new store of that kind. `locked`: versions in the bucket can be locked."""
    file = path / "c.yaml"
    store = "{type: memory}" if kind == "memory" else f"{{type: catalog, path: {path}/data}}"
    file.write_text(
        f"stores: {{main: {store}}}\n"
        "accounts: [{name: test, users: [{name: tester, secret: testing-secret, "
        f"role: {role}}}]}}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}\n"
        "log: {access: false}\n"
    )
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app, aiohttp.ClientSession() as http:
        user = users[0]
        login = {"X-Auth-User": f"{user.account.name}:{user.name}", "X-Auth-Key": user.secret}
        async with http.get(app.endpoints["swift"], headers=login) as answer:
            storage, token = answer.headers["X-Storage-Url"], answer.headers["X-Auth-Token"]
        async with get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=app.endpoints["s3"],
            aws_access_key_id=user.access_key,
            aws_secret_access_key=user.secret,
            config=Config(s3={"addressing_style": "path"}),
        ) as s3:
            await s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=locked)
            if versioned:
                await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            ftp = await asyncio.to_thread(log_in, app.ports["ftp"], user)
            yield World(s3, http, f"{storage}/{BUCKET}", {"X-Auth-Token": token}, ftp)
            await asyncio.to_thread(ftp.close)
