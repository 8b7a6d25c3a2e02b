"""What is known of a body that has come in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.core.digest import Algorithm, Digests, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`etag`: the MD5 of the body, empty while it is not known. `upload`: the id of its segments, if it has any."""

    etag: str = ""
    checksums: Mapping[str, str] = field(default_factory=dict)
    upload: str = ""


Headers = Callable[[Facts], Mapping[str, str]]
"""The headers that an object with such a body is written with."""


def facts_of(digests: Digests, wanted: frozenset[Algorithm], upload: str = "") -> Facts:
    checksums = {algorithm.value: encode(digests[algorithm]) for algorithm in wanted}
    return Facts(etag=digests[Algorithm.MD5].hex(), checksums=checksums, upload=upload)
