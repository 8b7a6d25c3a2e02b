"""The records of multipart uploads, and of the parts that objects are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.core.digest import Algorithm
from gateway.core.record import nothing
from gateway.core.types import Key, Meta, Props

KEPT = "~kept:"
"""What the owner of an upload begins with that an embedded store has made of a body that broke (`Put.keep`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A multipart upload under way. `created` in ns since the epoch.

    `checksum` is what the object is to have: of all its bytes if `whole`, else the digest of its parts' digests.
    """

    key: Key
    id: str
    created: int
    props: Props
    owner: str = ""
    checksum: Algorithm | None = None
    whole: bool = False

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def is_kept(self) -> bool:
        """It was made of a body that broke (`Put.keep`)."""
        return self.owner.startswith(KEPT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that lies ready. `checksums` as in `Meta`."""

    number: int
    size: int
    etag: str
    modified: int
    checksums: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class PartRef:
    """A part as a completion names it. Checks that the client did not send are empty."""

    number: int
    etag: str = ""
    checksums: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadQuery:
    """Which uploads a listing shows, ordered by name, then by id. The markers are exclusive.

    `kept`: those that were made of bodies that broke (`Put.keep`), in place of those that somebody began.
    """

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    id_marker: str = ""
    limit: int = 1000
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPart:
    """`size` bytes of an object, from `offset` on, that came in as one part. `checksums` as in `Meta`.

    `number` counts the parts from 1, without gaps: it need not be the number that the part was uploaded under.
    """

    number: int
    offset: int
    size: int
    checksums: Mapping[str, str] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class ObjectParts:
    """An object with some of its parts, in their order. `total`: of how many it was put together.

    0: it came in as one, or that is not known, as of objects that were appended to.
    """

    meta: Meta
    total: int = 0
    parts: tuple[ObjectPart, ...] = ()
