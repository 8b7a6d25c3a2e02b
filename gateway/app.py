"""The composition root: from a configuration to stores and running frontends, and back."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from gateway import __version__
from gateway.auth.guests import UpstreamGuests
from gateway.auth.keystone import Keystone
from gateway.auth.principals import Registry, User
from gateway.auth.resellers import Resellers
from gateway.auth.tempauth import TokenIssuer
from gateway.auth.tenancy import Tenancy
from gateway.config.settings import Config, FrontendsSettings
from gateway.core.events import Access, Observer
from gateway.core.store import Store
from gateway.core.tasks import beside
from gateway.failures import StartError
from gateway.frontends.admin.frontend import AdminFrontend, Insight
from gateway.frontends.admin.page import Overview
from gateway.frontends.admin.readiness import Question, Readiness, lists
from gateway.frontends.admin.settings import AdminSettings
from gateway.frontends.frontend import Frontend
from gateway.frontends.ftp.frontend import FtpFrontend
from gateway.frontends.ftp.profile import Profiles
from gateway.frontends.s3.frontend import S3Frontend
from gateway.frontends.swift.frontend import SwiftFrontend
from gateway.reaper.charges import charges
from gateway.reaper.reaper import Reaper, reap
from gateway.storage import Storage, opened
from gateway.telemetry.happenings import Herald, log_audit
from gateway.telemetry.logs import log_access
from gateway.telemetry.metrics import Metrics, sample_lag
from gateway.telemetry.reaped import Reaped
from gateway.telemetry.stores import Operations, Remotes

ADMIN_DRAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Door:
    """A frontend, where it is to listen, and how its URL begins and ends."""

    frontend: Frontend
    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def name(self) -> str:
        return self.frontend.name

    def endpoint(self, port: int) -> str:
        """The URL for a client on this machine."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
        host = anywhere.get(self.host, self.host)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{port}{self.path}"


@dataclass(frozen=True, slots=True)
class App:
    """All that serves. `ports` and `endpoints`, URLs for clients on this machine, are as they were opened, by name."""

    readiness: Readiness
    doors: list[Door] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)

    def opened(self, door: Door) -> None:
        """Take in a door that is open."""
        ports = door.frontend.ports
        self.doors.append(door)
        self.ports.update(ports)
        self.endpoints[door.name] = door.endpoint(ports[door.name])

    def connections(self) -> Mapping[str, int]:
        """Open connections, of the frontends that tell."""
        counts = {door.name: door.frontend.connections for door in self.doors}
        return {name: count for name, count in counts.items() if count is not None}

    async def drain(self, seconds: float) -> None:
        """Take nothing new, finish what is running within `seconds`; the admin frontend tells so until the end."""
        self.readiness.drain()
        admin = [door.frontend for door in self.doors if isinstance(door.frontend, AdminFrontend)]
        async with asyncio.TaskGroup() as group:
            for door in self.doors:
                if door.frontend not in admin:
                    group.create_task(door.frontend.drain(seconds))
        for frontend in admin:
            await frontend.drain(ADMIN_DRAIN_SECONDS)


@asynccontextmanager
async def running(
    config: Config, users: Sequence[User], token_key: bytes, dropped: Callable[[], int] = lambda: 0
) -> AsyncIterator[App]:
    """Open the stores and the doors; close them all at the end, whatever happened. Raises `StartError`.

    `dropped` tells how many log records were lost, for the metrics.
    """
    pool = ThreadPoolExecutor(config.threads, thread_name_prefix="portico")
    asyncio.get_running_loop().set_default_executor(pool)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(beside(sample_lag(metrics.loop_lag.observe)))
        operations = Operations(config.log.slow_seconds)
        storage = await stack.enter_async_context(opened(config, users, token_key, operations.observe))
        layering = storage.layering
        metrics.add(operations, Remotes(layering.turns, layering.tallies, layering.health))
        if config.reaper.enabled:
            reapers = [Reaper(charge, config.reaper) for charge in charges(config, storage)]
            metrics.add(Reaped({reaper.name: reaper.tally for reaper in reapers}))
            await stack.enter_async_context(beside(reap(reapers)))
        app = App(_readiness(config, storage))
        metrics.watch(app.connections, dropped)
        observe = _observer(config, metrics)
        resellers = config.auth.resellers
        keystone = await _keystone(stack, config)
        parts = _Parts(
            Registry([resellers.admitted(user) for user in users], _guests(config, storage), resellers, keystone),
            Tenancy(_tenants(config, storage)),
            TokenIssuer(token_key, config.token_lifetime),
            resellers,
            keystone,
            Insight(metrics.exposition, _overview(app), app.readiness),
            observe,
            {key: profile for account in config.accounts for key, profile in account.profiles().items()},
        )
        for door in _doors(config.frontends, parts):
            await _open(stack, door)
            app.opened(door)
        yield app


