"""Accounts and users as a configuration states them."""

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.auth.accounts import IDENTIFIER
from gateway.auth.principals import PLAIN, Account, Role, Standing, User
from gateway.config.secrets import Secret, SecretOfFile, SecretOfVariable
from gateway.frontends.ftp.profile import Profile

NAME = r"^[^\s:/,\x00-\x1f\x7f]{1,128}$"
"""No colon (`account:user`), slash (signature scopes) or comma (access lists)."""
EMAIL = r"^[^\s@\"<>,;\x00-\x1f\x7f]{1,64}@[^\s@\"<>,;\x00-\x1f\x7f]{1,255}$"
"""An address in its everyday form: what a grant's header takes without quoting."""

Name = Annotated[str, StringConstraints(pattern=NAME)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Group = Annotated[str, StringConstraints(pattern=NAME)]
Email = Annotated[str, StringConstraints(pattern=EMAIL)]


_NO_GROUP = "has a group that begins with a dot; choose another name"
_SWIFTS_OWN = {
    ".admin": "has the group .admin; give it `role: admin` instead",
    ".reseller_admin": "has the group .reseller_admin; give it `role: operator` instead",
}
"""What Swift says by groups and is said by roles here."""


class UserSettings(BaseModel):
    """A user: one secret opens every frontend. Exactly one of the three ways to state it must be used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="The FTP user; in Swift `<account>:<name>`.")
    secret: Secret | None = Field(None, description="The secret itself.")
    secret_file: SecretOfFile | None = Field(None, description="A file that holds the secret.")
    secret_env: SecretOfVariable | None = Field(None, description="An environment variable that holds the secret.")
    role: Role = Field(Role.NONE, description="What the user may do without further grants.")
    access_key: Identifier | None = Field(None, description="The S3 access key, if not the name; unique everywhere.")
    groups: tuple[Group, ...] = Field((), description="Groups that Swift's access lists may name the user by.")
    ftp: Profile = Field(default_factory=Profile, description="What the user sees and may do over FTP.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        ways = {"secret": self.secret, "secret_file": self.secret_file, "secret_env": self.secret_env}
        stated = [f"`{way}`" for way, secret in ways.items() if secret]
        if not stated:
            raise PydanticCustomError("user", "has no secret; add `secret`, `secret_file` or `secret_env`")
        if len(stated) > 1:
            raise PydanticCustomError("user", "has {ways}; keep one of them", {"ways": " and ".join(stated)})
        _need_identifier(self.name, self.access_key, "access_key")
        for group in self.groups:
            if group.startswith("."):
                raise PydanticCustomError("user", "{problem}", {"problem": _SWIFTS_OWN.get(group, _NO_GROUP)})
        return self

    def user(self, account: Account) -> User:
        """The user as the registry takes it."""
        secret = self.secret or self.secret_file or self.secret_env
        if secret is None:
            raise ValueError("a user without a secret")
        standing = Standing(groups=frozenset(self.groups)) if self.groups else PLAIN
        access_key = self.access_key or self.name
        return User(account, self.name, access_key, secret.get_secret_value(), self.role, standing=standing)


class AccountSettings(BaseModel):
    """An account: an owner of buckets, and its users."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="What users log in with where they state their account: `<account>:<user>`.")
    id: Identifier | None = Field(None, description="S3's canonical owner id and Swift's AUTH_<id>; default: the name.")
    email: Email | None = Field(None, description="The address that S3's access lists may name the account by.")
    namespace: str = Field("default", description="The namespace that the account's buckets lie in.")
    users: tuple[UserSettings, ...] = Field(description="Who may log in.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _need_identifier(self.name, self.id, "id")
        return self

    def members(self) -> list[User]:
        """The account's users as the registry takes them."""
        account = Account(self.id or self.name, self.name, self.namespace, self.email)
        return [user.user(account) for user in self.users]

    def profiles(self) -> dict[tuple[str, str], Profile]:
        """The users' profiles, as the FTP frontend takes them."""
        return {(self.id or self.name, user.name): user.ftp for user in self.users}


def _need_identifier(name: str, identifier: str | None, key: str) -> None:
    if identifier is None and not re.fullmatch(IDENTIFIER, name):
        raise PydanticCustomError(
            "identifier", "has a `name` that can't serve as its `{key}`; add one of letters and digits", {"key": key}
        )
