"""Keystone as the frontends ask it: who a token belongs to, and who has signed a request of S3's."""

import logging
import time
from collections.abc import Callable
from functools import partial

from cachetools import TTLCache

from gateway.auth.attempts import Attempts
from gateway.auth.claim import Signed
from gateway.auth.keystone import dialogue
from gateway.auth.keystone.client import Client
from gateway.auth.keystone.dialogue import Answer, Identity
from gateway.auth.keystone.names import login_of
from gateway.auth.keystone.roles import account_of, principal_of
from gateway.auth.keystone.settings import KeystoneSettings
from gateway.auth.keystone.verdicts import MAX_KEPT, REFUSED_SECONDS, Verdict, Verdicts
from gateway.auth.principals import Account, Principal, User
from gateway.auth.resellers import Resellers
from gateway.core import context
from gateway.core.errors import Unavailable

logger = logging.getLogger("portico.keystone")

MAX_TOKEN = 8192
"""Characters of the longest token that is asked about."""
MAX_SECRET = 512
"""Characters of the longest password that is asked about."""
SIGNATURE_SECONDS = 60.0
"""The longest that a signature which Keystone has verified is good without another question."""

_REFUSED = frozenset({400, 401, 404})


class Keystone:
    """Knows users of projects. Each project has an account of its id, which comes to be when it is first used.

    Everything that asks raises `Unavailable` where Keystone can't tell.
    """

    def __init__(
        self, settings: KeystoneSettings, resellers: Resellers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._resellers = resellers
        self._client = Client(settings, clock)
        self._clock = clock
        self._attempts = Attempts(clock)
        self._asks_secrets = 0.0
        self._tokens: Verdicts[Principal] = Verdicts(settings.cache_seconds, clock)
        self._signatures: Verdicts[User] = Verdicts(SIGNATURE_SECONDS, clock)
        self._signers: TTLCache[str, User] = TTLCache(MAX_KEPT, settings.secret_seconds, timer=clock)
        self._strangers: TTLCache[str, bool] = TTLCache(MAX_KEPT, REFUSED_SECONDS, timer=clock)

    @property
    def url(self) -> str:
        """Where clients log in."""
        return self._settings.public_url or self._settings.auth_url

    async def start(self) -> None:
        """Raises `OSError` where the certificates can't be used."""
        await self._client.start()

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._signatures.aclose()
        await self._client.aclose()

    def account(self, account_id: str) -> Account | None:
        """The account of a project; None for what can't be a project's id."""
        return account_of(account_id, self._settings)

    async def bearer(self, token: str) -> Principal | None:
        """Whose a token is; None where it holds no longer, or is for no project."""
        if len(token) > MAX_TOKEN or not (token.isascii() and token.isprintable()):
            return None
        return await self._tokens.of((token,), partial(self._ask_bearer, token))

    async def prove(self, login: str, secret: str) -> User | None:
        """Whom a login with a password proves; None where it proves nobody, or too many were tried."""
        named, client = login_of(login, self._settings), context.current().client
        if named is None or not 0 < len(secret) <= MAX_SECRET or not self._attempts.begin(client, login):
            return None
        try:
            answer = await self._client.ask_openly(dialogue.password(named, secret))
            _, principal = (None, None) if answer.status in _REFUSED else self._identified(answer, 201, "log users in")
        except BaseException:
            self._attempts.discount(client, login)
            raise
        if principal is None:
            return None
        self._attempts.forgive(client, login)
        return User(principal.account, principal.user, "", secret, principal.role, standing=principal.standing)

    async def signer(self, signed: Signed) -> User | None:
        """Who has an access key, and if his secret is not held, has signed with it too; None where Keystone refuses.

        The secret is empty where Keystone does not tell it: then what it has said of this signature is all there is.
        """
        key = signed.access_key
        if (known := self.known(key)) is not None:
            return known
        for text in signed.texts:
            if key in self._strangers:
                return None
            ask = partial(self._ask_signer, key, text, signed.signature)
            if (user := await self._signatures.of((key, text, signed.signature), ask)) is not None:
                return user
        return None

    def known(self, access_key: str) -> User | None:
        """Who has an access key, if his secret is held."""
        return self._signers.get(access_key)

    def is_strange(self, access_key: str) -> bool:
        """Whether Keystone has said lately that an access key is nobody's."""
        return access_key in self._strangers

    async def _ask_bearer(self, token: str) -> Verdict[Principal] | None:
        answer = await self._client.ask(dialogue.validation(token))
        if answer.status == 404:
            return None
        identity, principal = self._identified(answer, 200, "validate tokens")
        return None if principal is None else Verdict(principal, identity.lifetime)

    async def _ask_signer(self, access_key: str, text: str, signature: str) -> Verdict[User] | None:
        answer = await self._client.ask(dialogue.signed(access_key, text, signature))
        if answer.status in _REFUSED:
            if answer.status == 404:
                self._strangers[access_key] = True
            return None
        identity, principal = self._identified(answer, 200, "verify signatures")
        if principal is None:
            return None
        secret = await self._secret_of(identity.user, access_key)
        user = User(principal.account, principal.user, access_key, secret, principal.role, standing=principal.standing)
        if secret and identity.lifetime > self._settings.secret_seconds:
            self._signers[access_key] = user
        return Verdict(user, identity.lifetime)

    async def _secret_of(self, user: str, access_key: str) -> str:
        if not self._settings.secret_seconds or self._clock() < self._asks_secrets:
            return ""
        answer = await self._client.ask(dialogue.secret_of(user, access_key))
        if answer.status != 200:
            self._asks_secrets = self._clock() + SIGNATURE_SECONDS
            logger.warning(
                "Keystone does not tell the gateway's user the secrets of S3 keys (status %d), so it is asked about "
                "each signature; give the user the role admin, or set `auth.keystone.secret_seconds: 0`",
                answer.status,
            )
            return ""
        return dialogue.secret_in(answer, access_key)

    def _identified(self, answer: Answer, expected: int, what: str) -> tuple[Identity, Principal | None]:
        """Whom an answer speaks of. Raises `Unavailable` where it is another one than `expected`."""
        if answer.status != expected:
            logger.error(
                "Keystone does not let the gateway's user %s (status %d); give it the role service or admin in its "
                "project (`auth.keystone`)",
                what,
                answer.status,
            )
            raise Unavailable(f"Keystone does not let the gateway {what}")
        identity = dialogue.identity_in(answer)
        account = self.account(identity.project)
        if account is None:
            return identity, None
        principal = principal_of(identity, account, self._settings)
        standing = self._resellers.standing(account, principal.standing)
        return identity, principal._replace(standing=standing)
