"""The connections to the upstream, in pools."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack

import aiohttp

from gateway.core.errors import Unavailable
from gateway.stores.swift.settings import SwiftStoreSettings

MAX_HEADER = 64 * 1024
POOLS = ("short", "read", "rest", "write")


class Connections:
    """Short requests, downloads, their rests and uploads have pools of their own.

    Whoever reads or writes may need a short request while he holds his connection, who reads the beginning of an object
    waits for its rest, and a copy through the gateway holds a download while it waits for an upload; by this order
    nobody waits for a connection that is held by somebody who waits for him.
    """

    def __init__(self, settings: SwiftStoreSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._sessions: Mapping[str, aiohttp.ClientSession] = {}

    async def start(self) -> None:
        """Raises `Unavailable` where the settings can't be used."""
        try:
            trust = await asyncio.to_thread(self._trust)
        except OSError as error:
            raise Unavailable(f"The settings can't be used: `ca_file`: {error}", retryable=False) from error
        sessions = {name: self._session(trust) for name in POOLS}
        for session in sessions.values():
            await self._stack.enter_async_context(session)
        self._sessions = sessions

    async def aclose(self) -> None:
        self._sessions = {}
        await self._stack.aclose()

    def of(self, pool: str) -> aiohttp.ClientSession:
        """The connections of a pool. Raises `Unavailable` where they have been closed."""
        session = self._sessions.get(pool)
        if session is None:
            raise Unavailable("The store has been closed", retryable=False)
        return session

    def timeout(self, silence: float | None = None) -> aiohttp.ClientTimeout:
        """The limits of one attempt. `silence`: for how many seconds the upstream may say nothing."""
        connect = self._settings.connect_timeout
        silence = silence or self._settings.read_timeout
        return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=silence)

    def _session(self, trust: ssl.SSLContext | bool) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.max_connections, ssl=trust, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            max_line_size=MAX_HEADER,
            max_field_size=MAX_HEADER,
            read_bufsize=256 * 1024,
        )

    def _trust(self) -> ssl.SSLContext | bool:
        if not self._settings.verify:
            return False
        return ssl.create_default_context(cafile=self._settings.ca_file) if self._settings.ca_file else True
