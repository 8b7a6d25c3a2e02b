"""Swift tokens of guests: their credentials, sealed, so that every worker that shares the key can open their stores.

A gateway that is asked with such a token can renew what the upstream gave for the credentials, and one that has never
seen the guest can log in for him; neither keeps anything. A secret that no longer holds upstream opens nothing.
"""

import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = "AUTH_gt"
MAX_LENGTH = 8192
"""Characters of the longest token that is looked at."""

_NONCE = 12


class NotSealedHere(ValueError):
    """No token of this kind, or none that was sealed with this key."""


class Sealer:
    """Makes tokens of texts and a time, and reads them again. `secret` is the key of the installation."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret, b"portico guest token 1", "sha256"))

    def seal(self, texts: tuple[str, str, str], expires: int) -> str:
        """A token; `expires` is in epoch seconds."""
        nonce = os.urandom(_NONCE)
        claims = json.dumps([*texts, expires], separators=(",", ":")).encode()
        return PREFIX + _encode(nonce + self._cipher.encrypt(nonce, claims, PREFIX.encode()))

    def open(self, token: str) -> tuple[tuple[str, str, str], int]:
        """What `seal` was given. Raises `NotSealedHere`."""
        encoded = token.removeprefix(PREFIX)
        if encoded == token or len(token) > MAX_LENGTH:
            raise NotSealedHere
        try:
            blob = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            claims = json.loads(self._cipher.decrypt(blob[:_NONCE], blob[_NONCE:], PREFIX.encode()))
        except (ValueError, InvalidTag):
            raise NotSealedHere from None
        if _encode(blob) != encoded:
            raise NotSealedHere
        first, second, third, expires = claims
        return (first, second, third), expires


def _encode(blob: bytes) -> str:
    return urlsafe_b64encode(blob).decode().rstrip("=")
