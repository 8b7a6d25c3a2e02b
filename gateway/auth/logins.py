"""Logins by a name and a secret, as FTP and Swift have them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from gateway.auth.passwords import matches
from gateway.auth.principals import Registry, User

REFUSAL_SECONDS = 1.0
"""Where guests are let in, no refusal is told sooner: how soon it is would tell who is configured and who is not, and
which tenants the upstream has."""


class Prover(Protocol):
    """Who knows the secrets of users that are not configured."""

    async def prove(self, login: str, secret: str) -> User | None:
        """The user whose name and secret these are; None where they are nobody's. Raises `Unavailable`."""


class Logins:
    """Configured users are looked for first; where others are let in, a name that no configured one has is theirs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def configured(self, login: str, secret: str) -> User | None:
        """The configured user whom an FTP login proves; `by_login` asks for guests, too."""
        found = self._registry.by_login(login)
        return found if matches(found, secret) else None

    async def by_login(self, login: str, secret: str) -> User | None:
        """Whom an FTP login proves: the only configured user of that name, or `account:user`, a guest, or a project's.

        None where it proves nobody. Raises `Unavailable` where who knows the secret can't be asked.
        """
        provers = self._registry.guests, self._registry.projects
        return await self._proved(self._registry.by_login(login), login, secret, provers)

    async def by_name(self, name: str, secret: str) -> User | None:
        """Whom a Swift login proves: a configured `account:user`, or a guest. As `by_login` otherwise."""
        account, _, user = name.partition(":")
        return await self._proved(self._registry.by_name(account, user), name, secret, (self._registry.guests,))

    async def _proved(
        self, configured: User | None, login: str, secret: str, provers: Sequence[Prover | None]
    ) -> User | None:
        begin = time.monotonic()
        if matches(configured, secret):
            return configured
        if not any(provers):
            return None
        if not self._registry.claims(login):
            for prover in provers:
                if prover is not None and (found := await prover.prove(login, secret)) is not None:
                    return found
        await asyncio.sleep(begin + REFUSAL_SECONDS - time.monotonic())
        return None
