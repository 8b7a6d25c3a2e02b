"""Pass-through: a store for each caller, opened with his own credentials at the upstream."""

import hmac
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

from gateway.auth.guests import Credentials
from gateway.config.settings import NamespaceSettings, RemoteSwiftSettings
from gateway.core.errors import CredentialsRefused, LoginExpired
from gateway.core.store import Store
from gateway.layering import Layering
from gateway.layers.leased import Leased
from gateway.layers.metacache import View
from gateway.layers.pool import StorePool
from gateway.stores.swift import SwiftStore, SwiftStoreSettings
from gateway.stores.swift.callers import Caller, acting_as, anonymous, canonical
from gateway.stores.swift.tokens import Shelf

Shelving = Callable[[SwiftStoreSettings], Shelf | None]
"""Where processes share the token of some credentials, if they do."""


class Passthrough:
    """`auth.guests.Upstream` on one OpenStack Swift. The open stores of all callers are in one pool.

    Stores are told apart by the credentials as a whole, the secret included: with another one, nobody gets the store
    (or the token in the cache) that its right owner has opened.
    """

    def __init__(
        self, namespace: NamespaceSettings, settings: RemoteSwiftSettings, layering: Layering, shelf: Shelving
    ) -> None:
        self.name = namespace.store
        self._settings = settings
        self._layering = layering
        self._shelf = shelf
        self._pool = StorePool(namespace.max_stores, namespace.idle_seconds)
        self._key = os.urandom(32)
        self._nobodys = SwiftStore(anonymous(settings), "")
        self._pattern = layering.around(self._nobodys, self.name, settings, View("", ()))

    async def start(self) -> None:
        await self._nobodys.start()

    async def aclose(self) -> None:
        await self._pool.aclose()
        await self._nobodys.aclose()

    async def knock(self) -> None:
        """Raise `Unavailable` where the upstream's login service does not answer."""
        await self._nobodys.knock()

    def canonical(self, credentials: Credentials) -> Credentials:
        caller = canonical(self._settings, credentials.tenant, credentials.user)
        return replace(credentials, tenant=caller.tenant, user=caller.user)

    async def prove(self, credentials: Credentials, account: str) -> None:
        async with self._pool.lease(self._place(credentials), partial(self._open, credentials, account)):
            pass

    def store(self, credentials: Credentials, account: str) -> Store:
        return Leased(partial(self._lease, credentials, account), self._pattern)

    @asynccontextmanager
    async def _lease(self, credentials: Credentials, account: str) -> AsyncIterator[Store]:
        place = self._place(credentials)
        try:
            async with self._pool.lease(place, partial(self._open, credentials, account)) as store:
                yield store
        except CredentialsRefused as refused:
            self._pool.discard(place)
            raise LoginExpired from refused

    async def _open(self, credentials: Credentials, account: str) -> Store:
        """A store to which the upstream has let the caller in."""
        caller = Caller(credentials.tenant, credentials.user)
        settings = acting_as(self._settings, caller, credentials.secret)
        plain = SwiftStore(settings, account, self._shelf(settings))
        store = self._layering.around(plain, self.name, self._settings, View(account, (caller.tenant, caller.user)))
        try:
            await store.start()
            await plain.log_in()
        except BaseException:
            await store.aclose()
            raise
        return store

    def _place(self, credentials: Credentials) -> bytes:
        """The credentials' place in the pool, which tells nothing of them."""
        parts = credentials.tenant, credentials.user, credentials.secret
        return hmac.digest(self._key, repr(parts).encode(), "sha256")
