"""What vanishes is gone at every door at once, and the reaper of a running gateway removes it."""

import asyncio
import ftplib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError

from gateway.app import App, running
from gateway.config import load
from tests.support.waiting import eventually

BUCKET = "fleeting"


@dataclass
class World:
    """One user at all doors. `swift` is the URL of the bucket there."""

    app: App
    s3: Any
    http: aiohttp.ClientSession
    swift: str
    token: Mapping[str, str]
    ftp: ftplib.FTP

    async def do(self, method: str, name: str, data: bytes = b"", **headers: str) -> int:
        named = {header.replace("_", "-"): value for header, value in headers.items()}
        async with self.http.request(
            method, f"{self.swift}/{name}", data=data, headers={**self.token, **named}
        ) as answer:
            return answer.status

    async def listed(self) -> set[str]:
        page = await self.s3.list_objects_v2(Bucket=BUCKET)
        names = {row["Key"] for row in page.get("Contents", [])}
        async with self.http.get(self.swift, headers=self.token) as answer:
            assert set((await answer.text()).split()) == names
        assert {Path(name).name for name in await asyncio.to_thread(self.ftp.nlst, f"/{BUCKET}")} == names
        return names

    async def statuses(self, name: str) -> tuple[int, int, int]:
        """What S3, Swift and FTP answer to who reads an object."""
        try:
            s3 = (await self.s3.get_object(Bucket=BUCKET, Key=name))["ResponseMetadata"]["HTTPStatusCode"]
        except ClientError as error:
            s3 = error.response["ResponseMetadata"]["HTTPStatusCode"]
        try:
            await asyncio.to_thread(self.ftp.retrbinary, f"RETR /{BUCKET}/{name}", BytesIO().write)
        except ftplib.error_perm as error:
            return s3, await self.do("GET", name), int(str(error)[:3])
        return s3, await self.do("GET", name), 226

    async def metrics(self) -> str:
        async with self.http.get(self.app.endpoints["admin"] + "/metrics") as answer:
            return await answer.text()


@asynccontextmanager
async def gateway(folder: Path, reaper: str) -> AsyncIterator[World]:
    file = folder / "c.yaml"
    file.write_text(
        f"stores: {{main: {{type: catalog, path: {folder}/data}}}}\n"
        "accounts: [{name: test, users: [{name: tester, secret: testing-secret, role: admin}]}]\n"
        "frontends: {s3: {port: 0}, swift: {port: 0}, ftp: {port: 0, passive_ports: null}, admin: {port: 0}}\n"
        f"reaper: {reaper}\n"
    )
    config = load(file, environ={})
    users = [user for account in config.accounts for user in account.members()]
    (user,) = users
    async with running(config, users, b"k" * 32) as app, aiohttp.ClientSession() as http:
        login = {"X-Auth-User": "test:tester", "X-Auth-Key": user.secret}
        async with http.get(app.endpoints["swift"], headers=login) as answer:
            token, base = {"X-Auth-Token": answer.headers["X-Auth-Token"]}, answer.headers["X-Storage-Url"]
        session = get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=app.endpoints["s3"],
            aws_access_key_id=user.access_key,
            aws_secret_access_key=user.secret,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
        ftp = ftplib.FTP(timeout=20)
        await asyncio.to_thread(ftp.connect, "127.0.0.1", app.ports["ftp"])
        await asyncio.to_thread(ftp.login, user.name, user.secret)
        async with session as s3:
            yield World(app, s3, http, f"{base}/{BUCKET}", token, ftp)
        await asyncio.to_thread(ftp.close)


async def test_what_vanishes_is_gone_at_every_door_before_it_is_removed(tmp_path: Path) -> None:
    async with gateway(tmp_path, "{enabled: false}") as world:
        await world.s3.create_bucket(Bucket=BUCKET)
        assert await world.do("PUT", "goes", b"x", X_Delete_After="1000") == 201
        assert await world.do("PUT", "stays", b"x") == 201
        assert await world.statuses("goes") == (200, 200, 226)
        assert await world.do("POST", "goes", X_Delete_After="1") == 202

        async def is_gone() -> bool:
            return await world.do("HEAD", "goes") == 404

        await eventually(is_gone)
        assert await world.statuses("goes") == (404, 404, 550)
        assert await world.statuses("stays") == (200, 200, 226)
        assert await world.listed() == {"goes", "stays"}
        assert "portico_reaped" not in await world.metrics()


async def test_the_reaper_of_a_gateway_removes_what_is_due_also_after_a_restart(tmp_path: Path) -> None:
    rules = {"Rules": [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "logs-"}, "Expiration": {"Days": 1}}]}
    async with gateway(tmp_path, "{enabled: false}") as world:
        await world.s3.create_bucket(Bucket=BUCKET)
        await world.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=rules)
        assert await world.do("PUT", "goes", b"x", X_Delete_After="1") == 201
        assert await world.do("PUT", "stays", b"x") == 201
        assert await world.do("PUT", "logs-a", b"x") == 201
        await world.s3.create_multipart_upload(Bucket=BUCKET, Key="upload")
    settings = "{interval: 0.05, rules_interval: 0.05, day: 1, abandoned_uploads: 1}"
    async with gateway(tmp_path, settings) as world:

        async def is_done() -> bool:
            uploads = await world.s3.list_multipart_uploads(Bucket=BUCKET)
            page = await world.s3.list_objects_v2(Bucket=BUCKET)
            return page["KeyCount"] == 1 and "Uploads" not in uploads

        await eventually(is_done)  # while it goes on, one door after the other is asked
        assert await world.listed() == {"stays"}
        assert await world.statuses("stays") == (200, 200, 226)
        metrics = await world.metrics()
        for what in ("vanished", "expired", "upload"):
            assert f'portico_reaped_total{{store="main",what="{what}"}} 1.0' in metrics
        assert 'portico_reaper_refused_total{store="main"} 0.0' in metrics


@pytest.mark.parametrize(
    "text", ("{rate: 0}", "{interval: -1}", "{day: 86401}", "{abandoned_uploads: -1}", "{what: 1}")
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(f"stores: {{main: {{type: memory}}}}\nreaper: {text}\n")
    with pytest.raises(Exception, match="reaper"):
        load(file, environ={})
