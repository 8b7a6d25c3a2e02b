"""What Keystone is asked, and what its answers say, apart from the network.

Sources: "Validate and show information for token", "S3 Tokens" and "OS-EC2" in the Identity API v3.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import time
from typing import TypeVar
from urllib.parse import quote

import msgspec

from gateway.auth.keystone.names import Login
from gateway.auth.keystone.settings import KeystoneSettings
from gateway.core.errors import Unavailable
from gateway.core.keystone import TOKENS, password_login

Headers = Mapping[str, str]

JSON: Headers = {"Content-Type": "application/json"}
UNREADABLE = "Keystone's answer can't be understood"

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Question:
    """A request, to a path below the API's URL."""

    method: str
    path: str
    headers: Headers = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has been read to its end."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom Keystone knows: ids of a user and of the project that he acts for, and his roles there in lower case.

    `project` is empty where he acts for none. `lifetime`: seconds that this holds, by Keystone's own clock.
    """

    user: str
    project: str
    roles: frozenset[str]
    lifetime: float


def login(settings: KeystoneSettings, secret: str) -> Question:
    """For a token of the user who asks about others."""
    body = password_login(settings.user, settings.user_domain, secret, settings.project, settings.project_domain)
    return Question("POST", f"{TOKENS}?nocatalog", JSON, body)


def password(login: Login, secret: str) -> Question:
    """Who somebody with a password is."""
    body = password_login(login.user, login.user_domain, secret, login.project, login.project_domain)
    return Question("POST", f"{TOKENS}?nocatalog", JSON, body)


def validation(token: str) -> Question:
    """Whose a token is."""
    return Question("GET", f"{TOKENS}?nocatalog", {"X-Subject-Token": token})


def signed(access_key: str, text: str, signature: str) -> Question:
    """Who has signed a text."""
    token = urlsafe_b64encode(text.encode(errors="surrogateescape")).decode()
    credentials = {"access": access_key, "token": token, "signature": signature}
    return Question("POST", "/s3tokens", JSON, json.dumps({"credentials": credentials}).encode())


def secret_of(user: str, access_key: str) -> Question:
    """With what a user signs."""
    return Question("GET", f"/users/{quote(user, safe='')}/credentials/OS-EC2/{quote(access_key, safe='')}", {})


class _Named(msgspec.Struct):
    id: str = ""
    name: str = ""


class _Token(msgspec.Struct):
    user: _Named
    expires_at: datetime
    project: _Named | None = None
    roles: list[_Named] = []


class _TokenDocument(msgspec.Struct):
    token: _Token


class _Credential(msgspec.Struct):
    access: str
    secret: str


class _CredentialDocument(msgspec.Struct):
    credential: _Credential


def identity_in(answer: Answer) -> Identity:
    """Whom an answer speaks of. Raises `Unavailable`."""
    token = _read(answer, _TokenDocument).token
    if not token.user.id:
        raise Unavailable(UNREADABLE)
    roles = frozenset(role.name.lower() for role in token.roles)
    project = token.project.id if token.project else ""
    return Identity(token.user.id, project, roles, _lifetime(token, answer.headers))


def secret_in(answer: Answer, access_key: str) -> str:
    """The secret that an answer tells. Raises `Unavailable`."""
    credential = _read(answer, _CredentialDocument).credential
    if credential.access != access_key or not credential.secret:
        raise Unavailable(UNREADABLE)
    return credential.secret


def granted_in(answer: Answer) -> tuple[str, float]:
    """The token that a login has given, and the seconds that it holds. Raises `Unavailable`."""
    token = answer.headers.get("X-Subject-Token", "")
    if not token:
        raise Unavailable(UNREADABLE)
    return token, _lifetime(_read(answer, _TokenDocument).token, answer.headers)


def _read(answer: Answer, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(UNREADABLE) from error


def _lifetime(token: _Token, headers: Headers) -> float:
    """By the time that the answer bears, as our clock may be another one than Keystone's."""
    end = token.expires_at if token.expires_at.tzinfo else token.expires_at.replace(tzinfo=UTC)
    return end.timestamp() - _dated(headers.get("Date", ""))


def _dated(stated: str) -> float:
    try:
        moment = parsedate_to_datetime(stated)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return time()
