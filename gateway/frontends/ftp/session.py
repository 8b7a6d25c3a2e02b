"""What an FTP session remembers between its commands."""

import ssl
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from gateway.auth.tenancy import Tenancy
from gateway.core.buckets import BucketMeta
from gateway.core.errors import IncompleteBody
from gateway.core.events import Observer
from gateway.core.paths import ROOT, TreePath
from gateway.core.ranges import Span
from gateway.core.tree import Tree
from gateway.frontends.ftp.addresses import Address
from gateway.frontends.ftp.crowd import Bans, Sessions
from gateway.frontends.ftp.deflate import LEVEL
from gateway.frontends.ftp.digests import MD5
from gateway.frontends.ftp.listing import DEFAULT_FACTS
from gateway.frontends.ftp.login import Login
from gateway.frontends.ftp.masquerade import Masquerade
from gateway.frontends.ftp.names import UTF8, Names
from gateway.frontends.ftp.partials import Partials
from gateway.frontends.ftp.passive import PassivePorts
from gateway.frontends.ftp.permissions import Origin
from gateway.frontends.ftp.profile import Profiles
from gateway.frontends.ftp.rates import NO_PACE, Rates
from gateway.frontends.ftp.replies import INVALID_OFFSET, Refused, Reply, Then
from gateway.frontends.ftp.security import Security
from gateway.frontends.ftp.settings import FtpSettings
from gateway.frontends.ftp.sources import CANNOT_CONNECT, DataSource
from gateway.frontends.ftp.users import RegistryUsers


@dataclass(frozen=True, slots=True)
class Services:
    """What all sessions of a frontend share."""

    settings: FtpSettings
    users: RegistryUsers
    profiles: Profiles
    tenancy: Tenancy
    observe: Observer
    passive: PassivePorts
    partials: Partials
    threads: Executor
    security: Security
    sessions: Sessions
    bans: Bans
    masquerade: Masquerade
    rates: Rates


class Channel(Protocol):
    """The control connection, as commands see it. `context`: what its TLS is made with, once that is agreed on."""

    context: ssl.SSLContext | None

    @property
    def is_secure(self) -> bool:
        """Whether TLS protects it."""

    def send(self, reply: Reply) -> None:
        """Answer, also ahead of a command's end."""

    def send_soon(self, reply: Reply) -> None:
        """Answer with what is sent next, or as this turn of the event loop ends."""

    def write(self, data: bytes) -> None:
        """Send lines of an answer of many."""

    async def drain(self) -> None:
        """Wait until the client has taken most of what was sent to it. Raises `IncompleteBody`."""

    def is_broken(self) -> bool:
        """Whether the client has gone, or said that it will send no more."""


class Breakable(Protocol):
    """Something going on that can be ended from outside."""

    def break_off(self, error: Exception) -> None: ...


class Type(Enum):
    """How bytes stand on data connections."""

    ASCII = "ASCII"
    IMAGE = "BINARY"


@dataclass(slots=True)
class Target:
    """The path of one command, once the caller was found to be allowed; what the command moves is counted here.

    `path` is where it lies, `shown` what the user calls it, `text` how he typed that, `options` what stood before it
    (`-la`). Without a `bucket` the path is the root, or a bucket yet to be made.
    """

    path: TreePath
    shown: TreePath
    text: str
    options: str
    login: Login
    bucket: BucketMeta | None
    received: int = 0
    sent: int = 0
    sources: tuple[TreePath, ...] = ()
    """Further paths that the command names, which the caller may read and remove."""
    least: int = 0
    """Bytes that an upload has to have, as its client announced."""
    room: int | None = None
    """Bytes that an upload may have at most, by its user's quota; None: any number."""
    source: TreePath | None = None
    """Where what is renamed stood before."""
    may_replace: bool = True
    """Whether the command may replace a file, or add to it."""

    @property
    def tree(self) -> Tree:
        return self.login.tree


