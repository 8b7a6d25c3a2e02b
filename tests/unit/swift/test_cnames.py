"""Hosts that lead to others, with a stand-in for DNS."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from pydantic import ValidationError

from gateway.frontends.swift import cnames
from gateway.frontends.swift.cnames import Cname, CnameLookup, CnameLookupSettings, LookupFailed, lookup_of, server_of
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.settings import SwiftSettings
from tests.support.waiting import until

DOMAINS = ("storage.example.org", "example.net")
SITE = "www.AUTH_test.storage.example.org"
NOWHERE = "CNAME lookup failed to resolve to a valid domain"


@dataclass
class StandIn:
    """Knows where names lead; None: it fails."""

    known: Mapping[str, str | None]
    ttl: float = 300
    asked: list[str] = field(default_factory=list)

    async def cname(self, name: str) -> Cname | None:
        self.asked.append(name)
        if name not in self.known:
            return None
        target = self.known[name]
        if target is None:
            raise LookupFailed("all of them are broken")
        return Cname(target, self.ttl)


@dataclass
class Now:
    seconds: float = 1000

    def __call__(self) -> float:
        return self.seconds


def lookup(resolver: cnames.Resolver, now: Now | None = None, /, **settings: float) -> CnameLookup:
    return CnameLookup(CnameLookupSettings.model_validate(settings), DOMAINS, resolver, now or Now())


async def refused(found: CnameLookup, host: str) -> str:
    with pytest.raises(Refusal) as caught:
        await found.resolve(host)
    assert caught.value.status == 400
    return caught.value.text


@pytest.mark.parametrize("host", ("www.example.com", "www.example.com:8080", "WWW.Example.COM", "www.example.com."))
async def test_a_host_leads_to_another(host: str) -> None:
    resolver = StandIn({"www.example.com": SITE})
    assert await lookup(resolver).resolve(host) == SITE
    assert resolver.asked == ["www.example.com"]


@pytest.mark.parametrize(
    ("host", "name"),
    (
        (f"{SITE}:8080", SITE),
        ("example.net", "example.net"),
        ("EXAMPLE.net:80", "EXAMPLE.net"),
        ("test.Example.NET", "test.Example.NET"),
        ("localhost:8080", "localhost"),
        ("127.0.0.1:8080", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:8080", "[::1]"),
        ("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]"),
        ("", ""),
    ),
)
async def test_what_is_not_looked_up(host: str, name: str) -> None:
    resolver = StandIn({})
    assert await lookup(resolver).resolve(host) == name
    assert resolver.asked == []


@pytest.mark.parametrize(
    "host", ("a..example.com", "evil.örg", "a b.example.com", f"{'a' * 64}.com", "a." * 127 + "com")
)
async def test_what_is_no_name_is_not_asked_for(host: str) -> None:
    resolver = StandIn({})
    assert await refused(lookup(resolver), host) == NOWHERE
    assert resolver.asked == []


@pytest.mark.parametrize(
    "known",
    ({}, {"www.example.com": "WWW.example.com"}, {"www.example.com": None}),
    ids=("no record", "itself", "a failure"),
)
async def test_a_host_that_leads_nowhere(known: Mapping[str, str | None]) -> None:
    assert await refused(lookup(StandIn(known)), "www.example.com:80") == NOWHERE


async def test_records_are_followed_as_deep_as_it_is_set() -> None:
    chain = {"a.example.com": "b.example.com", "b.example.com": "c.example.com", "c.example.com": SITE}
    assert await lookup(StandIn(chain), lookup_depth=3).resolve("a.example.com") == SITE
    for depth in (1, 2):
        resolver = StandIn(chain)
        found = await refused(lookup(resolver, lookup_depth=depth), "a.example.com")
        assert found == f"CNAME lookup failed after {depth} tries"
        assert len(resolver.asked) == depth
    broken = {"a.example.com": "b.example.com"}
    assert await refused(lookup(StandIn(broken), lookup_depth=3), "a.example.com") == NOWHERE


async def test_a_circle_is_left() -> None:
    resolver = StandIn({"a.example.com": "b.example.com", "b.example.com": "a.example.com"})
    assert await refused(lookup(resolver, lookup_depth=10), "a.example.com") == "CNAME lookup failed after 10 tries"
    assert resolver.asked == ["a.example.com", "b.example.com"]


async def test_a_neighbour_of_the_domains_is_none_of_them() -> None:
    resolver = StandIn({"www.example.com": "evilexample.net", "x.example.com": f"{DOMAINS[0]}.evil.org"})
    for host in ("www.example.com", "x.example.com"):
        assert await refused(lookup(resolver), host) == "CNAME lookup failed after 1 tries"


@pytest.mark.parametrize(
    ("ttl", "held"), ((300, 300), (5000, 1000), (0, 0)), ids=("its own", "the longest that is set", "none")
)
async def test_a_record_is_remembered_for_its_time(ttl: float, held: float) -> None:
    resolver, now = StandIn({"www.example.com": SITE}, ttl), Now()
    found = lookup(resolver, now, max_ttl=1000)
    await found.resolve("www.example.com")
    now.seconds += held - 0.5
    await found.resolve("WWW.example.com:80")
    assert len(resolver.asked) == (1 if held else 2)
    now.seconds += 1
    await found.resolve("www.example.com")
    assert len(resolver.asked) == (2 if held else 3)


async def test_that_there_is_no_record_is_remembered_for_less() -> None:
    resolver, now = StandIn({}), Now()
    found = lookup(resolver, now, negative_ttl=10)
    for _ in range(2):
        await refused(found, "www.example.com")
    assert len(resolver.asked) == 1
    now.seconds += 11
    await refused(found, "www.example.com")
    assert len(resolver.asked) == 2


async def test_a_failure_is_not_remembered() -> None:
    resolver = StandIn({"www.example.com": None})
    found = lookup(resolver)
    await refused(found, "www.example.com")
    resolver.known = {"www.example.com": SITE}
    assert await found.resolve("www.example.com") == SITE


async def test_no_more_names_are_remembered_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnames, "MAX_KEPT", 2)
    resolver = StandIn({})
    found = lookup(resolver)
    for host in ("a.com", "b.com", "c.com", "c.com", "a.com"):
        await refused(found, host)
    assert resolver.asked == ["a.com", "b.com", "c.com", "a.com"]


class Slow:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.let = asyncio.Event()

    async def cname(self, name: str) -> Cname | None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.let.wait()
        finally:
            self.running -= 1
        return Cname(SITE, 60)


async def test_so_many_are_looked_up_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnames, "MAX_RUNNING", 3)
    slow = Slow()
    found = lookup(slow)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(found.resolve(f"h{number}.example.com")) for number in range(10)]
        await until(lambda: slow.running == 3)
        slow.let.set()
    assert {task.result() for task in tasks} == {SITE}
    assert slow.most == 3


async def test_nobody_waits_for_dns_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnames, "SECONDS", 0.05)
    slow = Slow()
    assert await refused(lookup(slow), "www.example.com") == NOWHERE
    assert slow.running == 0


@pytest.mark.parametrize(
    ("text", "server"),
    (
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ),
)
def test_name_servers(text: str, server: tuple[str, int]) -> None:
    assert server_of(text) == server


@pytest.mark.parametrize("text", ("", "dns.example.org", "dns.example.org:53", "192.0.2.1:0", "192.0.2.1:65536", "::g"))
def test_what_is_no_name_server(text: str) -> None:
    with pytest.raises(ValidationError, match="is no name server; write an IP address, or `address:port`"):
        CnameLookupSettings(nameservers=(text,))


def test_lookups_lead_somewhere() -> None:
    with pytest.raises(ValidationError, match="has `cname_lookup` without the `storage_domains`"):
        SwiftSettings(cname_lookup=CnameLookupSettings())


def test_nothing_is_looked_up_unless_it_is_set() -> None:
    assert SwiftSettings().cname_lookup is None
    assert lookup_of(None, DOMAINS) is None
    assert isinstance(lookup_of(CnameLookupSettings(), DOMAINS), CnameLookup)
