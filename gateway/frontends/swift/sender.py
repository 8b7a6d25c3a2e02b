"""Who sends a request, by the tokens in its headers."""

from collections.abc import Mapping

from gateway.auth.keystone import Keystone
from gateway.auth.principals import ANONYMOUS, Principal, Registry
from gateway.auth.resellers import Resellers
from gateway.auth.tempauth import InvalidToken, TokenIssuer, is_issued
from gateway.core.errors import Busy, Unavailable
from gateway.frontends.swift.errors import Refusal

SERVICE_TOKEN = "X-Service-Token"  # noqa: S105

Headers = Mapping[str, str]


class Authenticator:
    """Tells who sent a request. A service speaks for a user by a token of its own beside his.

    Tokens that were not issued here `keystone` is asked about; None: they are nobody's.
    """

    def __init__(
        self, tokens: TokenIssuer, registry: Registry, resellers: Resellers, keystone: Keystone | None = None
    ) -> None:
        self._tokens = tokens
        self._registry = registry
        self._resellers = resellers
        self._keystone = keystone
        self._challenge = f', Keystone uri="{keystone.url}"' if keystone else ""

    def __call__(self, headers: Headers) -> Principal | None:
        """The sender; `ANONYMOUS` without a token; None: `asked` tells. Raises `InvalidToken`."""
        token = _token(headers)
        if not token:
            return ANONYMOUS
        if self._resellers.have_services and SERVICE_TOKEN in headers:
            return None
        return None if self._is_foreign(token) else self._tokens.verify(token, self._registry)

    async def asked(self, headers: Headers) -> Principal:
        """The sender, with a service if there is one, whose bad token opens nothing.

        Raises `InvalidToken`; `Refusal` (503) or `Busy` where Keystone can't tell.
        """
        principal = await self._bearer(_token(headers))
        service = headers.get(SERVICE_TOKEN)
        if not service or not self._resellers.have_services:
            return principal
        try:
            return self._resellers.vouched(principal, await self._bearer(service))
        except InvalidToken:
            return principal

    def challenge(self, realm: str) -> str:
        """What WWW-Authenticate tells whoever is not known."""
        return f'Swift realm="{realm}"{self._challenge}'

    def _is_foreign(self, token: str) -> bool:
        return self._keystone is not None and not is_issued(token)

    async def _bearer(self, token: str) -> Principal:
        if self._keystone is None or is_issued(token):
            return self._tokens.verify(token, self._registry)
        try:
            bearer = await self._keystone.bearer(token)
        except Busy:
            raise
        except Unavailable as error:
            raise Refusal(503, error.message) from error
        if bearer is None:
            raise InvalidToken("Keystone does not know it, or it is for no project")
        return bearer


def _token(headers: Headers) -> str:
    return headers.get("X-Auth-Token") or headers.get("X-Storage-Token") or ""
