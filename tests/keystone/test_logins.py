"""FTP logins by a name and a password that Keystone knows."""

import asyncio
import ftplib
import secrets

import pytest
from aiohttp import web

from gateway.auth.keystone.names import Login, login_of
from gateway.auth.keystone.settings import KeystoneSettings
from tests.keystone.portico import serving, swift
from tests.support.keystone import PROJECT, FakeKeystone, document
from tests.support.openstack.cluster import Identity

SETTINGS = KeystoneSettings(
    auth_url="http://127.0.0.1:9/v3", user="u", key="k", user_domain="users", project_domain="projects"
)


@pytest.mark.parametrize(
    ("login", "named"),
    (
        ("work:tester", Login("tester", "users", "work", "projects")),
        ("work@a:tester@b", Login("tester", "b", "work", "a")),
        ("work@:tester@", Login("tester", "users", "work", "projects")),
        ("work:a@b@c", Login("a@b", "c", "work", "projects")),
        ("work:a:b", Login("a:b", "users", "work", "projects")),
        ("tester", None),
        (":tester", None),
        ("work:", None),
        ("@a:@b", None),
        ("work:a\nb", None),
        ("work:" + "x" * 512, None),
    ),
)
def test_a_login_names_a_project_and_a_user(login: str, named: Login | None) -> None:
    assert login_of(login, SETTINGS) == named


async def test_a_user_of_a_real_keystone_sees_by_ftp_what_swift_stored(identity: Identity) -> None:
    name = f"box-{secrets.token_hex(4)}"
    async with serving(identity.auth, user="swift", key="swift-secret", project="service") as gateway:
        for login, password in (("work:tester", "tester-secret"), ("work@people:dotted.name@people", "dotted-secret")):
            ftp = await gateway.ftp(login, password)
            assert await ftp.names() == []
            await ftp.do(f"MKD /{name}-{password}")
            await ftp.put(f"/{name}-{password}/file", b"data")
            assert await ftp.names() == [f"{name}-{password}"]
            ftp.close()
        wrong = [("work:tester", "wrong"), ("work:nobody", "tester-secret"), ("work@people:tester", "tester-secret")]
        refused = await asyncio.gather(*[gateway.ftp(*each) for each in wrong], return_exceptions=True)
        assert {repr(error) for error in refused} == {"error_perm('530 User name or password is wrong')"}


async def test_all_doors_show_the_same(fake: FakeKeystone) -> None:
    async def log_in(request: web.BaseRequest) -> web.Response:
        if request.method == "GET":
            return web.json_response(fake.tokens["tok"])
        told = document("member")
        given = "service-x" if b'"portico"' in await request.read() else "tok"
        fake.services.add(given)
        return web.json_response(told, status=201, headers={"X-Subject-Token": given})

    fake.tokens["tok"] = document("member")
    fake.instead["/auth/tokens"] = log_in
    async with serving(fake.url) as gateway:
        ftp = await gateway.ftp("work:alice", "hers")
        await ftp.do("MKD /box")
        await ftp.put("/box/file", b"data")
        ftp.close()
        assert (await swift(gateway, "GET", f"AUTH_{PROJECT}", "box", "file", token="tok")).body == b"data"


async def test_configured_users_are_never_asked_about(fake: FakeKeystone) -> None:
    async with serving(fake.url) as gateway:
        ftp = await gateway.ftp("alice", "alice-secret")
        ftp.close()
        for login in ("alice", "acme:alice", "acme:nobody", "nobody"):
            with pytest.raises(ftplib.error_perm, match="530"):
                await gateway.ftp(login, "wrong")
        assert fake.asked == []


async def test_passwords_are_not_tried_without_end_and_faults_do_not_count(fake: FakeKeystone) -> None:
    async def broken(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    async with serving(fake.url) as gateway:
        fake.instead["/auth/tokens"] = broken
        with pytest.raises(ftplib.Error, match="4"):
            await gateway.ftp("work:alice", "hers")
        fake.instead.clear()
        fake.asked.clear()
        await asyncio.gather(*[gateway.ftp("work:alice", f"guess-{n}") for n in range(8)], return_exceptions=True)
        assert fake.times("POST /auth/tokens") == 5
