"""Digests that clients may ask for, by the names that HASH has for them (draft-bryan-ftpext-hash, section 3.3)."""

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol


class Digest(Protocol):
    def update(self, data: bytes, /) -> None:
        """Go on with `data`."""

    def hexdigest(self) -> str: ...


class Crc32:
    """CRC-32 as zlib has it."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


MD5 = "MD5"

DIGESTS: Mapping[str, Callable[[], Digest]] = {
    "CRC32": Crc32,
    MD5: lambda: hashlib.md5(usedforsecurity=False),
    "SHA-1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA-256": hashlib.sha256,
    "SHA-512": hashlib.sha512,
}


def features_of(chosen: str) -> str:
    """The line of FEAT, which marks the one that HASH answers with."""
    return "HASH " + ";".join(f"{name}*" if name == chosen else name for name in DIGESTS)
