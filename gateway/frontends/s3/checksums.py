"""The checksums of S3's headers: stated by a client, checked against its body, kept and told again.

Source: "Checking object integrity in Amazon S3" in the User Guide.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.body import Check, expect
from gateway.core.digest import Algorithm
from gateway.frontends.s3.chunked import declared_trailers
from gateway.frontends.s3.codes import Code
from gateway.frontends.s3.errors import S3Error
from gateway.frontends.s3.xmlout import Members

PREFIX = "x-amz-checksum-"
COMPOSITE = "COMPOSITE"
FULL_OBJECT = "FULL_OBJECT"

WIDTHS = {
    Algorithm.CRC32: 4,
    Algorithm.CRC32C: 4,
    Algorithm.CRC64NVME: 8,
    Algorithm.SHA1: 20,
    Algorithm.SHA256: 32,
}
"""The algorithms that are offered, with the bytes of their digests."""

_EITHER, _WHOLE, _OF_PARTS = (COMPOSITE, FULL_OBJECT), (FULL_OBJECT,), (COMPOSITE,)
_KINDS = {
    Algorithm.CRC32: _EITHER,
    Algorithm.CRC32C: _EITHER,
    Algorithm.CRC64NVME: _WHOLE,
    Algorithm.SHA1: _OF_PARTS,
    Algorithm.SHA256: _OF_PARTS,
}
"""How the checksum of an object out of parts can be made, the usual way first: only CRCs of parts tell that of all."""

MEMBERS = {algorithm: "Checksum" + algorithm.upper() for algorithm in WIDTHS}
"""The model's names of the members that hold a checksum."""

_HEADERS = {PREFIX + algorithm: algorithm for algorithm in WIDTHS}
TYPE = PREFIX + "type"
_NO_CHECKSUMS = frozenset({PREFIX + "algorithm", PREFIX + "mode", TYPE})
_SDK_ALGORITHM = "x-amz-sdk-checksum-algorithm"


@dataclass(frozen=True, slots=True)
class Stated:
    """The one checksum that a request states of its body, if it does: `value` in a header, or in a trailer to come."""

    algorithm: Algorithm | None = None
    value: bytes | None = None

    @property
    def kept(self) -> frozenset[Algorithm]:
        """What the store is to keep."""
        return frozenset({self.algorithm}) if self.algorithm else frozenset()

    @property
    def trailing(self) -> bool:
        return self.algorithm is not None and self.value is None

    def checks(self) -> list[Check]:
        """What the body has to pass, as far as it is known before the body."""
        return [expect(self.algorithm, self.value)] if self.algorithm and self.value is not None else []


_NOTHING = Stated()


def stated(headers: Mapping[str, str]) -> Stated:
    """The checksum that a request states of its body. Raises `S3Error`."""
    found = [name for name in headers if name.startswith(PREFIX) and name not in _NO_CHECKSUMS]
    trailer = headers.get("x-amz-trailer")
    promised = [name for name in declared_trailers(trailer) if name.startswith(PREFIX)] if trailer else []
    if len(found) + len(promised) > 1:
        raise S3Error(
            Code.INVALID_REQUEST,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    named = headers.get(_SDK_ALGORITHM)
    if not found and not promised:
        if named:
            raise S3Error(
                Code.INVALID_REQUEST,
                f"{_SDK_ALGORITHM} specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
                "found.",
            )
        return _NOTHING
    name = (found or promised)[0]
    algorithm = _HEADERS.get(name)
    if algorithm is None:
        raise S3Error(Code.NOT_IMPLEMENTED, f"The checksum {name} is not implemented.", Header=name)
    if named and named.lower() != algorithm:
        raise S3Error(Code.INVALID_REQUEST, f"Value for {_SDK_ALGORITHM} header is invalid.")
    return Stated(algorithm, _value(name, headers[name], WIDTHS[algorithm]) if found else None)


def _value(name: str, text: str, width: int) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except ValueError:
        value = b""
    if len(value) != width:
        raise S3Error(Code.BAD_DIGEST, f"Value for {name} header is invalid.")
    return value


def content_md5(headers: Mapping[str, str]) -> bytes | None:
    """The digest of the Content-MD5 header; None where there is none. Raises `S3Error` `InvalidDigest`."""
    text = headers.get("content-md5")
    if text is None:
        return None
    try:
        value = b64decode(text, validate=True)
    except ValueError:
        value = b""
    if len(value) != 16:
        raise S3Error(Code.INVALID_DIGEST)
    return value


def algorithm_of(headers: Mapping[str, str]) -> Algorithm | None:
    """The algorithm that x-amz-checksum-algorithm asks for. Raises `S3Error`."""
    named = headers.get(PREFIX + "algorithm")
    if named is None:
        return None
    algorithm = _HEADERS.get(PREFIX + named.lower())
    if algorithm is None:
        raise S3Error(
            Code.INVALID_REQUEST,
            "Checksum algorithm provided is unsupported. Please try again with any of "
            f"the valid types: [{', '.join(sorted(known.upper() for known in WIDTHS))}]",
        )
    return algorithm


def kind_wanted(headers: Mapping[str, str], algorithm: Algorithm | None) -> str | None:
    """How the checksum of an object that is put together from parts is to be made: as stated, or as is usual for it.

    None where it is to have none. Raises `S3Error` for what can't be made.
    """
    stated = headers.get(TYPE)
    if algorithm is None:
        if stated is not None:
            raise S3Error(
                Code.INVALID_REQUEST, f"The {TYPE} header can only be used with the {PREFIX}algorithm header."
            )
        return None
    kind = stated.upper() if stated else _KINDS[algorithm][0]
    if kind not in _KINDS[algorithm]:
        raise S3Error(
            Code.INVALID_REQUEST, f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
        )
    return kind


def kind_made(*, whole: bool) -> str:
    """How the checksum of an upload's object is made. `whole`: see `core.uploads.Upload`."""
    return FULL_OBJECT if whole else COMPOSITE


def kind_of(checksums: Mapping[str, str]) -> str | None:
    """How the checksum of an object was made; None where it has none."""
    if not checksums:
        return None
    return COMPOSITE if any("-" in value for value in checksums.values()) else FULL_OBJECT


def members(checksums: Mapping[str, str]) -> Members:
    """The checksums of an object or part under the model's member names."""
    return {name: checksums[algorithm] for algorithm, name in MEMBERS.items() if algorithm in checksums}


def object_members(checksums: Mapping[str, str]) -> Members:
    """The checksums of an object, and how they were made, under the model's member names."""
    return {**members(checksums), "ChecksumType": kind_of(checksums)} if checksums else {}


def header_pairs(checksums: Mapping[str, str], kind: str | None = None) -> list[tuple[str, str]]:
    """The checksums of an object as headers, or of a part of one whose checksum is of that `kind`."""
    pairs = [(PREFIX + algorithm, checksums[algorithm]) for algorithm in MEMBERS if algorithm in checksums]
    if kind := kind or kind_of(checksums):
        pairs.append((TYPE, kind))
    return pairs
