"""Accounts, users and the register that credentials are looked up in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from gateway.core.store import Store


class Role(StrEnum):
    """What a user may do without any further grant.

    `operator`: everything in every account. `admin`: everything in its own. `writer`: reads, lists, writes and deletes
    objects. `reader`: reads and lists. `none`: only what access lists and policies grant.
    """

    OPERATOR = "operator"
    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Account:
    """An owner of buckets. `id` is S3's canonical owner id and the suffix of Swift's `/v1/AUTH_<id>`.

    `email` is the address that access lists may name it by; None: none.
    """

    id: str
    name: str
    namespace: str = "default"
    email: str | None = None


MARK_OF_RESELLERS = ":"
"""What ids of accounts begin with that a further reseller prefix makes. No configured one can, nor one in a path."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody has beside a role in his account.

    `groups`: names that Swift's access lists may know him by. `roles`: the same, in lists of his own account alone.
    `accounts`: ids of further ones that his role holds in. `reads_all`: he reads and lists in every account.
    """

    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    reads_all: bool = False


PLAIN = Standing()
"""That of most."""


@dataclass(frozen=True, slots=True)
class User:
    """A user of an account. One secret opens every frontend."""

    account: Account
    name: str
    access_key: str
    secret: str = field(repr=False)
    role: Role
    store: Store | None = field(default=None, repr=False, compare=False)
    """Where a guest's buckets lie; None: where the account's namespace says."""
    standing: Standing = PLAIN


class Guests(Protocol):
    """Users who are not configured: they have credentials of their own elsewhere."""

    async def prove(self, login: str, secret: str) -> User | None:
        """The guest whose credentials these are; None where they are nobody's. Raises `Unavailable`."""

    def user(self, tenant: str, user: str, secret: str) -> User:
        """A guest whose credentials have been proved before."""

    def by_access_key(self, access_key: str) -> User | None:
        """The guest whose S3 access key this is, if his secret is known."""


class Origins(Protocol):
    """Accounts that reseller prefixes make of others."""

    def origin(self, owner: str) -> str | None:
        """The id of the account of which a prefix made `owner`; None where none did."""


class Projects(Protocol):
    """Accounts that are not configured: somebody else knows whose they are."""

    def account(self, account_id: str) -> Account | None:
        """The account of that id; None for what can't be one's."""

    async def prove(self, login: str, secret: str) -> User | None:
        """The user whose name and password these are; None where they are nobody's. Raises `Unavailable`."""


class Principal(NamedTuple):
    """Who a request comes from, once that is proved. `store` is a guest's own."""

    account: Account
    user: str
    role: Role
    store: Store | None = None
    standing: Standing = PLAIN

    def is_of(self, account: str) -> bool:
        """Whether his role holds in the account of that id."""
        return self.account.id == account or account in self.standing.accounts

    @property
    def label(self) -> str:
        """The principal as logs show it."""
        return f"{self.account.name}:{self.user}" if self.user else "anonymous"


ANONYMOUS = Principal(Account("", ""), "", Role.NONE)


class DuplicateUser(ValueError):
    """Two users share what must be unique; the message says what."""


class Registry:
    """All users of the installation, by each of the names that protocols know them under, and the guests if any."""

    def __init__(
        self,
        users: Iterable[User],
        guests: Guests | None = None,
        origins: Origins | None = None,
        projects: Projects | None = None,
    ) -> None:
        self.guests = guests
        self._origins = origins
        self.projects = projects
        self._accounts: dict[str, Account] = {}
        self._by_access_key: dict[str, User] = {}
        self._by_pair: dict[tuple[str, str], User] = {}
        by_name: dict[str, list[User]] = {}
        for user in users:
            pair = user.account.name, user.name
            if pair in self._by_pair:
                raise DuplicateUser(f"account {pair[0]!r} has two users of the name {pair[1]!r}")
            if user.access_key in self._by_access_key:
                raise DuplicateUser(f"two users have the access key {user.access_key!r}; set another `access_key`")
            self._by_pair[pair] = self._by_access_key[user.access_key] = user
            self._accounts[user.account.id] = user.account
            by_name.setdefault(user.name, []).append(user)
        self._unique: Mapping[str, User] = {name: found[0] for name, found in by_name.items() if len(found) == 1}
        self._names = {*by_name, *(account.name for account in self._accounts.values())}

    @property
    def accounts(self) -> Collection[Account]:
        """All accounts that have users."""
        return self._accounts.values()

    def account(self, account_id: str) -> Account | None:
        """The account of that id, as Swift's paths name it. One without users is not known, but for a project's."""
        return self._accounts.get(account_id) or self._unconfigured(account_id)

    def _unconfigured(self, account_id: str) -> Account | None:
        origin = None if self._origins is None else self._origins.origin(account_id)
        if origin is None:
            return None if self.projects is None else self.projects.account(account_id)
        account = self.account(origin)
        return None if account is None else replace(account, id=account_id)

    def account_of_name(self, name: str) -> Account | None:
        """The account that a configuration calls `name`."""
        return next((found for found in self._accounts.values() if found.name == name), None)

    def account_of_email(self, email: str) -> Account | None:
        """The account of that address, in whatever case it is written."""
        wanted = email.casefold()
        return next((found for found in self._accounts.values() if (found.email or "").casefold() == wanted), None)

    def by_access_key(self, access_key: str) -> User | None:
        """The user whose S3 access key this is."""
        user = self._by_access_key.get(access_key)
        if user is None and self.guests is not None:
            return self.guests.by_access_key(access_key)
        return user

    def by_name(self, account: str, user: str) -> User | None:
        """The user that Swift names `<account>:<user>`."""
        return self._by_pair.get((account, user))

    def by_login(self, login: str) -> User | None:
        """The user that FTP logs in: a name that is unique in the installation, or `account:user`."""
        account, colon, name = login.partition(":")
        return self._by_pair.get((account, name)) if colon else self._unique.get(login)

    def claims(self, login: str) -> bool:
        """Whether a login is a configured user's or means one of a configured account: such are never guests."""
        return login.partition(":")[0] in self._names or login in self._by_access_key


def principal(user: User) -> Principal:
    """The principal that a user is, once its secret has been proved."""
    return Principal(user.account, user.name, user.role, user.store, user.standing)
