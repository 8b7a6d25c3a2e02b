"""A bucket that keeps versions: whatever is done through FTP or Swift can be undone through S3."""

import asyncio
import ftplib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
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


@pytest.fixture(params=("memory", "catalog"))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    file = tmp_path / "c.yaml"
    store = "{type: memory}" if request.param == "memory" else f"{{type: catalog, path: {tmp_path}/data}}"
    file.write_text(
        f"stores: {{main: {store}}}\n"
        "accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]\n"
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
            await s3.create_bucket(Bucket=BUCKET)
            await s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            ftp = await asyncio.to_thread(log_in, app.ports["ftp"], user)
            yield World(s3, http, f"{storage}/{BUCKET}", {"X-Auth-Token": token}, ftp)
            await asyncio.to_thread(ftp.close)


async def test_uploads_over_ftp_make_versions(world: World) -> None:
    await world.store("file", b"one")
    await world.store("file", b"two")
    await world.store("file", b" and more", "APPE")
    assert await world.history() == [
        ("file", "two and more", True),
        ("file", "two", False),
        ("file", "one", False),
    ]


async def test_an_upload_over_ftp_that_breaks_makes_none(world: World) -> None:
    await world.store("file", b"whole")

    def break_off() -> None:
        data = world.ftp.transfercmd(f"STOR /{BUCKET}/file")
        data.sendall(b"a part of it")
        data.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # ends in a reset
        data.close()
        world.ftp.voidresp()

    with pytest.raises(ftplib.error_temp, match="426"):
        await world.at_ftp(break_off)
    assert await world.do("PUT", "other", b"behind it") == 201
    assert await world.history() == [("file", "whole", True), ("other", "behind it", True)]


async def test_deletes_over_ftp_make_markers(world: World) -> None:
    await world.store("file", b"one")
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    assert await world.history() == [("file", "marker", True), ("file", "one", False)]
    with pytest.raises(ftplib.error_perm, match="550"):
        await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    with pytest.raises(ftplib.error_perm, match="550"):
        await world.at_ftp(world.ftp.retrbinary, f"RETR /{BUCKET}/file", print)
    assert await world.at_ftp(world.ftp.nlst, f"/{BUCKET}") == []
    assert len(await world.history()) == 2


async def test_renames_over_ftp_can_be_undone(world: World) -> None:
    await world.store("file", b"one")
    await world.store("target", b"replaced")
    await world.at_ftp(world.ftp.rename, f"/{BUCKET}/file", f"/{BUCKET}/target")
    assert await world.history() == [
        ("file", "marker", True),
        ("file", "one", False),
        ("target", "one", True),
        ("target", "replaced", False),
    ]


async def test_directories_over_ftp(world: World) -> None:
    await world.at_ftp(world.ftp.mkd, f"/{BUCKET}/dir")
    await world.store("dir/a", b"one")
    await world.at_ftp(world.ftp.rename, f"/{BUCKET}/dir", f"/{BUCKET}/moved")
    assert [row for row in await world.history() if row[2]] == [
        ("dir/", "marker", True),
        ("dir/a", "marker", True),
        ("moved/", "", True),
        ("moved/a", "one", True),
    ]
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/moved/a")
    await world.at_ftp(world.ftp.rmd, f"/{BUCKET}/moved")
    assert all(what == "marker" for _, what, latest in await world.history() if latest)


async def test_a_bucket_that_only_looks_empty_is_not_removed(world: World) -> None:
    await world.store("file", b"one")
    await world.at_ftp(world.ftp.delete, f"/{BUCKET}/file")
    with pytest.raises(ftplib.error_perm, match=r"550.*[Ff]ormer versions"):
        await world.at_ftp(world.ftp.rmd, f"/{BUCKET}")
    async with world.http.delete(world.swift, headers=world.token) as answer:
        assert answer.status == 409
    assert len(await world.history()) == 2


async def test_writes_over_swift_make_versions(world: World) -> None:
    for data in (b"one", b"two"):
        assert await world.do("PUT", "file", data) == 201
    assert await world.do("POST", "file", X_Object_Meta_Color="blue") == 202
    assert await world.do("PUT", "copy", X_Copy_From=f"{BUCKET}/file", Content_Length="0") == 201
    assert await world.history() == [("copy", "two", True), ("file", "two", True), ("file", "one", False)]


async def test_deletes_over_swift_make_markers(world: World) -> None:
    assert await world.do("PUT", "file", b"one") == 201
    assert await world.do("DELETE", "file") == 204
    expected = [("file", "marker", True), ("file", "one", False)]
    assert await world.history() == expected
    for method in ("GET", "HEAD", "DELETE", "POST"):
        assert await world.do(method, "file") == 404
    assert await world.do("DELETE", "never") == 404
    assert await world.history() == expected
    assert await world.do("PUT", "file", b"two", If_None_Match="*") == 201
    assert await world.history() == [("file", "two", True), *[(name, what, False) for name, what, _ in expected]]


async def test_what_swift_counts_is_what_stands(world: World) -> None:
    for data in (b"one", b"three"):
        assert await world.do("PUT", "file", data) == 201
    assert await world.do("PUT", "gone", b"x") == 201
    assert await world.do("DELETE", "gone") == 204
    async with world.http.head(world.swift, headers=world.token) as answer:
        told = answer.headers["X-Container-Object-Count"], answer.headers["X-Container-Bytes-Used"]
    assert told == ("1", "5")
