"""The installation's keys, and the keys of objects that they lock up."""

import hmac
import logging
import os
from collections.abc import Mapping
from dataclasses import replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.core.encryption import CustomerKey, Encryption, Managed, Seal
from gateway.core.errors import BadRequest, Corrupt, KeyRequired, Unavailable

KEY_BYTES = 32

_CONTENT = 16
_NONCE = bytes(12)
"""One for all: each key that wraps is made for one content id, and wraps one key."""

logger = logging.getLogger("portico.encrypted")


class MasterKeys:
    """Keys of `KEY_BYTES` by their ids. New objects are locked by the `current` one; seals name the one of theirs."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        self._keys = dict(keys)
        self._current = current

    def create(self, encryption: Encryption) -> tuple[Seal, bytes]:
        """The seal of a new object, and the object's own key. Raises `BadRequest` for a key that there is not."""
        content, key = os.urandom(_CONTENT), os.urandom(KEY_BYTES)
        if isinstance(encryption, CustomerKey):
            return Seal(content, _wrap(encryption.secret, content, key), proof=encryption.proof(content)), key
        self.check(encryption)
        seal = Seal(content, b"", encryption.key or self._current, service=encryption.service)
        return replace(seal, wrapped=_wrap(self._master(seal.key), content, key, seal.label)), key

    def check(self, encryption: Managed) -> None:
        """Raise `BadRequest` where it names a key that there is not."""
        if encryption.key and encryption.key not in self._keys:
            raise BadRequest("The installation has no encryption key of that id")

    def open(self, seal: Seal, secret: CustomerKey | None) -> bytes:
        """The key of an object. Raises `KeyRequired`, `KeyRefused`, `BadRequest`; `Corrupt`; `Unavailable`."""
        seal.check(secret)
        if seal.is_managed:
            return _unwrap(self._master(seal.key), seal)
        if secret is None:
            raise KeyRequired
        return _unwrap(secret.secret, seal)

    def is_current(self, seal: Seal) -> bool:
        """Whether a new object would be locked by the same key of the installation."""
        return seal.key == self._current

    def _master(self, name: str) -> bytes:
        found = self._keys.get(name)
        if found is None:
            logger.error("an object is encrypted with the key '%s', which is not configured; add it to `keys`", name)
            raise Unavailable("The object is encrypted with a key that the gateway does not have", retryable=False)
        return found


def _wrap(master: bytes, content: bytes, key: bytes, name: str = "") -> bytes:
    return _cipher(master, content).encrypt(_NONCE, key, name.encode())


def _unwrap(master: bytes, seal: Seal) -> bytes:
    try:
        return _cipher(master, seal.content).decrypt(_NONCE, seal.wrapped, seal.label.encode())
    except InvalidTag:
        raise Corrupt from None


def _cipher(master: bytes, content: bytes) -> AESGCM:
    return AESGCM(hmac.digest(master, b"portico wrap 1" + content, "sha256"))
