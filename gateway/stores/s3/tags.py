"""Properties of buckets as tags: the only place that S3 has for them.

A tag `portico.user:<name>` or `portico.system:<name>` holds a property; other tags are left alone. Characters that
tags can't have are `=XX`, the byte in hex. Source: "Tag restrictions" in the Amazon S3 User Guide.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.core.errors import BadRequest

MAX_TAGS = 50
MAX_NAME = 128
MAX_VALUE = 256

_USER, _SYSTEM = "portico.user:", "portico.system:"
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-._:/@")
_ESCAPE = re.compile(rb"=([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class BucketTags:
    """`other`: tags that are not Portico's."""

    user: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)
    other: Mapping[str, str] = field(default_factory=dict)

    def pack(self) -> list[tuple[str, str]]:
        """All tags of the bucket. Raises `BadRequest` where they can't hold the properties."""
        pairs = list(self.other.items())
        for start, properties in ((_USER, self.user), (_SYSTEM, self.system)):
            pairs += [(start + _encoded(name), _encoded(value)) for name, value in properties.items()]
        if len(pairs) > MAX_TAGS or any(len(name) > MAX_NAME or len(value) > MAX_VALUE for name, value in pairs):
            raise BadRequest("The bucket's metadata is larger than the store allows")
        return pairs


def unpack(pairs: Iterable[tuple[str, str]]) -> BucketTags:
    """The properties among a bucket's tags."""
    user: dict[str, str] = {}
    system: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, value in pairs:
        if name.startswith(_USER):
            user[_decoded(name.removeprefix(_USER))] = _decoded(value)
        elif name.startswith(_SYSTEM):
            system[_decoded(name.removeprefix(_SYSTEM))] = _decoded(value)
        else:
            other[name] = value
    return BucketTags(user, system, other)


def _encoded(text: str) -> str:
    return "".join(chr(byte) if byte in _SAFE else f"={byte:02X}" for byte in text.encode())


def _decoded(text: str) -> str:
    return _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode()).decode(errors="replace")