class Session:
    """One control connection's state. Transfers are binary until TYPE says otherwise.

    RFC 959 would have them begin in ASCII; devices that never send TYPE would then have their images changed.
    """

    def __init__(self, services: Services, channel: Channel, client: Address, local: Address) -> None:
        self.services = services
        self.channel = channel
        self.client = client
        self.local = local
        self.failures = 0
        self.transfer: Breakable | None = None
        self.has_buffer_size = self.protects_data = False
        self._abort: Exception | None = None
        self._source: DataSource | None = None
        self.login: Login | None = None
        self.names = Names()
        self.forget_user()

    def forget_user(self) -> None:
        """Begin as a fresh connection does (USER, REIN)."""
        self.name = ""
        if self.login is not None:
            self.services.sessions.leave(self.login.principal.label)
        self.login = None
        self.names.forget_user()
        self.pace = NO_PACE
        self.directory = ROOT
        self.type = Type.IMAGE
        self.level: int | None = None
        """How hard data connections are compressed (MODE Z); None: they are not (MODE S)."""
        self.chosen_level = LEVEL
        self.facts: tuple[str, ...] = DEFAULT_FACTS
        self.digest = MD5
        """What HASH answers with."""
        self.rename_from: TreePath | None = None
        """Where what RNFR named lies."""
        self.passive_only = False
        self.policy = ""
        """The storage policy of buckets that are made; empty: the store's own."""
        self.span: Span | None = None
        """What the next transfer is of a file (REST, RANG); None: the whole."""
        self.allocation = 0
        """Bytes that the next upload is to have at least (ALLO)."""
        self.agree(None)

    def protect(self, context: ssl.SSLContext | None, *, data: bool = False) -> None:
        """Begin as a fresh connection does, with TLS made with `context`: of what came in plain nothing holds.

        `data`: protect data connections, too, without being asked to (PBSZ, PROT).
        """
        self.forget_user()
        self.names = Names()
        self.channel.context = context
        self.has_buffer_size = self.protects_data = data

    @property
    def origin(self) -> Origin:
        return Origin(self.client, self.channel.is_secure)

    @property
    def needs_tls(self) -> bool:
        """Whether this client, or who has logged in, is not served without TLS."""
        of_user = self.login is not None and self.login.profile.require_tls
        return of_user or self.services.security.is_required(self.client)

    def enter(self, login: Login) -> None:
        """Let a user in. Raises `Refused` (421) where he is in too often already."""
        limit = login.profile.max_sessions or self.services.settings.max_sessions_per_user
        if not self.services.sessions.enter(login.principal.label, limit):
            raise Refused(421, "You have too many sessions, try again later", then=Then.CLOSE)
        self.login = login
        self.names.fallback = login.profile.encoding
        self.pace = self.services.rates.pace(login.principal.label, login.profile.limits, self.client)

    def worded(self, reply: Reply) -> Reply:
        """A reply with its names as this client reads them."""
        encoding = self.names.encoding
        return reply if encoding == UTF8 else reply._replace(encoding=encoding)

    def require_login(self) -> Login:
        """Who has logged in. Raises `Refused` (530) where nobody has."""
        if self.login is None:
            raise Refused(530, "Log in with USER and PASS")
        return self.login

    def agree(self, source: DataSource | None) -> None:
        """Let the next transfer's connection come from `source`, and give up what was agreed on before."""
        if self._source is not None:
            self._source.close()
        self._source = source

    def take_source(self) -> DataSource:
        """What was agreed on for the next transfer, which then owns it. Raises `Refused` where nothing was."""
        if self._source is None:
            raise Refused(CANNOT_CONNECT, "Use EPSV, PASV, EPRT or PORT first")
        source, self._source = self._source, None
        return source

    def take_span(self) -> Span | None:
        """What REST or RANG asked for; it holds for one transfer."""
        span, self.span = self.span, None
        return span

    def take_allocation(self) -> int:
        """What ALLO told of the next upload; it holds for one."""
        size, self.allocation = self.allocation, 0
        return size

    def take_restart(self) -> int:
        """Where the next upload begins (REST). Raises `Refused` where it was to end somewhere, too."""
        span = self.take_span()
        if span is not None and span.last is not None:
            raise Refused(INVALID_OFFSET, "Uploads have no end that RANG could tell; use REST")
        return (span and span.first) or 0

    def begin(self, transfer: Breakable) -> None:
        """Make `transfer` the one that `abort` ends. Raises what ABOR raises where it came first."""
        if self._abort is not None:
            raise self._abort
        self.transfer = transfer

    def abort(self) -> None:
        """End the transfer that goes on or is about to begin; ABOR was seen, whose turn to be answered comes later."""
        self._abort = IncompleteBody("You aborted it")
        if self.transfer is not None:
            self.transfer.break_off(self._abort)

    def end_abort(self) -> None:
        """ABOR has its turn: what comes behind it is not aborted."""
        self._abort = None

    def lose(self) -> None:
        """The control connection is gone, and so is what it agreed on."""
        self.agree(None)
        if self.transfer is not None:
            self.transfer.break_off(_lost())

    def check_control(self) -> None:
        """Raise `IncompleteBody` where the control connection is gone: the end of the data then proves nothing."""
        if self.channel.is_broken():
            raise _lost()


def _lost() -> IncompleteBody:
    return IncompleteBody("The control connection was lost")
