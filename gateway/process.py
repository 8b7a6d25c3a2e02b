"""The life of a `portico serve` process: data directory, logging, event loop, signals."""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from gateway import __version__
from gateway.app import App, running
from gateway.auth.principals import User
from gateway.config import DEFAULT_DATA, Config
from gateway.config.overrides import ROOT_SECRET, ROOT_USER
from gateway.config.settings import LogFormat, LogSettings, Loop
from gateway.data import DataDirectory, Run
from gateway.failures import StartError
from gateway.root import Root, find_root
from gateway.telemetry.logs import logging_to
from gateway.welcome import doors, keys

LOG_FD = 2
SWITCH_SECONDS = 0.0005
"""How long a busy event loop keeps the interpreter from the threads that commit and hash; Python's default is 5 ms."""
DEFAULT_REGION = "us-east-1"
YOUNG_OBJECTS = 10_000
"""So many are made before the collector looks for cycles among them. Requests leave hardly any; Python's default of 700
would have it look after every few requests, at a tenth of the time that a small write takes."""
FILES = 65_536
"""Descriptors that all doors together may need with generous limits of their connections."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("portico.process")


def serve(config: Config, data: Path | None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until a signal ends it, and return the exit code: 0 after a clean drain. Raises `StartError`.

    SIGTERM and SIGINT drain, a second one stops at once. `data` defaults to where the embedded store lies.
    """
    _allow_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    directory = DataDirectory(data or config.catalog() or DEFAULT_DATA)
    level, human = config.log.level, _for_people(config.log)
    with directory.hold(), logging_to(LOG_FD, level=level, human=human) as log:
        root = find_root(directory, environ) if config.needs_root else None
        if not config.needs_root and (idle := [name for name in (ROOT_USER, ROOT_SECRET) if environ.get(name)]):
            logger.warning("%s without effect: the configuration says who the users are", " and ".join(idle))
        process = _Process(config, directory, root, lambda: log.dropped)
        try:
            with asyncio.Runner(loop_factory=_loop_factory(config.loop)) as runner:
                runner.run(process.main())
        except asyncio.CancelledError:
            return 128 + process.signal
    return 0


def _allow_files() -> None:
    """Let the process open as many files as it may: shells start with 1,024, fewer than one door takes connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _settle_down() -> None:
    """Have the garbage collector pass by what the start has made: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


class _Process:
    """What happens on the event loop between start and end."""

    def __init__(self, config: Config, directory: DataDirectory, root: Root | None, dropped: Callable[[], int]) -> None:
        self._config = config
        self._directory = directory
        self._root = root
        self._dropped = dropped
        self.signal = 0

    async def main(self) -> None:
        with self._signals() as stopping:
            async with running(self._config, self._users(), self._token_key(), self._dropped) as app:
                self._announce(app)
                _settle_down()
                await stopping.wait()
                logger.info("draining for up to %g seconds; a second signal stops at once", self._config.drain_seconds)
                await app.drain(self._config.drain_seconds)
            logger.info("stopped")

    @contextmanager
    def _signals(self) -> Iterator[asyncio.Event]:
        """The event is set by the first signal; further ones cancel the task that is here."""
        loop, stopping, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()

        def on_signal(number: int) -> None:
            self.signal = number
            if stopping.is_set() and task:
                task.cancel()
            stopping.set()

        for number in SIGNALS:
            loop.add_signal_handler(number, on_signal, number)
        try:
            yield stopping
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _users(self) -> list[User]:
        if self._root:
            return [self._root.user]
        return [user for account in self._config.accounts for user in account.members()]

    def _token_key(self) -> bytes:
        stated = self._config.token_secret_file
        return stated.get_secret_value().encode() if stated else self._directory.token_key()

    def _announce(self, app: App) -> None:
        """Tell the world, once all doors are open; what nobody could have used yet is kept only now."""
        lines = list(doors(self._directory.path, app.endpoints))
        if self._root:
            if not self._root.given:
                self._directory.keep(self._root.credentials)
            if self._root.given or self._root.fresh:
                lines += keys(self._root, self._directory.path / "credentials.json", app.endpoints, self._region())
        _print(lines)
        self._directory.announce(Run(os.getpid(), _now(), __version__, app.ports, app.endpoints))
        logger.info("serving", extra={"version": __version__, "ports": dict(app.ports)})

    def _region(self) -> str:
        s3 = self._config.frontends.s3
        return s3.region if s3 else DEFAULT_REGION


def _for_people(settings: LogSettings) -> bool:
    if settings.format is LogFormat.AUTO:
        return os.isatty(LOG_FD)
    return settings.format is LogFormat.HUMAN


def _loop_factory(loop: Loop) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop is Loop.ASYNCIO:
        return asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        message = "`loop: uvloop` needs uvloop; install it with: pip install 'portico[fast]'"
        raise StartError(message) from None
    return uvloop.new_event_loop


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _print(lines: Iterable[str]) -> None:
    with suppress(OSError):  # whoever reads may have gone; that is no reason not to serve
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
