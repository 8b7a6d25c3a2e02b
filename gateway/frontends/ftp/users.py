"""Logins: the register of users as aioftp's user manager."""

import aioftp

from gateway.auth.passwords import matches
from gateway.auth.principals import Principal, Registry, User, principal


class FtpUser(aioftp.User):
    """Who a login names. `known` is None where nobody has that name, which only the password check tells."""

    def __init__(self, login: str, known: User | None) -> None:
        super().__init__(login)
        self.known = known


class RegistryUsers(aioftp.AbstractUserManager):
    """Every name is asked for its password, so that USER does not tell which ones exist."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._registry = registry

    async def get_user(self, login: str) -> tuple[aioftp.AbstractUserManager.GetUserResponse, FtpUser, str]:
        user = FtpUser(login, self._registry.by_login(login))
        return self.GetUserResponse.PASSWORD_REQUIRED, user, "Password required"

    async def authenticate(self, user: aioftp.User, password: str) -> bool:
        return isinstance(user, FtpUser) and matches(user.known, password)

    async def prove(self, login: str, password: str) -> Principal | None:
        """The principal of a login, or None; it takes the same steps for a name that nobody has."""
        _, user, _ = await self.get_user(login)
        is_right = await self.authenticate(user, password)
        return principal(user.known) if is_right and user.known else None
