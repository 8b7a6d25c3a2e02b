"""The dialogues by which Swift gives out tokens, apart from the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time

import msgspec

from gateway.core.errors import Unavailable
from gateway.core.keystone import TOKENS, base_of, password_login
from gateway.stores.swift.settings import SwiftStoreSettings

Headers = Mapping[str, str]

_UNREADABLE = "The upstream's answer to the login can't be understood"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gives. `lifetime` in seconds; None: not told."""

    token: str = field(repr=False)
    url: str
    lifetime: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The request of a login."""

    method: str
    url: str
    headers: Headers = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


def question(settings: SwiftStoreSettings, secret: str) -> Question:
    """What to ask for a token."""
    return _ask_v3(settings, secret) if is_v3(settings) else _ask_v1(settings, secret)


def grant(settings: SwiftStoreSettings, headers: Headers, body: bytes) -> Grant:
    """What the answer gives. Raises `Unavailable` where it is not one."""
    given = _read_v3(settings, headers, body) if is_v3(settings) else _read_v1(settings, headers)
    if not given.token or not given.url.startswith(("http://", "https://")):
        raise Unavailable(_UNREADABLE, retryable=False)
    return given


def is_v3(settings: SwiftStoreSettings) -> bool:
    """Whether the upstream's login is Keystone's."""
    if settings.auth_version != "auto":
        return settings.auth_version == "3"
    return base_of(settings.auth_url).endswith("/v3")


def _ask_v1(settings: SwiftStoreSettings, secret: str) -> Question:
    headers = {"X-Auth-User": settings.user, "X-Auth-Key": secret}
    return Question("GET", settings.auth_url, headers)


def place(settings: SwiftStoreSettings) -> str:
    """Where the login service is: a URL that answers something to whoever asks nothing of it."""
    return base_of(settings.auth_url) if is_v3(settings) else settings.auth_url


def _read_v1(settings: SwiftStoreSettings, headers: Headers) -> Grant:
    stated = headers.get("X-Auth-Token-Expires", "")
    lifetime = float(stated) if stated.isascii() and stated.isdigit() else None
    token = headers.get("X-Auth-Token") or headers.get("X-Storage-Token") or ""
    return Grant(token, settings.storage_url or headers.get("X-Storage-Url", ""), lifetime)


def _ask_v3(settings: SwiftStoreSettings, secret: str) -> Question:
    """Keystone's password method, scoped to a project. The form `project:user`, older than v3, is understood."""
    project, user = settings.project, settings.user
    if not project and ":" in user:
        project, user = user.split(":", 1)
    body = password_login(user, settings.user_domain, secret, project, settings.project_domain)
    return Question("POST", place(settings) + TOKENS, {"Content-Type": "application/json"}, body)


class _Endpoint(msgspec.Struct):
    interface: str
    url: str
    region: str | None = None
    region_id: str | None = None


class _Service(msgspec.Struct):
    type: str
    endpoints: list[_Endpoint] = []


class _Token(msgspec.Struct):
    expires_at: datetime | None = None
    catalog: list[_Service] = []


class _Answer(msgspec.Struct):
    token: _Token


def _read_v3(settings: SwiftStoreSettings, headers: Headers, body: bytes) -> Grant:
    try:
        token = msgspec.json.decode(body, type=_Answer).token
    except msgspec.DecodeError as error:
        raise Unavailable(_UNREADABLE, retryable=False) from error
    expires = token.expires_at
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    lifetime = None if expires is None else max(0.0, expires.timestamp() - time())
    return Grant(headers.get("X-Subject-Token", ""), settings.storage_url or _endpoint(settings, token), lifetime)


def _endpoint(settings: SwiftStoreSettings, token: _Token) -> str:
    for service in token.catalog:
        for endpoint in service.endpoints:
            regions = {endpoint.region, endpoint.region_id}
            interface = endpoint.interface.removesuffix("URL")
            if (service.type, interface) != (settings.service_type, settings.endpoint_type):
                continue
            if not settings.region or settings.region in regions:
                return endpoint.url
    where = f" in region '{settings.region}'" if settings.region else ""
    raise Unavailable(
        f"The upstream's catalog has no {settings.endpoint_type} endpoint of type '{settings.service_type}'{where}",
        retryable=False,
    )
