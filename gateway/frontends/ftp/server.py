"""The listening server, and who is let in."""

import asyncio
import logging
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import aioftp

from gateway.auth.principals import Registry
from gateway.auth.tenancy import Tenancy
from gateway.core.events import Observer
from gateway.frontends.ftp.acceptor import BACKLOG, Acceptor
from gateway.frontends.ftp.addresses import Address, address_of, is_in
from gateway.frontends.ftp.control import Control, Reception
from gateway.frontends.ftp.crowd import Bans, Sessions
from gateway.frontends.ftp.masquerade import Masquerade
from gateway.frontends.ftp.partials import Partials
from gateway.frontends.ftp.passive import PassivePorts
from gateway.frontends.ftp.profile import AnonymousSettings, Profiles
from gateway.frontends.ftp.proxy import Proxied
from gateway.frontends.ftp.rates import Limits, Rates
from gateway.frontends.ftp.replies import Reply
from gateway.frontends.ftp.security import Security
from gateway.frontends.ftp.session import Services
from gateway.frontends.ftp.settings import FtpSettings
from gateway.frontends.ftp.transport import SocketTransport
from gateway.frontends.ftp.users import RegistryUsers

logger = logging.getLogger("portico.ftp")

KEEPALIVE = 60
"""Seconds of silence after which the kernel asks whether a client is still there."""

LINGER = 5.0
"""Seconds that cancelled commands have to come to their end."""

SENDERS = 16
"""Threads that send files; each is held only while a client takes data as fast as it comes."""

TOO_MANY = Reply(421, "Too many connections, try again later").encode()


class Door:
    """Meets new connections: lets them in, or sends them away. Behind one that is `implicit`, TLS begins at once."""

    def __init__(self, reception: Reception, *, implicit: bool = False) -> None:
        self._reception = reception
        self._is_implicit = implicit

    def meet(self, sock: socket.socket, host: str) -> None:
        transport = SocketTransport(sock)
        client, here = address_of(host), address_of(sock.getsockname()[0])
        if is_in(client, self._reception.services.settings.proxy_networks):
            meet = partial(self._meet_proxied, transport, here, client)
            transport.set_protocol(Proxied(transport, meet, self._reception.proxied))
        else:
            self._let_in(transport, client, here)

    def _meet_proxied(
        self, transport: asyncio.Transport, local: Address, proxy: Address, client: Address | None, rest: bytes
    ) -> None:
        """A load balancer has told of its client; behind that the `rest` came, which is the client's."""
        control = self._let_in(transport, client or proxy, local)
        if control is not None:
            control.data_received(rest)

    def _let_in(self, transport: asyncio.Transport, client: Address, local: Address) -> Control | None:
        if not self._reception.admit(client):
            if not self._is_implicit:
                transport.write(TOO_MANY)
            transport.close()
            return None
        try:
            context = self._reception.services.security.context() if self._is_implicit else None
        except ValueError as error:
            logger.warning("no TLS", extra={"reason": str(error)})
            transport.close()
            return None
        control = Control(self._reception, transport, client, local, context)
        transport.set_protocol(control)
        return control


def _with_strangers(
    anonymous: AnonymousSettings | None, registry: Registry, profiles: Profiles
) -> tuple[RegistryUsers, Profiles]:
    """Who may log in, and everybody's profile. Raises `ValueError` where strangers are shown an unknown account."""
    if anonymous is None:
        return RegistryUsers(registry), profiles
    account = registry.account_of_name(anonymous.account)
    if account is None:
        raise ValueError(f"there is no account {anonymous.account!r}; correct `frontends.ftp.anonymous.account`")
    return RegistryUsers(registry, account), {**profiles, (account.id, ""): anonymous}


