"""Name servers, asked by dnspython."""

from collections.abc import Iterable

from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.rdatatype import CNAME
from dns.resolver import NXDOMAIN, NoAnswer, NoResolverConfiguration

from gateway.frontends.swift.cnames import DNS_PORT, Cname, LookupFailed

SERVER_SECONDS = 0.9
"""So long, one name server is waited for before the next is asked, or the same again."""


class DnsResolver:
    """Asks name servers by address and port; where none are named, those of the system."""

    def __init__(self, servers: Iterable[tuple[str, int]]) -> None:
        named = [Do53Nameserver(address, port) for address, port in servers]
        self._resolver = _of(named) if named else _of_system()
        self._resolver.timeout = SERVER_SECONDS

    async def cname(self, name: str) -> Cname | None:
        """The record of a name; None where it has none. Raises `LookupFailed`."""
        try:
            answer = await self._resolver.resolve(name, CNAME, search=False)
        except (NXDOMAIN, NoAnswer):
            return None
        except DNSException as error:
            raise LookupFailed(str(error)) from error
        if answer.rrset is None:
            return None
        return Cname(answer.rrset[0].target.to_text(omit_final_dot=True), answer.rrset.ttl)


def _of(servers: list[Do53Nameserver]) -> Resolver:
    resolver = Resolver(configure=False)
    resolver.nameservers = servers
    return resolver


def _of_system() -> Resolver:
    try:
        return Resolver()
    except NoResolverConfiguration:  # then it is the machine itself, as resolv.conf(5) has it
        return _of([Do53Nameserver("127.0.0.1", DNS_PORT)])
