"""The token that the gateway shows to the upstream: one for all requests, renewed once for all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from gateway.core.errors import CredentialsRefused, StoreError
from gateway.stores.swift.login import Grant

EARLY = 0.1
"""A token is renewed when so much of its life is left."""

FAILURE_SECONDS = 1.0
"""For so long, whoever asks is told of the last login that failed: a login service is not to be stormed."""

Login = Callable[[], Awaitable[Grant]]


class Shelf(Protocol):
    """Where one secret lies for all processes that may use it. It may be lost at any time, and nothing here raises."""

    async def get(self) -> bytes | None: ...

    async def put(self, value: bytes, ttl: int) -> None:
        """Keep a value for up to `ttl` seconds."""

    def turn(self, old: bytes) -> AbstractAsyncContextManager[None]:
        """One process after the other replaces `old`, as far as that can be had: whoever has waited looks again."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the account's URL. `until`: when it is to be renewed, on the monotonic clock. `shared`: it was found
    on the shelf, where another process had put it.
    """

    value: str = field(repr=False)
    url: str
    until: float
    shared: bool = False


class _Shelved(msgspec.Struct, array_like=True):
    """A token as it lies on the shelf; `until` is in epoch seconds."""

    value: str
    url: str
    until: float


class Tokens:
    """Logs in when a token is first needed, before it expires, and when the upstream has refused it.

    With a shelf, that is done once for all processes that share it: one that finds a token there does not log in.
    """

    def __init__(
        self, login: Login, ttl: float, clock: Callable[[], float] = time.monotonic, shelf: Shelf | None = None
    ) -> None:
        self._login = login
        self._ttl = ttl
        self._clock = clock
        self._shelf = shelf
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
                raise self._failed[1].with_traceback(None)  # else that of each who is told of it would be kept
            try:
                self._token = await self._fetched(old)
            except StoreError as error:
                self._failed = self._clock() + FAILURE_SECONDS, error
                raise
            self._failed = None
            return self._token

    async def _fetched(self, old: Token | None) -> Token:
        """The token of another process, or of a login."""
        if self._shelf is None:
            return await self._logged_in()
        if (found := self._readable(await self._shelf.get(), old)) is not None:
            return found
        async with self._shelf.turn(b"" if old is None else old.value.encode()):
            if (found := self._readable(await self._shelf.get(), old)) is not None:
                return found
            try:
                token = await self._logged_in()
            except CredentialsRefused:
                await self._shelf.put(b"", 1)  # nobody else is to be let in by what lies there
                raise
            left = token.until - self._clock()
            shelved = _Shelved(token.value, token.url, time.time() + left)
            await self._shelf.put(msgspec.json.encode(shelved), max(1, int(left)))
            return token

    async def _logged_in(self) -> Token:
        given = await self._login()
        life = min(self._ttl, given.lifetime if given.lifetime is not None else self._ttl)
        return Token(given.token, given.url.rstrip("/"), self._clock() + life * (1 - EARLY))

    def _readable(self, shelved: bytes | None, old: Token | None) -> Token | None:
        """What lies on the shelf, if it is a token that is not `old` and has time left."""
        if shelved is None:
            return None
        try:
            found = msgspec.json.decode(shelved, type=_Shelved)
        except msgspec.DecodeError:
            return None
        left = found.until - time.time()
        if left <= 0 or (old is not None and found.value == old.value):
            return None
        return Token(found.value, found.url, self._clock() + min(left, self._ttl), shared=True)
