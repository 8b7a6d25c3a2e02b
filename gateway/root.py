"""The root user of an installation whose configuration names no accounts.

It is an `operator` of the account `admin`: there is nobody else yet, so it must be able to do everything everywhere.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.auth.accounts import IDENTIFIER
from gateway.auth.principals import Account, Role, User
from gateway.config.overrides import ROOT_ACCOUNT, ROOT_SECRET, ROOT_USER
from gateway.data import Credentials, DataDirectory
from gateway.failures import StartError

SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Root:
    """The root user. `fresh`: its secret was made just now, so nobody knows it yet. `given`: the environment set it."""

    credentials: Credentials
    fresh: bool = False
    given: bool = False

    @property
    def user(self) -> User:
        known = self.credentials
        return User(Account(known.account, known.account), known.user, known.user, known.secret, Role.OPERATOR)


def find_root(data: DataDirectory, environ: Mapping[str, str]) -> Root:
    """The root user that the environment sets, or that was kept, or a new one. Keeps nothing. Raises `StartError`."""
    name = environ.get(ROOT_USER)
    if name and not re.fullmatch(IDENTIFIER, name):
        raise StartError(f"{ROOT_USER} is not a name; use letters, digits and . _ @ + -")
    secret = environ.get(ROOT_SECRET)
    if secret:
        if not secret.isprintable():
            raise StartError(f"{ROOT_SECRET} must not contain control characters")
        return Root(Credentials(ROOT_ACCOUNT, name or ROOT_ACCOUNT, secret), given=True)
    kept = data.credentials()
    if kept is None:
        fresh = Credentials(ROOT_ACCOUNT, name or ROOT_ACCOUNT, secrets.token_hex(SECRET_BYTES))
        return Root(fresh, fresh=True)
    return Root(replace(kept, user=name) if name else kept)