class FtpServer(aioftp.Server):
    """aioftp's server with a control loop, commands and data connections of its own.

    Of the base serve the users, the count of connections and the address; its dispatcher and its commands, which run
    side by side and take a broken upload for a whole one, are never reached.
    """

    def __init__(
        self, settings: FtpSettings, registry: Registry, tenancy: Tenancy, observe: Observer, profiles: Profiles
    ) -> None:
        users, profiles = _with_strangers(settings.anonymous, registry, profiles)
        super().__init__(users, maximum_connections=settings.max_connections, welcome_message=settings.banner)
        self.commands_mapping.clear()
        self.proxied: set[Proxied] = set()
        self.services = Services(
            settings=settings,
            users=users,
            profiles=profiles,
            tenancy=tenancy,
            observe=observe,
            passive=PassivePorts(settings.data_ports, settings.data_networks),
            partials=Partials(settings.keep_partials, settings.partial_space),
            threads=ThreadPoolExecutor(SENDERS, thread_name_prefix="portico-ftp"),
            security=Security(settings.tls),
            sessions=Sessions(),
            bans=Bans(settings.ban_after, settings.ban_window, settings.ban_time),
            masquerade=Masquerade(settings.masquerade_address, settings.masquerade_networks),
            rates=Rates(
                Limits(settings.upload_rate, settings.download_rate),
                Limits(settings.upload_rate_per_ip, settings.download_rate_per_ip),
            ),
        )
        self._acceptors: list[Acceptor] = []
        self._sweeping: asyncio.Task[None] | None = None
        self.implicit_port: int | None = None
        self._controls: set[Control] = set()
        self._clients: Counter[Address] = Counter()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    async def start(self, host: str | None = None, port: int = 0, **kwargs: object) -> None:
        """Listen on `host` and `port`; `::` means IPv4 as well. The base's further options have no use here."""
        self.server_host, self.server_port = host, await self._listen(host, port)
        settings = self.services.settings
        tls = settings.tls
        if tls is not None and tls.implicit_port is not None:
            self.implicit_port = await self._listen_for_tls(host, tls.implicit_port)
        if settings.keep_partials:
            self._sweeping = asyncio.create_task(self.services.partials.run(self.services.tenancy.stores))

    async def _listen_for_tls(self, host: str | None, port: int) -> int:
        try:
            return await self._listen(host, port, implicit=True)
        except OSError as error:
            setting = "`frontends.ftp.tls.implicit_port`"
            raise OSError(f"can't listen on port {port} for TLS: {error.strerror}; correct {setting}") from error

    async def _listen(self, host: str | None, port: int, *, implicit: bool = False) -> int:
        """The port that is listened on."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        door = Door(self, implicit=implicit)
        opened = [Acceptor(_listening(family, address), door.meet) for family, _, _, _, address in found]
        self._acceptors += opened
        return opened[0].port

    @property
    def open_connections(self) -> int:
        """Control connections that are open, or of which a command still runs."""
        return len(self._controls)

    def admit(self, client: Address) -> bool:
        if self.services.bans.is_banned(client):
            return False
        limit = self.services.settings.max_connections_per_ip
        return not self.available_connections.locked() and self._clients[client] < limit

    def enter(self, control: Control, client: Address) -> None:
        self.available_connections.acquire()
        self._clients[client] += 1
        self._controls.add(control)
        self._is_empty.clear()

    def leave(self, control: Control, client: Address) -> None:
        self.available_connections.release()
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        self._controls.discard(control)
        if not self._controls:
            self._is_empty.set()

    async def drain(self, seconds: float) -> None:
        """Stop to listen and let running commands end for up to `seconds`; then cancel them."""
        for acceptor in self._acceptors:
            acceptor.close()
        for proxied in list(self.proxied):
            proxied.abort()
        for control in list(self._controls):
            control.dismiss()
        await self._wait_until_empty(seconds)
        for control in list(self._controls):
            control.cancel()
        await self._wait_until_empty(LINGER)

    async def _wait_until_empty(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_empty.wait()

    async def close(self) -> None:
        """Stop at once and free everything."""
        await self.drain(0)
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping
        self.services.passive.close()
        self.services.threads.shutdown()


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    """A listening socket; `::` means IPv4 as well. The connections that it accepts have its options."""
    sock = socket.create_server(address, family=family, backlog=BACKLOG, dualstack_ipv6=address[0] == "::")
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE)
    # The last byte of an ABOR that is sent as urgent data must not fall out of its line.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    return sock
