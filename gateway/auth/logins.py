"""Logins by a name and a secret, as FTP and Swift have them."""

import asyncio
import time

from gateway.auth.passwords import matches
from gateway.auth.principals import Registry, User

REFUSAL_SECONDS = 1.0
"""Where guests are let in, no refusal is told sooner: how soon it is would tell who is configured and who is not, and
which tenants the upstream has."""


class Logins:
    """Configured users are looked for first; where guests are let in, a name that no configured one has is theirs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def configured(self, login: str, secret: str) -> User | None:
        """The configured user whom an FTP login proves; `by_login` asks for guests, too."""
        found = self._registry.by_login(login)
        return found if matches(found, secret) else None

    async def by_login(self, login: str, secret: str) -> User | None:
        """Whom an FTP login proves: the only configured user of that name, or `account:user`, or a guest.

        None where it proves nobody. Raises `Unavailable` where a guest's upstream can't be asked.
        """
        return await self._proved(self._registry.by_login(login), login, secret)

    async def by_name(self, name: str, secret: str) -> User | None:
        """Whom a Swift login proves: a configured `account:user`, or a guest. As `by_login` otherwise."""
        account, _, user = name.partition(":")
        return await self._proved(self._registry.by_name(account, user), name, secret)

    async def _proved(self, configured: User | None, login: str, secret: str) -> User | None:
        guests = self._registry.guests
        if guests is None:
            return configured if matches(configured, secret) else None
        begin = time.monotonic()
        if matches(configured, secret):
            return configured
        guest = None if self._registry.claims(login) else await guests.prove(login, secret)
        if guest is None:
            await asyncio.sleep(begin + REFUSAL_SECONDS - time.monotonic())
        return guest
