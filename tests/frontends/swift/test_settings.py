"""What settings switch on."""

import hmac
import json

import pytest

import gateway
from gateway.core.errors import Locked
from gateway.core.store import Store
from tests.frontends.swift.conftest import Serve
from tests.frontends.swift.world import World

DOMAIN = "storage.example.org"
POLICY = '<allow-access-from domain="example.org" secure="true" />'


async def test_hosts_name_accounts_and_containers(serve: Serve) -> None:
    async with serve(storage_domains=[DOMAIN]) as world:
        await world.container("box", "a")
        token = world.token("alice")
        for host, path in ((f"AUTH_test.{DOMAIN}", "/box/a"), (f"box.auth-test.{DOMAIN}:80", "/a")):
            assert (await world.raw("GET", path, Host=host, X_Auth_Token=token)).body == b"a"
        assert (await world.raw("GET", "/a", Host=f"box.AUTH_test.{DOMAIN}")).status == 401
        assert (await world.raw("GET", "/a", Host=f"x.box.AUTH_test.{DOMAIN}")).status == 400
        assert "domain_remap" in json.loads((await world.raw("GET", "/info")).body)


async def test_a_website_at_a_host_of_its_own(serve: Serve) -> None:
    async with serve(storage_domains=[DOMAIN]) as world:
        settings = {"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Index": "index.html"}
        assert (await world.do("PUT", "www", headers=settings)).status == 201
        assert (await world.do("PUT", "www", "dir", "index.html", body=b"page")).status == 201
        host = f"www.AUTH_test.{DOMAIN}"
        assert (await world.raw("GET", "/dir/", Host=host)).body == b"page"
        assert (await world.raw("GET", "/dir", Host=host)).headers["Location"] == f"http://{host}/dir/"


async def test_the_policy_for_other_domains_is_as_it_is_set(serve: Serve) -> None:
    async with serve(cross_domain_policy=POLICY) as world:
        answer = await world.raw("GET", "/crossdomain.xml")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
        assert answer.body.startswith(b'<?xml version="1.0"?>\n<!DOCTYPE cross-domain-policy SYSTEM ')
        assert answer.body.endswith(f"<cross-domain-policy>\n{POLICY}\n</cross-domain-policy>".encode())
        assert (await world.raw("PUT", "/crossdomain.xml")).status == 405
        assert "crossdomain" in json.loads((await world.raw("GET", "/info")).body)


async def test_without_settings_there_is_none_of_it(world: World) -> None:
    assert (await world.raw("GET", "/crossdomain.xml")).status == 412
    assert (await world.raw("GET", "/box/a", Host=f"AUTH_test.{DOMAIN}")).status == 400
    assert not {"crossdomain", "domain_remap"} & json.loads((await world.raw("GET", "/info")).body).keys()


@pytest.mark.parametrize(("setting", "status"), (({}, 404), ({"missing_delete": 204}, 204)))
async def test_the_deletion_of_what_is_not_there(serve: Serve, setting: dict[str, int], status: int) -> None:
    async with serve(compat=setting) as world:
        await world.container()
        assert (await world.do("DELETE", "box", "missing")).status == status
        assert (await world.do("DELETE", "none", "missing")).status == 404


@pytest.mark.parametrize("status", (403, 409, 423))
async def test_the_refusal_to_destroy_what_is_locked(
    serve: Serve, store: Store, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """No request of Swift's destroys a locked version in an embedded store, but a store may say so of its own."""

    async def delete(*_: object, **__: object) -> None:
        raise Locked

    async with serve(compat={"locked": status}) as world:
        await world.container("box", "a")
        monkeypatch.setattr(type(store), "delete", delete)
        answer = await world.do("DELETE", "box", "a")
        assert (answer.status, answer.body) == (status, Locked.text.encode())


def signed(key: str, method: str = "GET", expires: int = 4_000_000_000, digest: str = "sha256") -> str:
    """The query that asks for the part of `/info` for administrators."""
    signature = hmac.digest(key.encode(), f"{method}\n{expires}\n/info".encode(), digest).hex()
    return f"/info?swiftinfo_sig={signature}&swiftinfo_expires={expires}"


async def test_who_has_signed_is_told_more(serve: Serve) -> None:
    async with serve(info_admin_key="the key of administrators") as world:
        key = "the key of administrators"
        public = json.loads((await world.raw("GET", "/info")).body)
        assert "admin" not in public
        for digest in ("sha1", "sha256", "sha512"):
            told = json.loads((await world.raw("GET", signed(key, digest=digest))).body)
            assert told == {**public, "admin": {"disallowed_sections": []}}
        assert (await world.raw("HEAD", signed(key))).status == 200
        for query in (signed("another key"), signed(key, "HEAD"), signed(key, expires=1), "/info?swiftinfo_sig=ab"):
            assert (await world.raw("GET", query)).status == 401
        assert (await world.raw("GET", "/info?swiftinfo_sig=ab&swiftinfo_expires=4000000000")).status == 401


async def test_the_version_is_told(world: World) -> None:
    answer = await world.raw("GET", "/recon/version")
    assert (answer.headers["Content-Type"], json.loads(answer.body)) == (
        "application/json",
        {"version": gateway.__version__},
    )


async def test_without_a_key_nobody_is(world: World) -> None:
    assert (await world.raw("GET", signed(""))).status == 403
    assert (await world.raw("POST", "/info")).status == 405
