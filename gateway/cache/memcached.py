"""The distributed cache: memcached through aiomcache, over a ring of servers."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import TypeVar

import aiomcache
from aiomcache.pool import Connection

from gateway.cache.base import Cache, Health
from gateway.cache.breaker import Breaker

logger = logging.getLogger("portico.cache")

TIMEOUT = 0.5
"""Seconds that a server has for an answer."""

PATIENCE = 2.0
"""Seconds that it has where others have to learn of something."""

POOL = 4
BATCH = 100
"""Keys that are asked for at once, about."""

MAX_VALUE = 1000 * 1000
"""Bytes; memcached's own limit, unless it has another, is 1 MiB with key and overhead. Larger values are not kept."""

_NOT_STORED = b"NOT_STORED"

T = TypeVar("T")
R = TypeVar("R")

Command = Callable[[aiomcache.Client], Awaitable[T]]


class _Client(aiomcache.Client):
    """aiomcache's client, which would read for ever from a connection that the server has closed.

    A server that is well may not be able to keep a value (`SERVER_ERROR`): it is too large for it, or memory is short.
    """

    async def _execute_simple_command(self, conn: Connection, raw_command: bytes) -> bytes:
        conn.writer.write(raw_command)
        await conn.writer.drain()
        line = await conn.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("memcached closed the connection")
        return _NOT_STORED if line.startswith(b"SERVER_ERROR") else line[:-2]


class _Batch:
    """Keys that are about to be asked for together, by the `task`."""

    def __init__(self) -> None:
        self.keys: dict[bytes, None] = {}
        self.task: asyncio.Task[Mapping[bytes, bytes]] | None = None


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
        self._client: _Client | None = None
        self._breaker = Breaker()
        self._slots = asyncio.Semaphore(POOL)
        self._calls: set[asyncio.Task[object]] = set()
        self._batch: _Batch | None = None
        self._errors = 0

    def health(self) -> Health:
        return Health(self.address, self._errors, self._breaker.is_open)

    async def call(self, command: Command[T]) -> T | None:
        """What the command answers; None where the server can't be asked."""
        return await self._apart(self._run(command, TIMEOUT)) if self._breaker.enter() else None

    async def get(self, keys: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there. All who ask in the same turn of the event loop are answered by one call."""
        batch = self._batch
        if batch is None or batch.task is None or len(batch.keys) >= BATCH:
            batch = self._batch = _Batch()
            batch.task = self._begun(self._fetch(batch))
        batch.keys.update(dict.fromkeys(keys))
        found = await asyncio.shield(batch.task)
        return {key: found[key] for key in keys if key in found}

    async def _fetch(self, batch: _Batch) -> Mapping[bytes, bytes]:
        if self._batch is batch:
            self._batch = None
        if not self._breaker.enter():
            return {}
        keys = tuple(batch.keys)
        values = await self._run(lambda client: client.multi_get(*keys), TIMEOUT)
        if values is None:
            return {}
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}

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
            client = self._client = self._client or _Client(self._host, self._port, pool_size=POOL)
            try:
                async with asyncio.timeout(patience), self._slots:
                    answer = await command(client)
            except (OSError, TimeoutError, EOFError, ValueError, aiomcache.ClientException) as error:
                await self._fail(client, error)
            else:
                self._breaker.succeed()
                return answer
        return None

    async def _fail(self, client: _Client, error: Exception) -> None:
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


async def _flush(client: aiomcache.Client) -> bool:
    await client.flush_all()
    return True


async def _stats(client: aiomcache.Client) -> Mapping[str, str]:
    told = await client.stats()
    return {name.decode("latin-1"): (value or b"").decode("latin-1") for name, value in told.items()}
