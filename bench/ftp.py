"""FTP beside vsftpd, pyftpdlib, rclone and aioftp: large and small files, logins, listings, idle sessions."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.ftpclient import Session
from bench.ftppeers import SERVERS, Door
from bench.large import md5_speed
from bench.table import Row, progress

BLOCK = os.urandom(1 << 20)
SMALL = 4096
ENTRIES = 10_000
MANY = 100_000
BEGIN_LIMIT = 0.1
"""Seconds within which the listing of a directory of `MANY` files is to begin."""
IDLE = 2_000
IDLE_LIMIT = 12_000
"""Bytes that an idle session may take."""

Measure = Callable[[Door], float]


@dataclass(frozen=True)
class Against:
    """A yardstick: that server's figure, and what ours should be of it."""

    server: str
    aim: float | None = None
    at_most: bool = False


def large_rows(folder: Path, *, rounds: int, size: int) -> list[Row]:
    """Files of `size` bytes: MB/s."""
    with Field(folder, ("Portico", "vsftpd"), rounds) as field:
        for door in field.doors.values():
            _store_large(door, "0", size, False)
        rows = [
            *field.rows("RETR", lambda door: _speed(door, _fetch_large, 1, size), Against("vsftpd", 1.0)),
            *field.rows("4 x RETR", lambda door: _speed(door, _fetch_large, 4, size), Against("vsftpd", 0.85)),
            *field.rows("RETR, TLS", lambda door: _speed(door, _fetch_large, 1, size, True), Against("vsftpd", 1.5)),
            *field.rows("STOR, TLS", lambda door: _speed(door, _store_large, 1, size, True), Against("vsftpd", 2.0)),
        ]
        ours = field.doors["Portico"]
        progress("STOR")
        md5 = median(md5_speed() for _ in range(rounds))
        one = median(_speed(ours, _store_large, 1, size) for _ in range(rounds))
        four = median(_speed(ours, _store_large, 4, size) for _ in range(rounds))
        rows.append(Row("STOR, of one core's MD5", f"{one:,.0f}", f"{md5:,.0f}", one / md5, 0.85))
        rows.append(Row("4 x STOR, of one", f"{four:,.0f}", f"{one:,.0f}", four / one, 1.5))
        return rows


def small_rows(folder: Path, *, rounds: int, seconds: float) -> list[Row]:
    """Files of 4 KiB and logins, each a second, and listings in milliseconds."""
    with Field(folder, tuple(SERVERS), rounds) as field:
        for door in field.doors.values():
            with Session(door) as session:
                session.begin()
                session.store("small", BLOCK[:SMALL])
        rows: list[Row] = []
        for what, work, vsftpd, pyftpdlib in (
            ("RETR 4 KiB", _fetch_small, 0.8, 1.0),
            ("STOR 4 KiB", _store_small, 1.0, None),
            ("logins", _log_in, 20.0, 1.2),
        ):
            for clients in (1, 8 if work is _log_in else 4):
                against = (
                    Against("vsftpd", None if work is _fetch_small and clients > 1 else vsftpd),
                    Against("pyftpdlib", pyftpdlib),
                    Against("rclone"),
                    Against("aioftp"),
                )
                rows += field.rows(
                    f"{what}, {clients} connections" if clients > 1 else f"{what}, one connection",
                    lambda door, work=work, clients=clients: _rate(door, work, clients, seconds),  # type: ignore[misc]
                    *against,
                )
        return rows


def listing_rows(folder: Path, *, rounds: int) -> list[Row]:
    """A directory of 10,000 files, in seconds."""
    with Field(folder, ("Portico", "vsftpd", "pyftpdlib"), rounds) as field:
        for name, door in field.doors.items():
            progress(f"{ENTRIES:,} files for {name}")
            with ProcessPoolExecutor(8, get_context("fork")) as pool:
                list(pool.map(_fill, [door] * 8, range(8)))
        return [
            *field.rows("MLSD of 10,000, beside LIST", _time_mlsd, Against("vsftpd", 1.5, at_most=True)),
            *field.rows("LIST of 10,000", _time_list, Against("vsftpd", 1.5, at_most=True)),
        ]


def begin_rows(folder: Path, *, rounds: int) -> list[Row]:
    """How soon listings of a directory of 100,000 files begin, in ms: those in another order, too."""
    with Field(folder, ("Portico",), rounds) as field:
        door = field.doors["Portico"]
        progress(f"{MANY:,} files")
        with ProcessPoolExecutor(8, get_context("fork")) as pool:
            list(pool.map(_fill, [door] * 8, range(8), [MANY] * 8))
        rows = []
        for command in ("LIST", "NLST", "MLSD", "LIST -la", "LIST -R", "LIST -t", "NLST -r"):
            progress(f"the begin of {command}")
            found = median(_time_begin(door, command) for _ in range(rounds))
            words = f"the begin of {command} of 100,000, ms"
            ms, limit = f"{found * 1000:.1f}", f"{BEGIN_LIMIT * 1000:.0f}"
            rows.append(Row(words, ms, limit, found / BEGIN_LIMIT, 1.0, at_most=True))
        return rows


