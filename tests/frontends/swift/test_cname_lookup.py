"""Hosts of others, which DNS says are hosts of the storage: with a name server on loopback."""

import json
from contextlib import AsyncExitStack

import pytest
from dns.asyncresolver import Resolver
from dns.resolver import NoResolverConfiguration

from gateway.frontends.swift import cnames, resolver
from gateway.frontends.swift.cnames import Cname, LookupFailed
from gateway.frontends.swift.resolver import DnsResolver
from tests.frontends.swift.conftest import Serve
from tests.support.nameserver import NameServer, answering

DOMAIN = "storage.example.org"
SITE = f"box.AUTH_test.{DOMAIN}"
NOWHERE = b"CNAME lookup failed to resolve to a valid domain"


async def test_a_host_is_served_as_the_one_that_it_leads_to(serve: Serve) -> None:
    names = NameServer(
        {"www.example.com": SITE, "deep.example.com": "www.example.com", "far.example.com": "deep.example.com"},
        addresses=frozenset({"other.example.com"}),
        broken=frozenset({"broken.example.com"}),
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(answering(names))
        settings = {"lookup_depth": 2, "nameservers": [names.address]}
        world = await stack.enter_async_context(serve(storage_domains=[DOMAIN], cname_lookup=settings))
        await world.container("box", "a")
        token = world.token("alice")

        for host in ("www.example.com", "www.example.com:8080", "deep.example.com", "www.example.com"):
            assert (await world.raw("GET", "/a", Host=host, X_Auth_Token=token)).body == b"a"
        assert names.asked == ["www.example.com", "deep.example.com"]
        assert (await world.raw("GET", "/a", Host="www.example.com")).status == 401

        for host in ("other.example.com", "missing.example.com", "broken.example.com"):
            answer = await world.raw("GET", "/a", Host=host, X_Auth_Token=token)
            assert (answer.status, answer.body) == (400, NOWHERE)
        answer = await world.raw("GET", "/a", Host="far.example.com", X_Auth_Token=token)
        assert (answer.status, answer.body) == (400, b"CNAME lookup failed after 2 tries")

        asked = len(names.asked)
        for host in (f"127.0.0.1:{world.port}", f"localhost:{world.port}", DOMAIN):
            assert (await world.raw("GET", "/v1/AUTH_test/box/a", Host=host, X_Auth_Token=token)).body == b"a"
        assert (await world.raw("GET", "/a", Host=SITE, X_Auth_Token=token)).body == b"a"
        document = json.loads((await world.raw("GET", "/info", Host="missing.example.com")).body)
        assert document["cname_lookup"] == {"lookup_depth": 2}
        assert len(names.asked) == asked


async def test_a_website_stays_at_the_host_that_it_was_asked_for_at(serve: Serve) -> None:
    names = NameServer({"www.example.com": SITE})
    async with (
        answering(names),
        serve(storage_domains=[DOMAIN], cname_lookup={"nameservers": [names.address]}) as world,
    ):
        settings = {"X-Container-Read": ".r:*,.rlistings", "X-Container-Meta-Web-Index": "index.html"}
        assert (await world.do("PUT", "box", headers=settings)).status == 201
        assert (await world.do("PUT", "box", "dir", "index.html", body=b"page")).status == 201
        assert (await world.raw("GET", "/dir/", Host="www.example.com")).body == b"page"
        answer = await world.raw("GET", "/dir", Host="www.example.com:8080")
        assert answer.headers["Location"] == "http://www.example.com:8080/dir/"


async def test_without_the_setting_nobody_is_looked_up(serve: Serve) -> None:
    async with serve(storage_domains=[DOMAIN]) as world:
        await world.container("box", "a")
        answer = await world.raw(
            "GET", "/v1/AUTH_test/box/a", Host="gateway.example.com", X_Auth_Token=world.token("alice")
        )
        assert answer.body == b"a"
        assert "cname_lookup" not in json.loads((await world.raw("GET", "/info")).body)


async def test_a_name_server_that_is_silent_holds_nobody_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnames, "SECONDS", 0.2)
    names = NameServer({}, silent=True)
    async with (
        answering(names),
        serve(storage_domains=[DOMAIN], cname_lookup={"nameservers": [names.address]}) as world,
    ):
        answer = await world.raw("GET", "/a", Host="www.example.com")
        assert (answer.status, answer.body) == (400, NOWHERE)
        assert names.asked == ["www.example.com"]


async def test_the_resolver_tells_what_dns_says() -> None:
    names = NameServer(
        {"www.example.com": SITE},
        addresses=frozenset({"other.example.com"}),
        broken=frozenset({"broken.example.com"}),
        ttl=77,
    )
    async with answering(names):
        asking = DnsResolver([cnames.server_of(names.address)])
        assert await asking.cname("www.example.com") == Cname(SITE, 77)
        assert await asking.cname("other.example.com") is None
        assert await asking.cname("missing.example.com") is None
        with pytest.raises(LookupFailed, match="SERVFAIL"):
            await asking.cname("broken.example.com")


async def test_another_name_server_is_asked_where_one_fails() -> None:
    broken = NameServer({}, broken=frozenset({"www.example.com"}))
    whole = NameServer({"www.example.com": SITE})
    async with answering(broken), answering(whole):
        asking = DnsResolver(map(cnames.server_of, (broken.address, whole.address)))
        assert (await asking.cname("www.example.com")) == Cname(SITE, 300)
        assert broken.asked == ["www.example.com"]


async def test_a_system_without_name_servers_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfigured(*_: object) -> None:
        raise NoResolverConfiguration

    monkeypatch.setattr(Resolver, "read_resolv_conf", unconfigured)
    async with answering(NameServer({"www.example.com": SITE})) as names:
        monkeypatch.setattr(resolver, "DNS_PORT", cnames.server_of(names.address)[1])
        assert await DnsResolver([]).cname("www.example.com") == Cname(SITE, 300)
