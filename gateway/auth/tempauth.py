"""Swift's v1 tokens: signed, so that every worker that shares the key knows them without keeping any.

Source: "Temporary Auth" in the OpenStack Swift documentation, whose prefix the tokens bear.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from cachetools import LRUCache

from gateway.auth.principals import Principal, Registry, User, principal
from gateway.auth.sealing import PREFIX as GUESTS
from gateway.auth.sealing import NotSealedHere, Sealer

PREFIX = "AUTH_tk"
MAX_LENGTH = 2048
"""Characters of the longest token that is looked at."""

MIN_SECRET = 16
KNOWN = 4096
"""Tokens that are known at sight, at most."""

_MAC = 32
_PURPOSE = b"portico tempauth token 1"


class InvalidToken(Exception):
    """A token that this installation did not issue, that has expired, or whose user is gone or has another secret.

    The message says which, for logs; clients are told no more than that it is not valid.
    """


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_in` is in seconds."""

    value: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True, slots=True)
class _Claims:
    account: str
    user: str
    expires: int

    def pack(self) -> bytes:
        return json.dumps([self.account, self.user, self.expires], separators=(",", ":")).encode()

    @classmethod
    def unpack(cls, data: bytes) -> "_Claims":
        """Raises `ValueError`."""
        match json.loads(data):
            case [str(account), str(user), int(expires)]:
                return cls(account, user, expires)
            case _:
                raise ValueError


@dataclass(frozen=True, slots=True)
class _Verified:
    """Whom a token was found to belong to. `expires` in epoch seconds."""

    user: User
    expires: int


def is_issued(value: str) -> bool:
    """Whether a token looks like one of an issuer's."""
    return value.startswith((PREFIX, GUESTS))


class TokenIssuer:
    """Issues and verifies tokens. Those that were verified lately are known at sight.

    `secret` is the key of the installation, of 16 bytes at least; `lifetime` is in seconds, `clock` in epoch seconds.
    What is signed holds the user's secret, which the token does not: a changed secret ends its tokens. Those of guests
    are sealed instead (`sealing.py`).
    """

    def __init__(self, secret: bytes, lifetime: int, clock: Callable[[], float] = time) -> None:
        if len(secret) < MIN_SECRET:
            raise ValueError(f"the key of tokens needs {MIN_SECRET} bytes at least")
        self._secret = secret
        self._sealer = Sealer(secret)
        self._lifetime = lifetime
        self._clock = clock
        self._verified: LRUCache[str, _Verified] = LRUCache(KNOWN)

    def issue(self, user: User) -> Token:
        """A token for a user whose secret has just been proved."""
        expires = int(self._clock()) + self._lifetime
        if user.store is not None:
            return Token(self._sealer.seal((user.account.name, user.name, user.secret), expires), self._lifetime)
        claims = _Claims(user.account.name, user.name, expires).pack()
        return Token(PREFIX + _encode(self._sign(claims, user.secret) + claims), self._lifetime)

    def verify(self, value: str, registry: Registry) -> Principal:
        """Whom a token was issued to, as the registry knows the user now. Raises `InvalidToken`."""
        if value.startswith(GUESTS):
            return self._guest(value, registry)
        known = self._verified.get(value)
        if known is not None and self._stands(known, registry):
            return principal(known.user)
        mac, packed, claims = _take_apart(value)
        user = registry.by_name(claims.account, claims.user)
        genuine = hmac.compare_digest(mac, self._sign(packed, user.secret if user else ""))
        if user is None or not genuine:
            raise InvalidToken("not issued here, or the user's secret has changed")
        if self._clock() >= claims.expires:
            raise InvalidToken("expired")
        self._verified[value] = _Verified(user, claims.expires)
        return principal(user)

    def _stands(self, known: _Verified, registry: Registry) -> bool:
        user = known.user
        return registry.by_name(user.account.name, user.name) is user and self._clock() < known.expires

    def _guest(self, value: str, registry: Registry) -> Principal:
        try:
            credentials, expires = self._sealer.open(value)
        except NotSealedHere:
            raise InvalidToken("not issued here") from None
        if registry.guests is None:
            raise InvalidToken("there are no guests")
        if self._clock() >= expires:
            raise InvalidToken("expired")
        return principal(registry.guests.user(*credentials))

    def _sign(self, claims: bytes, secret: str) -> bytes:
        fingerprint = hmac.digest(self._secret, secret.encode(errors="surrogateescape"), "sha256")
        return hmac.digest(self._secret, _PURPOSE + fingerprint + claims, "sha256")


def _take_apart(value: str) -> tuple[bytes, bytes, _Claims]:
    encoded = value.removeprefix(PREFIX)
    if encoded == value or len(value) > MAX_LENGTH:
        raise InvalidToken("no token of this kind")
    try:
        blob = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        claims = _Claims.unpack(blob[_MAC:])
    except (ValueError, RecursionError):
        raise InvalidToken("no token of this kind") from None
    if _encode(blob) != encoded:
        raise InvalidToken("not in the one form that a token has")
    return blob[:_MAC], blob[_MAC:], claims


def _encode(blob: bytes) -> str:
    return urlsafe_b64encode(blob).decode().rstrip("=")