def session_rows(folder: Path) -> list[Row]:
    """What an idle session takes of memory."""
    with Field(folder, ("Portico",), 1) as field, ExitStack() as stack:
        door = field.doors["Portico"]
        for _ in range(100):  # what the first ones need counts for none
            Session(door).close()
        before = door.server.memory()
        progress(f"{IDLE:,} idle sessions")
        for _ in range(IDLE):
            stack.enter_context(Session(door))
        each = (door.server.memory() - before) / IDLE
    row = Row("an idle session", f"{each / 1000:.1f} KB", f"{IDLE_LIMIT / 1000:.0f} KB", each / IDLE_LIMIT, 1.0, True)
    return [row]


class Field:
    """Servers that run side by side and are measured in turn."""

    def __init__(self, folder: Path, names: Sequence[str], rounds: int) -> None:
        self._folder = folder
        self._names = names
        self._rounds = rounds
        self._stack = ExitStack()
        self.doors: dict[str, Door] = {}

    def __enter__(self) -> "Field":
        for name in self._names:
            place = self._stack.enter_context(TemporaryDirectory(prefix=f"ftp-{name}-", dir=self._folder))
            self.doors[name] = self._stack.enter_context(SERVERS[name](Path(place)))
        with Session(self.doors["Portico"]) as session:
            session.say("MKD /bench", b"257")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def rows(self, what: str, measure: Measure, *yardsticks: Against) -> Iterator[Row]:
        """A row for each yardstick; the median of all rounds counts."""
        found: dict[str, list[float]] = {name: [] for name in self.doors}
        for turn in range(self._rounds):
            progress(f"{what}, round {turn + 1} of {self._rounds}")
            for name, door in self.doors.items():
                found[name].append(measure(door))
        figures = {name: median(each) for name, each in found.items()}
        ours = figures["Portico"]
        for each in yardsticks:
            theirs = figures[each.server]
            words = f"{what}, of {each.server}"
            yield Row(words, f"{ours:,.4g}", f"{theirs:,.4g}", ours / theirs, each.aim, each.at_most)


def _speed(
    door: Door, work: Callable[[Door, str, int, bool], None], clients: int, size: int, tls: bool = False
) -> float:
    """MB/s of so many processes at a time."""
    with ProcessPoolExecutor(clients, get_context("fork")) as pool:
        list(pool.map(abs, range(clients)))
        start = time.perf_counter()
        for done in [pool.submit(work, door, str(number), size, tls) for number in range(clients)]:
            done.result()
        return clients * size / (time.perf_counter() - start) / 1e6


def _fetch_large(door: Door, name: str, size: int, tls: bool) -> None:
    with Session(door, tls=tls) as session:
        session.begin()
        if session.fetch("0") != size:
            raise RuntimeError("the file did not come whole")


def _store_large(door: Door, name: str, size: int, tls: bool) -> None:
    with Session(door, tls=tls) as session:
        session.begin()
        session.store(name, BLOCK, size // len(BLOCK))


def _rate(door: Door, work: Callable[[Door, int, float], float], clients: int, seconds: float) -> float:
    """How often so many processes do their work in a second."""
    with ProcessPoolExecutor(clients, get_context("fork")) as pool:
        return sum(pool.map(work, [door] * clients, range(clients), [time.time() + seconds] * clients)) / seconds


def _fetch_small(door: Door, number: int, until: float) -> int:
    count = 0
    with Session(door) as session:
        session.begin()
        while time.time() < until:
            session.fetch("small")
            count += 1
    return count


def _store_small(door: Door, number: int, until: float) -> int:
    count = 0
    with Session(door) as session:
        session.begin()
        while time.time() < until:
            session.store(f"up{number}-{count}", BLOCK[:SMALL])
            count += 1
    return count


def _log_in(door: Door, number: int, until: float) -> int:
    count = 0
    while time.time() < until:
        Session(door).close()
        count += 1
    return count


def _fill(door: Door, number: int, count: int = ENTRIES) -> None:
    with Session(door) as session:
        session.begin()
        for file in range(number, count, 8):
            session.store(f"file-{file:06}", b"x")


def _time_mlsd(door: Door) -> float:
    return _time(door, door.listing)


def _time_list(door: Door) -> float:
    return _time(door, "LIST")


def _time(door: Door, verb: str) -> float:
    with Session(door) as session:
        session.begin()
        session.say(f"CWD {door.root}", b"250")
        start = time.perf_counter()
        size = session.retrieve(verb)
        elapsed = time.perf_counter() - start
    if size < ENTRIES * len("file-000000"):
        raise RuntimeError(f"{verb} told {size} bytes only")
    return elapsed


def _time_begin(door: Door, command: str) -> float:
    with Session(door) as session:
        session.begin()
        session.say(f"CWD {door.root}", b"250")
        return session.first_byte(command)
