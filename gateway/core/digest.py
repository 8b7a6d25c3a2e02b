"""Digests and checksums under one interface.

The CRCs come from awscrt, which releases the GIL and uses the CPU's own instructions.
"""

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias

from awscrt import checksums


class Algorithm(StrEnum):
    """The values are the names that S3's headers carry after `x-amz-checksum-`."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    CRC32 = "crc32"
    CRC32C = "crc32c"
    CRC64NVME = "crc64nvme"


Digests: TypeAlias = Mapping[Algorithm, bytes]


class Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function = function
        self._width = width
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


_MAKERS: Mapping[Algorithm, Callable[[], Hash]] = {
    Algorithm.MD5: lambda: hashlib.md5(usedforsecurity=False),
    Algorithm.SHA1: lambda: hashlib.sha1(usedforsecurity=False),
    Algorithm.SHA256: hashlib.sha256,
    Algorithm.CRC32: lambda: _Crc(checksums.crc32, 4),
    Algorithm.CRC32C: lambda: _Crc(checksums.crc32c, 4),
    Algorithm.CRC64NVME: lambda: _Crc(checksums.crc64nvme, 8),
}


def new(algorithm: Algorithm) -> Hash:
    return _MAKERS[algorithm]()


def digest(algorithm: Algorithm, data: bytes) -> bytes:
    """The digest of bytes that lie in memory."""
    state = new(algorithm)
    state.update(data)
    return state.digest()


def encode(value: bytes) -> str:
    """A digest as S3 writes it: base64."""
    return base64.b64encode(value).decode()


def composite_etag(etags: Iterable[str]) -> str:
    """The ETag of an object put together from parts, as S3 defines it: MD5 over the parts' MD5s, and their number."""
    state = hashlib.md5(usedforsecurity=False)
    count = 0
    for etag in etags:
        state.update(bytes.fromhex(etag.partition("-")[0]))
        count += 1
    return f"{state.hexdigest()}-{count}"


_COMBINERS: Mapping[Algorithm, tuple[Callable[[int, int, int], int], int]] = {
    Algorithm.CRC32: (checksums.combine_crc32, 4),
    Algorithm.CRC32C: (checksums.combine_crc32c, 4),
    Algorithm.CRC64NVME: (checksums.combine_crc64nvme, 8),
}

LINEAR = frozenset(_COMBINERS)
"""Algorithms by which the checksum of the whole follows from those of its parts: the CRCs."""


def composite_checksum(algorithm: Algorithm, parts: Iterable[str]) -> str:
    """The digest of the parts' digests, and their number, as S3 defines it. The parts' checksums are encoded."""
    values = [base64.b64decode(value) for value in parts]
    return f"{encode(digest(algorithm, b''.join(values)))}-{len(values)}"


def combined_checksum(algorithm: Algorithm, parts: Iterable[tuple[str, int]]) -> str:
    """The checksum of all bytes, given the encoded checksum and the size in bytes of each part.

    `algorithm` is one of `LINEAR`.
    """
    combine, width = _COMBINERS[algorithm]
    total = 0
    for value, size in parts:
        total = combine(total, int.from_bytes(base64.b64decode(value), "big"), size)
    return encode(total.to_bytes(width, "big"))
