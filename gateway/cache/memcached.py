"""The distributed cache: memcached through aiomcache, over a ring of servers."""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TypeVar

import aiomcache

from gateway.cache.base import Cache, Health
from gateway.cache.breaker import Breaker
from gateway.cache.client import MAX_VALUE, Client

logger = logging.getLogger("portico.cache")

TIMEOUT = 0.5
"""Seconds that a server has for an answer."""

PATIENCE = 2.0
"""Seconds that it has where others have to learn of something."""

POOL = 4
TOGETHER = 100
"""Keys that are asked for at once, about."""

T = TypeVar("T")
R = TypeVar("R")

Command = Callable[[Client], Awaitable[T]]


class _Look:
    """Keys that are asked for together, and those who wait to be told of them."""

    def __init__(self) -> None:
        self.keys: dict[bytes, None] = {}
        self._waiters: list[asyncio.Future[Mapping[bytes, bytes]]] = []

    def join(self, keys: Sequence[bytes]) -> asyncio.Future[Mapping[bytes, bytes]]:
        """What will be found, of all keys of the look."""
        self.keys.update(dict.fromkeys(keys))
        waiter: asyncio.Future[Mapping[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return waiter

    def tell(self, found: Mapping[bytes, bytes]) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(found)


class _Server:
    """One memcached server behind a breaker.

    aiomcache has no timeouts, and a call that is cancelled leaves its connection out of step with the answers. So each
    call runs in a task of its own that is never cancelled by the caller, and one that takes too long costs the whole
    client with all its connections.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.address = address
        self._host, self._port = host.strip("[]"), int(port)
        self._client: Client | None = None
        self._breaker = Breaker()
        self._slots = asyncio.Semaphore(POOL)
        self._calls: set[asyncio.Task[object]] = set()
        self._waiting: deque[_Look] = deque()
        self._looking: asyncio.Task[None] | None = None
        self._errors = 0

    def health(self) -> Health:
        return Health(self.address, self._errors, self._breaker.is_open)

    async def call(self, command: Command[T]) -> T | None:
        """What the command answers; None where the server can't be asked."""
        return await self._apart(self._run(command, TIMEOUT)) if self._breaker.enter() else None

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there. All who ask while others are being told are told together, by the next look."""
        if not self._waiting or len(self._waiting[-1].keys) >= TOGETHER:
            self._waiting.append(_Look())
        waiter = self._waiting[-1].join(keys)
        if self._looking is None or self._looking.done():
            self._looking = self._begun(self._look())
        found = await waiter
        return {key: found[key] for key in keys if key in found}

    async def _look(self) -> None:
        """One look after the other, until nobody waits: a look costs a server and us much more than a further key."""
        while self._waiting:
            look = self._waiting.popleft()
            found: Mapping[bytes, bytes] | None = None
            try:
                found = await self._fetch(tuple(look.keys))
            finally:
                look.tell(found or {})

    async def _fetch(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes] | None:
        return await self._run(lambda client: client.look(keys), TIMEOUT) if self._breaker.enter() else None

    async def insist(self, command: Command[T]) -> T | None:
        """As `call`, past the breaker, and again on a new connection: the old one may be to a server that is gone.

        A server that has just come back is asked by others, too, and has to learn what these must not miss.
        """
        return await self._apart(self._run(command, PATIENCE, tries=1 if self._breaker.is_open else 2))

    async def _apart(self, running: Coroutine[None, None, T | None]) -> T | None:
        return await asyncio.shield(self._begun(running))

    def _begun(self, running: Coroutine[None, None, R]) -> asyncio.Task[R]:
        task = asyncio.create_task(running)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        return task

    async def _run(self, command: Command[T], patience: float, tries: int = 1) -> T | None:
        for _ in range(tries):
            client = self._client = self._client or Client(self._host, self._port, pool_size=POOL)
            try:
                async with asyncio.timeout(patience), self._slots:
                    answer = await command(client)
            except (OSError, TimeoutError, EOFError, ValueError, aiomcache.ClientException) as error:
                await self._fail(client, error)
            else:
                self._breaker.succeed()
                return answer
        return None

    async def _fail(self, client: Client, error: Exception) -> None:
        self._errors += 1
        was_open = self._breaker.is_open
        self._breaker.fail()
        if self._breaker.is_open and not was_open:
            logger.warning("memcached %s does not answer and is left alone for a while: %s", self.address, error)
        if self._client is client:
            self._client = None
        await client.close()

    async def aclose(self) -> None:
        if self._calls:
            await asyncio.wait(self._calls)
        if self._client is not None:
            await self._client.close()


class Memcached(Cache):
    """A ring of servers. Each key lies on one of them by rendezvous hashing: few keys move when a server comes or goes.

    The keys of a server that is down are not kept elsewhere meanwhile: it would come back with stale values.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._servers = [_Server(address) for address in addresses]
        self.parts = len(self._servers)

    def part_of(self, key: bytes) -> int:
        return self._servers.index(self._server(key))

    def health(self) -> Sequence[Health]:
        return [server.health() for server in self._servers]

    async def statistics(self) -> Mapping[str, Mapping[str, str] | None]:
        """What each server tells of itself (memcached's `stats`), by address; None: it does not answer."""
        found = await asyncio.gather(*(server.insist(_stats) for server in self._servers))
        return {server.address: told for server, told in zip(self._servers, found, strict=True)}

    async def get_many(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        by_server: dict[_Server, list[bytes]] = {}
        for key in keys:
            by_server.setdefault(self._server(key), []).append(key)
        if len(by_server) == 1:  # as it mostly is: a group's tokens lie together
            return await next(iter(by_server)).get(keys)
        found = await asyncio.gather(*(server.get(wanted) for server, wanted in by_server.items()))
        return {key: value for part in found for key, value in part.items()}

    async def set(self, key: bytes, value: bytes, ttl: int) -> bool:
        if len(value) > MAX_VALUE:
            return False
        return bool(await self._server(key).call(lambda client: client.set(key, value, ttl)))

    async def insist(self, key: bytes, value: bytes, ttl: int) -> bool:
        return bool(await self._server(key).insist(lambda client: client.set(key, value, ttl)))

    async def add(self, key: bytes, value: bytes, ttl: int) -> bool:
        return bool(await self._server(key).call(lambda client: client.add(key, value, ttl)))

    async def flush(self) -> bool:
        flushed = await asyncio.gather(*(server.insist(_flush) for server in self._servers))
        return all(flushed)

    async def aclose(self) -> None:
        for server in self._servers:
            await server.aclose()

    def _server(self, key: bytes) -> _Server:
        if len(self._servers) == 1:
            return self._servers[0]
        return max(self._servers, key=lambda server: _weight(server.address, key))


def _weight(address: str, key: bytes) -> bytes:
    return hashlib.blake2b(key, key=address.encode()[:64], digest_size=8).digest()


async def _flush(client: Client) -> bool:
    await client.flush_all()
    return True


async def _stats(client: Client) -> Mapping[str, str]:
    told = await client.stats()
    return {name.decode("latin-1"): (value or b"").decode("latin-1") for name, value in told.items()}
