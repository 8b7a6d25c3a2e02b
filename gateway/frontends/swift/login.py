"""Swift's own authentication (v1): a user and a key for a token and the URL of the account."""

from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import hdrs, web

from gateway.auth.logins import Logins
from gateway.auth.principals import Registry, User
from gateway.auth.resellers import RESELLER_PREFIX
from gateway.auth.tempauth import TokenIssuer
from gateway.frontends.swift.answers import answer
from gateway.frontends.swift.errors import Refusal
from gateway.frontends.swift.settings import SwiftSettings

PATHS = frozenset({"/auth/v1.0", "/auth/v1.0/", "/auth/v1", "/auth/v1/"})


class Login:
    """Answers requests for tokens."""

    def __init__(self, settings: SwiftSettings, registry: Registry, tokens: TokenIssuer) -> None:
        self._settings = settings
        self._logins = Logins(registry)
        self._tokens = tokens

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        """The answer to GET. Raises `Refusal`: 401 for wrong credentials, 405 for other methods; and `Unavailable`."""
        if request.method != "GET":
            raise Refusal(405, headers={hdrs.ALLOW: "GET"})
        user = await self._user(request.headers)
        token = self._tokens.issue(user)
        return answer(
            200,
            (
                ("X-Auth-Token", token.value),
                ("X-Storage-Token", token.value),
                ("X-Auth-Token-Expires", str(int(token.expires_in))),
                ("X-Storage-Url", self._storage_url(request, user)),
            ),
        )

    async def _user(self, headers: Mapping[str, str]) -> User:
        """The user whose credentials these are. Raises `Refusal` (401)."""
        name = headers.get("X-Auth-User") or headers.get("X-Storage-User", "")
        key = headers.get("X-Auth-Key") or headers.get("X-Storage-Pass", "")
        user = await self._logins.by_name(name, key)
        if user is None:
            realm = quote(name.partition(":")[0], errors="replace") or "unknown"
            raise Refusal(401, headers={hdrs.WWW_AUTHENTICATE: f'Swift realm="{realm}"'})
        return user

    def _storage_url(self, request: web.BaseRequest, user: User) -> str:
        scheme = self._settings.storage_url_scheme or request.scheme
        origin = self._settings.storage_url or f"{scheme}://{request.host}"
        return f"{origin}/v1/{RESELLER_PREFIX}{quote(user.account.id)}"
