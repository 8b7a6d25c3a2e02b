"""One tree whose bytes are encrypted at rest, through all doors; and what only S3 can open."""

import asyncio
import ftplib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiobotocore.session import get_session

from gateway.app import App, running
from gateway.config import load
from tests.coherence.doors import BUCKET, Doors, opened

TEXT = b"these words are for nobody else. "
SECRET = bytes(range(32))
SIZES = (0, 1, 5_000, 40_000, 300_000)


@asynccontextmanager
async def serving(folder: Path, *, default: str) -> AsyncIterator[tuple[App, Doors]]:
    file = folder / "c.yaml"
    (folder / "key").write_text(b64encode(b"m" * 32).decode())
    keys = f"[{{id: k1, key_file: {folder}/key}}]"
    file.write_text(
        f"stores: {{main: {{type: catalog, path: {folder}/data, "
        f"encryption: {{keys: {keys}, current: k1, default: {default}}}}}}}\n"
        "accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: null}\n"
        "log: {access: false}\n"
    )
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    async with running(config, users, b"k" * 32) as app, opened(app, users[0]) as doors:
        yield app, doors


def words(size: int) -> bytes:
    return (TEXT * (size // len(TEXT) + 1))[:size]


async def test_what_any_door_writes_is_read_through_all_and_lies_encrypted(tmp_path: Path) -> None:
    async with serving(tmp_path, default="on") as (_, doors):
        for writer in doors.all:
            for size in SIZES:
                name = f"{writer.name}/{size}"
                await writer.put(name, words(size), {})
                for reader in doors.all:
                    seen = await reader.get(name)
                    assert seen is not None
                    assert seen.data == words(size), (writer.name, reader.name, size)
                    assert seen.etag in {None, md5(words(size), usedforsecurity=False).hexdigest()}
                    assert await reader.size(name) == size
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            held = file.read_bytes()
            assert TEXT[:12] not in held, file
            assert b"m" * 16 not in held, file


async def test_the_scan_would_find_what_is_not_encrypted(tmp_path: Path) -> None:
    async with serving(tmp_path, default="off") as (_, doors):
        await doors.all[0].put("plain", words(300_000), {})
    assert any(TEXT in file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file())


async def test_what_a_customers_key_encrypts_is_listed_by_all_doors_and_opened_by_none_but_s3(tmp_path: Path) -> None:
    async with serving(tmp_path, default="off") as (app, doors):
        async with get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=app.endpoints["s3"],
            aws_access_key_id="tester",
            aws_secret_access_key="testing-secret",
        ) as s3:
            key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": SECRET.decode("latin-1")}
            await s3.put_object(Bucket=BUCKET, Key="mine", Body=TEXT, **key)
            got = await s3.get_object(Bucket=BUCKET, Key="mine", **key)
            assert await got["Body"].read() == TEXT
        for door in doors.all:
            assert (await door.listing())["mine"].size == len(TEXT)
        await _refused_by_ftp(app.ports["ftp"])
        await _refused_by_swift(app.endpoints["swift"])


async def _refused_by_ftp(port: int) -> None:
    def talk() -> None:
        path = f"/{BUCKET}/mine"
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", port)
            ftp.login("tester", "testing-secret")
            with pytest.raises(ftplib.error_perm, match=r"550 .*key"):
                ftp.retrbinary(f"RETR {path}", lambda _: None)
            with pytest.raises(ftplib.error_perm, match=r"550 .*key"):
                ftp.sendcmd(f"XMD5 {path}")
            with pytest.raises(ftplib.error_perm, match=r"550 .*key"):
                ftp.storbinary(f"APPE {path}", BytesIO(b"more"))

    await asyncio.to_thread(talk)


async def _refused_by_swift(endpoint: str) -> None:
    async with aiohttp.ClientSession() as http:
        login = {"X-Auth-User": "test:tester", "X-Auth-Key": "testing-secret"}
        async with http.get(endpoint, headers=login) as answer:
            token, base = answer.headers["X-Auth-Token"], answer.headers["X-Storage-Url"]
        async with http.get(f"{base}/{BUCKET}/mine", headers={"X-Auth-Token": token}) as answer:
            assert (answer.status, "key" in await answer.text()) == (403, True)
        async with http.head(f"{base}/{BUCKET}/mine", headers={"X-Auth-Token": token}) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(TEXT)))
