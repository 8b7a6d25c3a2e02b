"""Encryption at rest, as far as others than the layer that does it know of it: how it is asked for, and told of.

An object whose bytes are stored encrypted bears a *seal*, a system property. What is told of it, its size, its digests
and the sizes of its parts, is of the bytes that were written.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.core.errors import BadRequest, ConditionFailed, Corrupt, KeyRefused, KeyRequired

SEAL = "encryption:seal"
"""The system property of objects and uploads that tells how their bytes are encrypted; without it they are plain."""
BY_DEFAULT = "encryption:default"
"""The system property of a bucket that has the installation's keys encrypt what is written to it: `Managed.pack`."""
AES256 = "AES256"
KMS = "aws:kms"

_VERSION = "1"
_SERVICE = "kms/"
"""What goes before the id of a key, in a seal, that is told as a key service's. No id has such a character."""
_PROOF = 16


@dataclass(frozen=True, slots=True)
class Managed:
    """Encryption with the keys of the installation: with the current one, or with the one that `key` names.

    `service`: clients are told of it as done by a key service, with the key's id (S3's `aws:kms`).
    """

    key: str = ""
    service: bool = False

    def pack(self) -> str:
        """As the property of a bucket."""
        if not self.service:
            return AES256
        return f"{KMS} {self.key}".rstrip()

    @classmethod
    def unpack(cls, text: str) -> "Managed":
        kind, _, key = text.partition(" ")
        return cls(key, service=kind == KMS)


MANAGED: Final = Managed()


@dataclass(frozen=True, slots=True)
class CustomerKey:
    """Encryption with a key of 32 bytes that only the client keeps: it comes with each request and is never stored."""

    secret: bytes = field(repr=False)

    def proof(self, content: bytes) -> bytes:
        """What tells whether this is the key of an object: of no use to find the key."""
        return hmac.digest(self.secret, b"portico customer key 1" + content, "sha256")[:_PROOF]


Encryption = Managed | CustomerKey


@dataclass(frozen=True, slots=True)
class Seal:
    """How an object is encrypted: `wrapped` is its own key, encrypted by the key of the installation that `key` names.

    `content` is a random id of the bytes, whatever their name. `service`: see `Managed`. `proof`, in place of `key`: a
    customer's key it was.
    """

    content: bytes
    wrapped: bytes
    key: str = ""
    proof: bytes = b""
    service: bool = False

    def __str__(self) -> str:
        fields = (b64encode(each).decode() for each in (self.content, self.wrapped, self.proof))
        return ":".join((_VERSION, self.label, *fields))

    @property
    def label(self) -> str:
        """The key, as the seal names it."""
        return _SERVICE + self.key if self.service else self.key

    @property
    def how(self) -> Managed | None:
        """How the installation's keys encrypt the object, for what is to be so, too; None: a customer's key does."""
        if not self.is_managed:
            return None
        return Managed(self.key, service=True) if self.service else MANAGED

    @property
    def is_managed(self) -> bool:
        return bool(self.key)

    def suits(self, wanted: Managed) -> bool:
        """Whether the object is encrypted so."""
        return self.is_managed and self.service == wanted.service and wanted.key in {"", self.key}

    def check(self, given: CustomerKey | None) -> None:
        """Raise unless `given` is what this object is to be read with: `KeyRequired`, `KeyRefused`, `BadRequest`."""
        if self.is_managed:
            refuse_key(given)
        elif given is None:
            raise KeyRequired
        elif not hmac.compare_digest(given.proof(self.content), self.proof):
            raise KeyRefused


def refuse_key(given: CustomerKey | None) -> None:
    """Raise `BadRequest` where a key comes with a request about what no customer has encrypted."""
    if given is not None:
        raise BadRequest("The encryption parameters are not applicable to this object")


def seal_of(system: Mapping[str, str]) -> Seal | None:
    """The seal among system properties; None: the bytes are plain. Raises `Corrupt`."""
    text = system.get(SEAL)
    if text is None:
        return None
    try:
        version, key, *fields = text.split(":")
        content, wrapped, proof = (b64decode(each, validate=True) for each in fields)
    except ValueError:
        raise Corrupt from None
    if version != _VERSION or bool(key) == bool(proof):
        raise Corrupt
    return Seal(content, wrapped, key.removeprefix(_SERVICE), proof, service=key.startswith(_SERVICE))


def is_opaque(system: Mapping[str, str]) -> bool:
    """Whether a customer's key encrypts the object: what is told of it must then tell nothing of its bytes."""
    return SEAL in system and system[SEAL].startswith(f"{_VERSION}::")


def refuse_sealed(system: Mapping[str, str]) -> None:
    """Raise `ConditionFailed` where stored bytes, which are encrypted, would be taken for plain ones."""
    if SEAL in system:
        raise ConditionFailed("The object has been encrypted meanwhile")


def seal_kept(system: Mapping[str, str], found: Mapping[str, str]) -> Mapping[str, str]:
    """System properties that a copy is to have: with the seal of its bytes, if they have one, and no other."""
    if found.get(SEAL) == system.get(SEAL):
        return system
    others = {name: value for name, value in system.items() if name != SEAL}
    return others | ({SEAL: found[SEAL]} if SEAL in found else {})
