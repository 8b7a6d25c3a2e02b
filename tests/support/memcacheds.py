"""Real memcached servers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from unittest.mock import patch

from gateway.cache import memcached
from tests.support.openstack.ports import reserved
from tests.support.waiting import PATIENCE


class MemcachedServer:
    """A real memcached on loopback, which can be stopped and started again on the port that `held` reserves."""

    def __init__(self, held: socket.socket, *options: str) -> None:
        self._options = options
        self.port: int = held.getsockname()[1]
        self._process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        command = ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-m", "64", "-u", "nobody"]
        command += self._options
        self._process = await asyncio.create_subprocess_exec(*command)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return

    async def kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):  # it has ended by itself
                self._process.kill()
            await self._process.wait()
            self._process = None


Memcacheds = Callable[..., Awaitable[MemcachedServer]]
"""Starts a server with further options of memcached."""


@asynccontextmanager
async def memcacheds() -> AsyncIterator[Memcacheds]:
    """Servers that end with the context. In this process they have time: none counts as lost on a busy machine."""
    async with AsyncExitStack() as stack:
        stack.enter_context(patch.object(memcached, "TIMEOUT", PATIENCE))

        async def start(*options: str) -> MemcachedServer:
            server = MemcachedServer(stack.enter_context(reserved()), *options)
            stack.push_async_callback(server.kill)
            await server.start()
            return server

        yield start
