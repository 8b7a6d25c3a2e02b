"""What Swift's access lists grant holds over S3 and FTP, and what S3's policies deny is denied there."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession

from gateway.auth.principals import Registry
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.core.store import Store
from gateway.frontends.swift import SwiftFrontend, SwiftSettings
from tests.frontends.ftp import world as ftp
from tests.frontends.s3 import world as s3
from tests.frontends.swift.world import KEY, LIFETIME


@dataclass
class Doors:
    """All frontends over one store, with the same users."""

    swift: ClientSession
    s3: s3.World
    ftp: ftp.World

    async def set(self, path: str = "/box", **headers: str) -> None:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.swift.post(f"/v1/AUTH_acc-test{path}", headers=fields) as answer:
            assert answer.status == 204

    async def read(self, user: str | None) -> int:
        """The status of a read over S3."""
        request = s3.Request("GET", "/box/thing", headers={"Host": "127.0.0.1"})
        return (await self.s3.send(request if user is None else request.sign(user))).status

    async def retrieves(self, user: str) -> bool:
        """Whether FTP gives the file to him."""
        client = await self.ftp.login(user)
        try:
            return (await client.code("SIZE /box/thing")) == 213
        finally:
            await client.close()


@pytest.fixture
async def doors(store: Store) -> AsyncIterator[Doors]:
    users, tokens = s3.USERS, TokenIssuer(KEY, LIFETIME)
    tenancy = Tenancy({"default": store})
    frontend = SwiftFrontend(
        SwiftSettings.model_validate({"port": 0}), Registry(users.values()), tenancy, lambda _: None, tokens
    )
    await frontend.start()
    token = {"X-Auth-Token": tokens.issue(users["alice"]).value}
    base = f"http://127.0.0.1:{frontend.ports['swift']}"
    try:
        async with (
            ClientSession(base, headers=token) as session,
            s3.serving(store) as over_s3,
            ftp.serving(store) as over_ftp,
        ):
            for path in ("box", "box/thing"):
                async with session.put(f"/v1/AUTH_acc-test/{path}", data=b"") as answer:
                    assert answer.status == 201
            yield Doors(session, over_s3, over_ftp)
    finally:
        await frontend.aclose()


async def test_what_everybody_reads_needs_no_signature(doors: Doors) -> None:
    assert await doors.read(None) == 403
    await doors.set(X_Container_Read=".r:*")
    assert await doors.read(None) == 200
    assert (await doors.s3.send(s3.Request("GET", "/box", headers={"Host": "127.0.0.1"}))).status == 403
    await doors.set(X_Container_Read=".r:*,.rlistings")
    assert (await doors.s3.send(s3.Request("GET", "/box", headers={"Host": "127.0.0.1"}))).status == 200


async def test_a_user_who_is_named(doors: Doors) -> None:
    assert (await doors.read("olga"), await doors.retrieves("olga")) == (403, False)
    await doors.set(X_Container_Read="other:olga", X_Container_Write="other:olga")
    assert (await doors.read("olga"), await doors.retrieves("olga")) == (200, True)
    assert await doors.read("norma") == 403
    assert (await doors.s3.ask("olga", "PUT", "/box/new", b"x")).status == 200


async def test_whom_the_account_lets_in(doors: Doors) -> None:
    await doors.set("", X_Account_Access_Control='{"read-only": ["other"]}')
    assert (await doors.read("norma"), await doors.retrieves("olga")) == (200, True)
    assert (await doors.s3.ask("olga", "PUT", "/box/new", b"x")).status == 403


async def test_a_denial_outdoes_every_list(doors: Doors) -> None:
    await doors.set(X_Container_Read="other,.r:*")
    await doors.set("", X_Account_Access_Control='{"admin": ["other:olga"]}')
    denial = {"Effect": "Deny", "Principal": {"AWS": "acc-other"}, "Action": "s3:GetObject"}
    policy = json.dumps({"Statement": {**denial, "Resource": "arn:aws:s3:::box/*"}}).encode()
    assert (await doors.s3.ask("alice", "PUT", "/box?policy", policy)).status in {200, 204}
    assert (await doors.read("olga"), await doors.retrieves("olga")) == (403, False)
    assert await doors.read(None) == 200
