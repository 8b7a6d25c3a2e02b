"""The token that the gateway shows to the upstream: one for all requests, renewed once for all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.core.errors import StoreError
from gateway.stores.swift.login import Grant

EARLY = 0.1
"""A token is renewed when so much of its life is left."""

FAILURE_SECONDS = 1.0
"""For so long, whoever asks is told of the last login that failed: a login service is not to be stormed."""

Login = Callable[[], Awaitable[Grant]]


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the account's URL. `until`: when it is to be renewed, on the monotonic clock."""

    value: str
    url: str
    until: float


class Tokens:
    """Logs in when a token is first needed, before it expires, and when the upstream has refused it."""

    def __init__(self, login: Login, ttl: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._login = login
        self._ttl = ttl
        self._clock = clock
        self._token: Token | None = None
        self._failed: tuple[float, StoreError] | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Token:
        """A token that is good as far as is known. Raises what the login does."""
        token = self._token
        if token is not None and self._clock() < token.until:
            return token
        return await self._renewed(token)

    async def renew(self, refused: Token) -> Token:
        """Another token than the one that was refused: however many ask, one of them logs in."""
        return await self._renewed(refused)

    async def _renewed(self, old: Token | None) -> Token:
        async with self._lock:
            if self._token is not None and self._token is not old:
                return self._token
            if self._failed is not None and self._clock() < self._failed[0]:
                raise self._failed[1]
            try:
                given = await self._login()
            except StoreError as error:
                self._failed = self._clock() + FAILURE_SECONDS, error
                raise
            life = min(self._ttl, given.lifetime if given.lifetime is not None else self._ttl)
            self._token = Token(given.token, given.url.rstrip("/"), self._clock() + life * (1 - EARLY))
            self._failed = None
            return self._token
