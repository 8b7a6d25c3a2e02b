"""Signatures as Swift's temporary URLs and forms state them: in hexadecimal, or in base64 behind the digest's name.

Source: `extract_digest_and_algorithm` of `swift.common.digest`.
"""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DIGESTS = ("sha1", "sha256", "sha512")
DEPRECATED = ("sha1",)
"""Those that Swift tells clients to leave."""

KEYS = ("temp-url-key", "temp-url-key-2")
"""The metadata of accounts and containers that holds the keys."""

_BY_LENGTH: Mapping[int, str] = {20: "sha1", 32: "sha256", 64: "sha512"}
_URL_SAFE = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Signature:
    """What somebody claims to have signed with a key."""

    digest: str
    value: bytes

    def is_of(self, key: str, message: str) -> bool:
        """Whether it was made with `key`; takes the same time for whatever it is."""
        made = hmac.digest(key.encode(), message.encode(errors="surrogateescape"), self.digest)
        return hmac.compare_digest(made, self.value)


def parse_signature(text: str) -> Signature:
    """Raises `ValueError`."""
    digest, colon, encoded = text.partition(":")
    if not colon:
        value = binascii.unhexlify(text)
        digest = _BY_LENGTH.get(len(value), "")
    else:
        padded = encoded.rstrip("=").translate(_URL_SAFE)
        value = b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    if digest not in DIGESTS:
        raise ValueError("no digest of that name or length")
    return Signature(digest, value)


def keys_of(metadata: Mapping[str, str]) -> Iterable[str]:
    """The keys that an account or container has."""
    return [metadata[name] for name in KEYS if metadata.get(name)]
