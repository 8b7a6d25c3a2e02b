"""Logins as aioftp's user manager."""

import aioftp

from gateway.auth.logins import Logins
from gateway.auth.principals import Account, Principal, Registry, Role, User, principal

ANONYMOUS_NAMES = frozenset({"anonymous", "ftp"})


class FtpUser(aioftp.User):
    """Who somebody says he is. `proved` is set once his password was right."""

    def __init__(self, login: str) -> None:
        super().__init__(login)
        self.proved: User | None = None


class RegistryUsers(aioftp.AbstractUserManager):
    """Every name is asked for its password, so that USER does not tell which ones exist."""

    def __init__(self, registry: Registry, strangers: Account | None = None) -> None:
        """`strangers`: the account that `ANONYMOUS_NAMES` read of; None where they are names like others."""
        super().__init__()
        self._registry = registry
        self._logins = Logins(registry)
        self._strangers = strangers

    async def get_user(self, login: str) -> tuple[aioftp.AbstractUserManager.GetUserResponse, FtpUser, str]:
        return self.GetUserResponse.PASSWORD_REQUIRED, FtpUser(login), "Password required"

    async def authenticate(self, user: aioftp.User, password: str) -> bool:
        """Raises `Unavailable` where what knows the password can't be asked."""
        if not isinstance(user, FtpUser):
            return False
        user.proved = await self._logins.by_login(user.login or "", password)
        return user.proved is not None

    def known(self, login: str, password: str) -> Principal | None:
        """The principal of a login that nobody else has to be asked about. Configured users go before strangers."""
        if self._strangers and login.lower() in ANONYMOUS_NAMES and self._registry.by_login(login) is None:
            return Principal(self._strangers, "", Role.READER)
        user = self._logins.configured(login, password)
        return principal(user) if user else None

    async def prove(self, login: str, password: str) -> Principal | None:
        """The principal of a login that is not `known`, or None. Raises as `authenticate`."""
        _, user, _ = await self.get_user(login)
        await self.authenticate(user, password)
        return principal(user.proved) if user.proved else None
