"""What the path of a request names."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote_to_bytes

from gateway.auth.resellers import owner_of
from gateway.frontends.swift.errors import Refusal

VERSIONS = frozenset({"v1", "v1.0"})


class Level(StrEnum):
    """How deep a target lies."""

    SERVICE = "service"
    ACCOUNT = "account"
    CONTAINER = "container"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Target:
    """An account, a container in it or an object in that; the service as a whole, where there is no account.

    `account` is as the path has it, with its prefix.
    """

    account: str
    container: str = ""
    name: str = ""

    @property
    def level(self) -> Level:
        if self.name:
            return Level.OBJECT
        if self.container:
            return Level.CONTAINER
        return Level.ACCOUNT if self.account else Level.SERVICE

    @property
    def owner(self) -> str | None:
        """The id of the account; None where the name is none of this service's."""
        return owner_of(self.account)

    @property
    def realm(self) -> str:
        """The account as a WWW-Authenticate header names it."""
        return quote(self.account)


def is_legible(path: str) -> bool:
    """Whether what came in a path was UTF-8 (decoded with `surrogateescape`), and holds no NUL."""
    return "\0" not in path and (path.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in path))


def path_to(target: Target) -> str:
    """The path of an object as headers tell it."""
    return quote(f"/v1/{target.account}/{target.container}/{target.name}")


def split(raw: str) -> tuple[str, str]:
    """The decoded path and the raw query of a request's target as it stands in the request line.

    Raises `Refusal` (412) for a path that is not UTF-8 or holds a NUL.
    """
    if not raw.startswith("/"):
        raw = _origin_form(raw)
    path, _, query = raw.partition("?")
    if "%" not in path and path.isascii():
        return path, query
    try:
        decoded = unquote_to_bytes(path.encode(errors="surrogateescape")).decode()
    except UnicodeDecodeError:
        raise Refusal(412, "Invalid UTF8 or contains NULL") from None
    if "\0" in decoded:
        raise Refusal(412, "Invalid UTF8 or contains NULL")
    return decoded, query


def _origin_form(raw: str) -> str:
    """The path and query of a target in absolute form, `http://host/path` (RFC 9112, 3.2.2)."""
    scheme, _, rest = raw.partition("://")
    _, slash, path = rest.partition("/")
    return slash + path if scheme.lower() in {"http", "https"} else raw


def parse(path: str) -> Target:
    """The target of a decoded path `/<version>[/<account>[/<container>[/<object>]]]`.

    Raises `Refusal`: 404 where a segment in the middle is empty, for an unknown version 412 or, with an account, 400.
    """
    start, *segments = path.split("/", 4)
    if start or not all(segments[:-1]) or not segments:
        raise Refusal(404)
    version, account, container, name = segments + [""] * (4 - len(segments))
    if not account and version not in VERSIONS:
        raise Refusal(404) if not version else no_url()
    if version not in VERSIONS:
        raise Refusal(400)
    return Target(account, container, name)


def no_url() -> Refusal:
    """What Swift says of a path that names no account."""
    return Refusal(412, "Bad URL")


def parse_reference(header: str, value: str, account: str) -> Target:
    """The object that X-Copy-From or Destination names, `[/]<container>/<object>` in URL encoding.

    Raises `Refusal` (412) for any other form.
    """
    try:
        path = unquote_to_bytes(value.encode(errors="surrogateescape")).decode()
    except UnicodeDecodeError:
        path = ""
    container, _, name = path.removeprefix("/").partition("/")
    if not container or not name or "\0" in path:
        raise Refusal(412, f"{header} header must be of the form <container name>/<object name>")
    return Target(account, container, name)


def parse_account(value: str) -> str:
    """The account that X-Copy-From-Account or Destination-Account names. Raises `Refusal` (412)."""
    try:
        account = unquote_to_bytes(value.encode(errors="surrogateescape")).decode()
    except UnicodeDecodeError:
        account = ""
    if not account or "\0" in account:
        raise Refusal(412, "Account name cannot be empty")
    if "/" in account:
        raise Refusal(412, "Account name cannot contain slashes")
    return account
