"""Passive data connections: a pool of listening ports that sessions share and that no session can keep.

A port is opened once and stays open. Who connects is told by his address: each client address may await one connection
on each port, so any number of clients use one port at a time, and nobody reaches another address's transfer.
"""

import asyncio
import secrets
import socket
from collections.abc import Collection, Iterator
from contextlib import suppress

from gateway.frontends.ftp.acceptor import BACKLOG, Acceptor
from gateway.frontends.ftp.addresses import Address, Network, address_of, is_in
from gateway.frontends.ftp.replies import Refused
from gateway.frontends.ftp.sources import CANNOT_CONNECT, DataSource


class Passive(DataSource):
    """A connection from `peer` that is awaited on a port of the pool."""

    def __init__(self, listener: "Listener", peer: Address) -> None:
        self.port = listener.port
        self.peer = peer
        self._listener = listener
        self._arrived: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
        self._is_handed_out = False

    async def connect(self, seconds: float) -> socket.socket:
        if self._arrived.done():
            sock = self._arrived.result()
        else:
            timer = asyncio.get_running_loop().call_later(seconds, self._give_up)
            try:
                sock = await self._arrived
            finally:
                timer.cancel()
        self._is_handed_out = True
        self.close()
        return sock

    def arrive(self, sock: socket.socket) -> None:
        """Take the client's connection; one is enough."""
        if self._arrived.done():
            sock.close()
        else:
            self._arrived.set_result(sock)

    def _give_up(self) -> None:
        self.break_off(Refused(CANNOT_CONNECT, "Nobody connected to the port"))

    def break_off(self, error: Exception) -> None:
        if not self._arrived.done():
            self._arrived.set_exception(error)

    def close(self) -> None:
        self._listener.forget(self)
        if not self._arrived.done():
            self._arrived.cancel()
        elif not self._arrived.cancelled() and self._arrived.exception() is None and not self._is_handed_out:
            self._arrived.result().close()


class Listener:
    """A listening port and those whose connections are awaited on it."""

    def __init__(self, address: Address, port: int, others: Collection[Network] = ()) -> None:
        """`others`: networks from which anybody may come in the place of whom is awaited."""
        self._others = others
        self._acceptor = Acceptor(_listening(address, port), self._meet)
        self.port = self._acceptor.port
        self._awaited: dict[Address, Passive] = {}

    def awaits(self, peer: Address) -> bool:
        """Whether `peer` has to be awaited on another port; where others may come in his place, one port serves one."""
        return bool(self._awaited) if self._others else peer in self._awaited

    def expect(self, peer: Address) -> Passive:
        """Await one connection from `peer`, who must not be awaited yet; one that came before is not meant."""
        self._acceptor.accept()
        source = self._awaited[peer] = Passive(self, peer)
        return source

    def forget(self, source: Passive) -> None:
        if self._awaited.get(source.peer) is source:
            del self._awaited[source.peer]

    def _meet(self, sock: socket.socket, host: str) -> None:
        peer = address_of(host)
        source = self._awaited.get(peer)
        if source is None and self._awaited and is_in(peer, self._others):
            source = next(iter(self._awaited.values()))
        if source is not None:
            source.arrive(sock)
        else:
            sock.close()

    def close(self) -> None:
        self._acceptor.close()
        for source in list(self._awaited.values()):
            source.close()


class PassivePorts:
    """The pool. `ports` of None: any free ones, as many as are needed at a time. `others`: see `Listener`."""

    def __init__(self, ports: range | None, others: Collection[Network] = ()) -> None:
        self._ports = ports
        self._others = others
        self._listeners: dict[tuple[Address, int], Listener] = {}

    def reserve(self, local: Address, peer: Address) -> Passive:
        """Await a connection from `peer` on a port of the address `local`. Raises `Refused` where none is free."""
        for listener in self._open_ones(local) if self._ports is None else self._ones_of_range(local, self._ports):
            if not listener.awaits(peer):
                return listener.expect(peer)
        if self._ports is None:
            with suppress(OSError):
                return self._open(local, 0).expect(peer)
        raise Refused(CANNOT_CONNECT, "All data ports are in use, try again later")

    def _open_ones(self, local: Address) -> Iterator[Listener]:
        return (listener for (address, _), listener in self._listeners.items() if address == local)

    def _ones_of_range(self, local: Address, ports: range) -> Iterator[Listener]:
        """In an order that nobody foresees, so that he can't wait there before the client."""
        first = secrets.randbelow(len(ports))
        for number in range(len(ports)):
            port = ports[(first + number) % len(ports)]
            try:
                yield self._listeners.get((local, port)) or self._open(local, port)
            except OSError:
                continue  # somebody else listens there

    def _open(self, local: Address, port: int) -> Listener:
        listener = Listener(local, port, self._others)
        self._listeners[local, listener.port] = listener
        return listener

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        self._listeners.clear()


def _listening(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((str(address), port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