@dataclass(frozen=True, slots=True)
class _Parts:
    """What frontends are made with."""

    registry: Registry
    tenancy: Tenancy
    tokens: TokenIssuer
    resellers: Resellers
    keystone: Keystone | None
    insight: Insight
    observe: Observer
    profiles: Profiles


def _doors(settings: FrontendsSettings, parts: _Parts) -> Iterator[Door]:
    """The frontends that are switched on. The admin frontend is last: once it answers, all are open."""
    common = parts.registry, parts.tenancy, parts.observe
    if settings.s3:
        yield Door(S3Frontend(settings.s3, *common, parts.keystone), "http", settings.s3.host, settings.s3.port)
    if settings.swift:
        swift = SwiftFrontend(
            settings.swift, *common, tokens=parts.tokens, resellers=parts.resellers, keystone=parts.keystone
        )
        yield Door(swift, "http", settings.swift.host, settings.swift.port, "/auth/v1.0")
    if settings.ftp:
        yield Door(FtpFrontend(settings.ftp, *common, parts.profiles), "ftp", settings.ftp.host, settings.ftp.port)
    if settings.admin:
        admin = AdminFrontend(settings.admin, parts.insight, parts.observe)
        yield Door(admin, "http", settings.admin.host, settings.admin.port)


async def _open(stack: AsyncExitStack, door: Door) -> None:
    stack.push_async_callback(door.frontend.aclose)
    try:
        await door.frontend.start()
    except OSError as error:
        raise StartError(_why_shut(door, error)) from error


def _why_shut(door: Door, error: OSError) -> str:
    name = door.name
    if error.errno is None:
        return f"{name}: {error}"
    other_port = f"--{name}-port or `frontends.{name}.port`"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{name}: port {door.port} on {door.host} is taken; stop what uses it, or choose another with {other_port}"
        )
    if error.errno == errno.EACCES:
        return f"{name}: port {door.port} on {door.host} is not permitted; choose one above 1023 with {other_port}"
    reason = error.strerror or str(error)
    return f"{name}: can't listen on {door.host}, port {door.port}: {reason}; correct `frontends.{name}.host`"


def _guests(config: Config, storage: Storage) -> UpstreamGuests | None:
    if storage.passthrough is None or config.callers is None:
        return None
    separator = config.namespaces[config.callers].tenant_separator
    return UpstreamGuests(
        storage.passthrough, config.callers, separator=separator, lifetime=float(config.token_lifetime)
    )


async def _keystone(stack: AsyncExitStack, config: Config) -> Keystone | None:
    if config.auth.keystone is None:
        return None
    keystone = Keystone(config.auth.keystone, config.auth.resellers)
    stack.push_async_callback(keystone.aclose)
    try:
        await keystone.start()
    except OSError as error:
        raise StartError(f"keystone: `auth.keystone.ca_file`: {error}; correct it") from error
    return keystone


def _tenants(config: Config, storage: Storage) -> Mapping[str, Store]:
    """The namespaces of configured accounts."""
    namespaces = config.namespaces.items()
    return {name: storage.served[each.store] for name, each in namespaces if name != config.callers}


def _readiness(config: Config, storage: Storage) -> Readiness:
    settings = config.frontends.admin or AdminSettings()
    questions: dict[str, Question] = {name: lists(store) for name, store in storage.plain.items()}
    if storage.passthrough is not None and config.callers is not None:
        questions.setdefault(config.namespaces[config.callers].store, storage.passthrough.knock)
    return Readiness(questions, timeout=settings.ready_timeout, age=settings.ready_age)


def _overview(app: App) -> Callable[[], Overview]:
    begin = time.monotonic()
    return lambda: Overview(__version__, time.monotonic() - begin, app.endpoints)


def _observer(config: Config, metrics: Metrics) -> Observer:
    observers: list[Observer] = [metrics.observe]
    if config.log.access:
        observers.append(log_access)
    if config.log.audit:
        kinds = {frontend.name: frontend.kinds for frontend in (S3Frontend, SwiftFrontend, FtpFrontend)}
        observers.append(Herald(kinds, log_audit).observe)

    def observe(access: Access) -> None:
        for each in observers:
            each(access)

    return observe
