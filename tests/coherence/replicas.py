"""Two gateway processes that share memcached servers over one upstream, and what happens to them."""

import asyncio
import os
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.auth.principals import Account, Role, User
from tests.coherence.doors import Door, Doors, opened
from tests.coherence.linear import Event
from tests.e2e.portico import ANY_PORT, Server, serving
from tests.support.memcacheds import MemcachedServer, memcacheds

TESTER = User(Account("test", "test"), "tester", "tester", "testing-secret", Role.ADMIN)
KEYS = ("a", "b", "c")
CACHES = 3

_SKEWED = (
    "import sys, time, time_machine\n"
    "from gateway.cli import main\n"
    "time_machine.travel(time.time() + float(sys.argv.pop(1)), tick=True).start()\n"
    "main()\n"
)
"""The gateway in a process whose clock is wrong by so many seconds."""


@dataclass(frozen=True)
class Replicas:
    """`doors` of each gateway, the `servers` themselves, and the `caches` that they share."""

    doors: Sequence[Doors]
    servers: Sequence[Server]
    caches: Sequence[MemcachedServer]

    async def looks(self) -> Counter[str]:
        """What became of all looks into the cache, by both gateways' own count."""
        found: Counter[str] = Counter()
        async with aiohttp.ClientSession() as session:
            for server in self.servers:
                async with session.get(f"{server.endpoints['admin'].rstrip('/')}/metrics") as answer:
                    for family in text_string_to_metric_families(await answer.text()):
                        if family.name == "portico_cache_lookups":
                            for sample in family.samples:
                                found[sample.labels["outcome"]] += int(sample.value)
        return found


@asynccontextmanager
async def replicas(folder: Path, store: Mapping[str, object], skew: float, ttl: int = 60) -> AsyncIterator[Replicas]:
    """Two gateways over `store`, the clock of the second being `skew` seconds ahead."""
    async with AsyncExitStack() as stack:
        start = await stack.enter_async_context(memcacheds())
        caches = [await start() for _ in range(CACHES)]
        file = folder / "portico.yaml"
        file.write_text(yaml.safe_dump(_configuration(folder, store, caches, ttl)))
        options = ("--config", str(file), *ANY_PORT)
        plain = serving(folder / "first", options)
        skewed = serving(folder / "second", options, program=("-c", _SKEWED, str(skew)))
        servers = await asyncio.gather(*(asyncio.to_thread(server.__enter__) for server in (plain, skewed)))
        for server in (plain, skewed):
            stack.callback(server.__exit__, None, None, None)
        doors = [await stack.enter_async_context(opened(server, TESTER)) for server in servers]
        yield Replicas(doors, servers, caches)


def _configuration(
    folder: Path, store: Mapping[str, object], caches: Sequence[MemcachedServer], ttl: int
) -> Mapping[str, object]:
    secret = folder / "secret"
    secret.write_text("a secret that both gateways share\n")
    return {
        "stores": {"main": store},
        "accounts": [{"name": "test", "users": [{"name": TESTER.name, "secret": TESTER.secret, "role": "admin"}]}],
        "cache": {"memcached": [cache.address for cache in caches], "ttl": ttl, "secret_file": str(secret)},
        "token_secret_file": str(secret),
        "log": {"access": False},
    }


@dataclass
class History:
    """What clients of both gateways do, and what they see. Every value is of a size of its own, so a size tells it."""

    replicas: Replicas
    random: random.Random
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    values: int = 0
    listings: int = 0

    async def client(self, operations: int, until: float) -> None:
        """Do so many operations, one after the other, at most until a time of the monotonic clock."""
        for _ in range(operations):
            if time.monotonic() > until:
                return
            place = self.random.randrange(len(self.replicas.doors))
            door = self.random.choice(self.replicas.doors[place].all)
            act = self.random.choices((self._put, self._delete, self._get, self._size, self._list), (5, 2, 3, 5, 5))[0]
            await act(door, f"{door.name} {place}")

    async def _put(self, door: Door, told: str) -> None:
        key = self.random.choice(KEYS)
        self.values += 1
        value = self.values
        begin = time.monotonic()
        await door.put(key, bytes([value % 256]) * value, {})
        self._note(key, begin, value, f"{told} put", write=True)

    async def _delete(self, door: Door, told: str) -> None:
        key = self.random.choice(KEYS)
        begin = time.monotonic()
        await door.delete(key)
        self._note(key, begin, None, f"{told} delete", write=True)

    async def _get(self, door: Door, told: str) -> None:
        key = self.random.choice(KEYS)
        begin = time.monotonic()
        seen = await door.get(key)
        assert seen is None or seen.data == bytes([len(seen.data) % 256]) * len(seen.data)
        self._note(key, begin, None if seen is None else len(seen.data), f"{told} get")

    async def _size(self, door: Door, told: str) -> None:
        key = self.random.choice(KEYS)
        begin = time.monotonic()
        self._note(key, begin, await door.size(key), f"{told} head")

    async def _list(self, door: Door, told: str) -> None:
        begin = time.monotonic()
        rows = await door.listing()
        assert rows.keys() <= set(KEYS)
        for key in KEYS:
            self._note(key, begin, rows[key].size if key in rows else None, f"{told} list")

    def _note(self, key: str, begin: float, value: int | None, told: str, *, write: bool = False) -> None:
        self.events[key].append(Event(begin, time.monotonic(), write, value, told))


@dataclass
class Trouble:
    """What befalls the memcached servers while the clients work."""

    caches: Sequence[MemcachedServer]
    random: random.Random
    down: set[MemcachedServer] = field(default_factory=set)
    count: int = 0

    async def go_on(self) -> None:
        """Kill servers, start them again, empty them, and write garbage under all their keys, until cancelled."""
        every = (self._spoil, self._kill, self._start, self._empty)
        while True:
            await asyncio.sleep(self.random.uniform(0.05, 0.5))
            act = every[self.count] if self.count < len(every) else self.random.choice((*every, self._start))
            await act()
            self.count += 1

    async def _kill(self) -> None:
        server = self.random.choice(self.caches)
        self.down.add(server)
        await server.kill()

    async def _start(self) -> None:
        for server in tuple(self.down):
            self.down.discard(server)
            await server.start()

    async def _empty(self) -> None:
        server = self.random.choice(self.caches)
        if server not in self.down:
            await _said(server, b"flush_all\r\n", b"OK\r\n")

    async def _spoil(self) -> None:
        server = self.random.choice(self.caches)
        if server in self.down:
            return
        listed = await _said(server, b"lru_crawler metadump all\r\n", b"END\r\n")
        for name in re.findall(rb"key=(\S+)", listed):
            garbage = self.random.randbytes(self.random.choice((0, 1, 8, 40, 5000)))
            key = name.replace(b"%3D", b"=").replace(b"%3A", b":")
            await _said(server, b"set %s 0 60 %d\r\n%s\r\n" % (key, len(garbage), garbage), b"STORED\r\n")


async def _said(server: MemcachedServer, command: bytes, end: bytes) -> bytes:
    """What a server answers, up to a line; nothing where it is busy with another crawl."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(command)
        lines: list[bytes] = []
        while (line := await reader.readline()) and line != end and not line.startswith(b"BUSY"):
            lines.append(line)
        return b"".join(lines)
    finally:
        writer.close()
        await writer.wait_closed()


def seed() -> int:
    """Of this run: PORTICO_SEED where it is set, to repeat one that has failed."""
    return int(os.environ.get("PORTICO_SEED") or random.SystemRandom().randrange(10**9))
