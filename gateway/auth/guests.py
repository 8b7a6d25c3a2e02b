"""Guests: users who are not configured, and log in with credentials of their own at an upstream (pass-through)."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol

from cachetools import TTLCache
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.auth.attempts import Attempts
from gateway.auth.principals import Account, Role, User
from gateway.core import context
from gateway.core.errors import CredentialsRefused
from gateway.core.store import Store

MAX_NAME = 256
MAX_SECRET = 512
"""Characters; larger ones are nobody's."""

MAX_HELD = 10_000
"""So many guests' secrets are held for S3; those that logged in first are forgotten."""

MARK = "~"
"""What ids of guests' accounts begin with. No configured one can: so no two accounts are ever taken for one."""

NATIVE = ":"
"""What stands between tenant and user in Swift's own names."""

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a guest logs in with, each name in the one form that the upstream has for it."""

    tenant: str
    user: str
    secret: str = field(repr=False)


class Upstream(Protocol):
    """Where guests have their credentials."""

    def canonical(self, credentials: Credentials) -> Credentials:
        """The names in full: however they are written, one user has one name."""

    async def prove(self, credentials: Credentials, account: str) -> None:
        """Raise `CredentialsRefused` unless the credentials are good; `Unavailable` where that can't be found out.

        `account` is the id that the buckets belong to.
        """

    def store(self, credentials: Credentials, account: str) -> Store:
        """The upstream as these credentials show it. Where they hold no longer, it raises `LoginExpired`."""


class UpstreamGuests:
    """`auth.principals.Guests` at one upstream, in one namespace.

    The secrets of those who have logged in are held for `lifetime` seconds, sealed: signatures of S3 are made with them
    and do not tell them.
    """

    def __init__(
        self,
        upstream: Upstream,
        namespace: str,
        *,
        separator: str,
        lifetime: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._upstream = upstream
        self._namespace = namespace
        self._separator = separator
        self._attempts = Attempts(clock)
        self._running: Counter[tuple[str, Credentials]] = Counter()
        self._seal = AESGCM(os.urandom(32))
        self._held: TTLCache[tuple[str, str], bytes] = TTLCache(MAX_HELD, lifetime, timer=clock)

    async def prove(self, login: str, secret: str) -> User | None:
        """The guest whose credentials these are; None where they are nobody's, or too many were tried.

        Raises `Unavailable` where the upstream can't tell.
        """
        client, credentials = context.current().client, self._credentials(login, secret)
        if credentials is None or not secret:
            return None
        if not await self._is_right(credentials, client):
            return None
        self._hold(credentials)
        return self.user(credentials.tenant, credentials.user, credentials.secret)

    async def _is_right(self, credentials: Credentials, client: str) -> bool:
        """Many who come at once with the same credentials make one attempt."""
        attempt, name = (client, credentials), f"{credentials.tenant}{NATIVE}{credentials.user}"
        is_first = not self._running[attempt]
        if is_first and not self._attempts.begin(client, name):
            return False
        self._running[attempt] += 1
        try:
            await self._upstream.prove(credentials, _account_id(credentials))
        except CredentialsRefused:
            return False
        except BaseException:
            if is_first:
                self._attempts.discount(client, name)
            raise
        finally:
            self._running[attempt] -= 1
            if not self._running[attempt]:
                del self._running[attempt]
        self._attempts.forgive(client, name)
        return True

    def user(self, tenant: str, user: str, secret: str) -> User:
        """A guest who has logged in before."""
        credentials = self._upstream.canonical(Credentials(tenant, user, secret))
        tenant, user = credentials.tenant, credentials.user
        account = Account(_account_id(credentials), tenant, self._namespace)
        store = self._upstream.store(credentials, account.id)
        return User(account, user, f"{tenant}{NATIVE}{user}", secret, Role.ADMIN, store)

    def by_access_key(self, access_key: str) -> User | None:
        """The guest of that name, if he has logged in here lately by a protocol that tells his secret."""
        credentials = self._credentials(access_key, "")
        if credentials is None:
            return None
        name = credentials.tenant, credentials.user
        sealed = self._held.get(name)
        if sealed is None:
            return None
        secret = self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound_to(name)).decode()
        return self.user(*name, secret)

    def _hold(self, credentials: Credentials) -> None:
        name, nonce = (credentials.tenant, credentials.user), os.urandom(_NONCE)
        self._held[name] = nonce + self._seal.encrypt(nonce, credentials.secret.encode(), _bound_to(name))

    def _credentials(self, login: str, secret: str) -> Credentials | None:
        """`tenant:user`, or with the separator in place of the colon; the first one counts."""
        if not _is_sound(login, MAX_NAME) or not _is_sound(secret, MAX_SECRET):
            return None
        mark = NATIVE if NATIVE in login else self._separator
        tenant, found, user = login.partition(mark)
        if not found:
            tenant, user = "", login
        return self._upstream.canonical(Credentials(tenant, user, secret)) if user else None


def _account_id(credentials: Credentials) -> str:
    """Guests of one tenant share an account; one without a tenant has his own."""
    return MARK + (credentials.tenant or NATIVE + credentials.user)


def _is_sound(text: str, limit: int) -> bool:
    """Can be put into a header or a document, and is no burden."""
    return len(text) <= limit and (not text or text.isprintable())


def _bound_to(name: tuple[str, str]) -> bytes:
    return json.dumps(name).encode()
