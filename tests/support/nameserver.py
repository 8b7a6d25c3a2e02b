"""A name server on loopback, which knows the CNAME records that a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dns.message import Message, from_wire, make_response
from dns.name import Name, from_text
from dns.rcode import NXDOMAIN, SERVFAIL
from dns.rdatatype import CNAME
from dns.rrset import from_text as records


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """`cnames`: where names lead. `addresses`: names that have other records. `broken`: names that it fails over.

    `silent`: it answers nothing at all. `asked`: the names that it was asked for.
    """

    cnames: Mapping[str, str]
    addresses: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    silent: bool = False
    ttl: int = 300
    asked: list[str] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        assert self.transport is not None
        host, port = self.transport.get_extra_info("sockname")
        return f"{host}:{port}"

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = from_wire(data)
        name = query.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        if not self.silent:
            assert self.transport is not None
            assert query.question[0].rdtype == CNAME
            self.transport.sendto(self._answer(query, name).to_wire(), addr)

    def _answer(self, query: Message, name: Name) -> Message:
        response = make_response(query, recursion_available=True)
        targets = {from_text(each): target for each, target in self.cnames.items()}
        if name in targets:
            response.answer.append(records(name, self.ttl, "IN", CNAME, f"{targets[name]}."))
        elif name in map(from_text, self.broken):
            response.set_rcode(SERVFAIL)
        elif name not in map(from_text, self.addresses):
            response.set_rcode(NXDOMAIN)
        return response


@asynccontextmanager
async def answering(server: NameServer) -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    server.transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        server.transport.close()
