"""The records that cross module borders: keys, metadata, queries and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from gateway.core.conditions import ABSENT, ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import Encryption, is_opaque, seal_kept
from gateway.core.record import record

T = TypeVar("T")

_NOTHING: Mapping[str, str] = MappingProxyType({})


def _nothing() -> Mapping[str, str]:
    return _NOTHING


DIRECTORY_TYPE = "application/directory"
DEFAULT_TYPE = "application/octet-stream"

KEPT = "~kept:"
"""What the owner of an upload begins with that an embedded store has made of a body that broke (`Put.keep`)."""

STORAGE_POLICY = "swift:storage-policy"
"""The system property of a bucket that names its storage policy. A bucket without it has `DEFAULT_POLICY`."""
DEFAULT_POLICY = "Policy-0"
"""What Swift calls a cluster's policy that has no name; here, too, however a store without policies keeps objects."""


@record(frozen=True, slots=True)
class Key:
    """The address of an object inside one store."""

    bucket: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Props:
    """What a writer states of an object beside its bytes.

    `user` holds the client's own metadata under lower-case names. `system` holds namespaced properties of the product
    (`http:cache-control`, `s3:tagging`, `swift:manifest`). `expires`: when the object vanishes, ns since the epoch.
    """

    content_type: str = DEFAULT_TYPE
    user: Mapping[str, str] = field(default_factory=_nothing)
    system: Mapping[str, str] = field(default_factory=_nothing)
    expires: int | None = None

    def with_seal_of(self, found: "Props") -> "Props":
        """The same, with the seal of `found` in place of their own: that of the bytes (`core/encryption.py`)."""
        system = seal_kept(self.system, found.system)
        return self if system is self.system else replace(self, system=system)


@dataclass(frozen=True, slots=True, kw_only=True)
class PropsChange:
    """A change of properties: `None` keeps, a mapping sets its names (and replaces all others with `replace_user`).

    In `user` and `system` a value of `None` removes that name. `expires`: as in `Props`; `NEVER` has it stay.
    """

    content_type: str | None = None
    user: Mapping[str, str | None] = field(default_factory=dict)
    replace_user: bool = False
    system: Mapping[str, str | None] = field(default_factory=dict)
    expires: int | None = None
    modified: int | None = None
    when: When = ANY

    def apply(self, props: Props) -> Props:
        """The properties that the change makes of `props`."""
        content_type = props.content_type if self.content_type is None else self.content_type
        user, system = self.apply_user(props.user), self.apply_system(props.system)
        expires = props.expires if self.expires is None else self.expires or None
        return replace(props, content_type=content_type, user=user, system=system, expires=expires)

    def apply_user(self, user: Mapping[str, str]) -> Mapping[str, str]:
        """The client's own metadata that the change makes of `user`."""
        return _merged(_NOTHING if self.replace_user else user, self.user)

    def apply_system(self, system: Mapping[str, str]) -> Mapping[str, str]:
        """The properties of the product that the change makes of `system`."""
        return _merged(system, self.system)


def _merged(found: Mapping[str, str], change: Mapping[str, str | None]) -> Mapping[str, str]:
    return {name: value for name, value in {**found, **change}.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """How an object is to be written. `when` is checked inside the commit; `checksums` are computed and kept.

    `modified` (ns since the epoch) states the object's time instead of the time of the commit. `owner` is the account
    whose bucket is meant: while a body comes in, its name may pass to a bucket of somebody else, and that one then is
    not the bucket (`NoSuchBucket`). None: whoever's it is. `encryption`: how the bytes are to be stored, by a store
    that has `Caps.encryption`; None: as is usual in the bucket. `keep`: for whom a store that has `Caps.keeps` is to
    keep what came of a body that breaks (`core.kept`); that leads to the object only if somebody goes on with it.
    """

    props: Props = field(default_factory=Props)
    when: When = ANY
    checksums: frozenset[Algorithm] = frozenset()
    modified: int | None = None
    owner: str | None = None
    encryption: Encryption | None = None
    keep: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """How an object is to be copied. `props` of `None` keeps the source's properties.

    `when` speaks of the destination, `source_when` of the source. `encryption`: see `Put`; None: a source that is
    encrypted with the installation's keys stays so.
    """

    props: Props | None = None
    when: When = ANY
    source_when: When = ANY
    source_version: str | None = None
    encryption: Encryption | None = None


@record(frozen=True, slots=True)
class Meta:
    """An object as it stands. `size` in bytes; `modified` and `expires` in ns since the epoch, UTC.

    `etag` is lower-case hex of the MD5 without quotes; of an object put together from parts it is
    `<md5 of the parts' digests>-<number of parts>`, and of one that a customer's key encrypts it tells nothing of the
    bytes. `checksums` are base64, as S3 sends them (`...-N` if composite).
    `version` is the id; None: the version that has none, as everything written while versioning is not enabled.
    """

    key: Key
    size: int
    etag: str
    modified: int
    props: Props = field(default_factory=Props)
    checksums: Mapping[str, str] = field(default_factory=_nothing)
    version: str | None = None

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def content_type(self) -> str:
        return self.props.content_type

    @property
    def system(self) -> Mapping[str, str]:
        return self.props.system

    @property
    def expires(self) -> int | None:
        return self.props.expires

    @property
    def is_composite(self) -> bool:
        """Put together from parts: the ETag is no MD5 of the bytes."""
        return "-" in self.etag

    @property
    def md5(self) -> str | None:
        """The MD5 of the bytes, where the ETag tells it."""
        return None if self.is_composite or is_opaque(self.props.system) else self.etag


@dataclass(frozen=True, slots=True)
class Expired:
    """An object whose time to vanish has come; `expires` in ns since the epoch."""

    key: Key
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One row of a listing of versions. `latest`: it is what the name stands for.

    `marker`: a delete marker; its `meta` has no bytes, no ETag and no properties.
    """

    meta: Meta
    latest: bool
    marker: bool = False

    @property
    def name(self) -> str:
        return self.meta.key.name


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version as a caller names it. `version`: see `core.versions`; None is the current one."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """A group of names with a common beginning that a listing with a delimiter shows as one row."""

    name: str


class Versioning(StrEnum):
    """Whether a bucket keeps what is replaced or deleted. `OFF` is the state before versioning was first enabled."""

    OFF = "off"
    ENABLED = "enabled"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketProps:
    """What the creator of a bucket states. `owner` is the id of an account; see `Props` for `user` and `system`."""

    owner: str
    user: Mapping[str, str] = field(default_factory=_nothing)
    system: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketMeta:
    """A bucket as it stands. `created` in ns since the epoch.

    `objects` and `bytes` count what a listing shows: neither former versions nor delete markers.
    """

    name: str
    owner: str
    created: int
    objects: int
    bytes: int
    user: Mapping[str, str] = field(default_factory=_nothing)
    system: Mapping[str, str] = field(default_factory=_nothing)
    versioning: Versioning = Versioning.OFF


BUCKETS_LEFT = "The account still owns containers; remove them first"
"""What is said where an account can't go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMeta:
    """Totals over the buckets of one account, and the properties set on the account.

    `created`: when it was entered beside those of the configuration (`capabilities.Roster`), in ns since the epoch.
    """

    name: str
    buckets: int
    objects: int
    bytes: int
    created: int | None = None
    user: Mapping[str, str] = field(default_factory=_nothing)
    system: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which names a listing shows, in UTF-8 byte order. `marker` and `end_marker` are exclusive.

    With `delimiter`, names that share the part up to its first occurrence after `prefix` are shown as one `Prefix`.
    A `Prefix` equal to the marker is not repeated. `reverse` walks from the end: the marker is then the upper bound.
    """

    prefix: str = ""
    delimiter: str = ""
    marker: str = ""
    end_marker: str = ""
    limit: int = 1000
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing. `next` is the marker of the page after it; `None` where this one is the last."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete did. `existed`: the object, or the version that was named, was there.

    `version` is the id of the version that was removed; with `marker`, of the delete marker that was made or removed.
    """

    existed: bool
    version: str | None = None
    marker: bool = False


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
    checksums: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class PartRef:
    """A part as a completion names it. Checks that the client did not send are empty."""

    number: int
    etag: str = ""
    checksums: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPart:
    """`size` bytes of an object, from `offset` on, that came in as one part. `checksums` as in `Meta`.

    `number` counts the parts from 1, without gaps: it need not be the number that the part was uploaded under.
    """

    number: int
    offset: int
    size: int
    checksums: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class ObjectParts:
    """An object with some of its parts, in their order. `total`: of how many it was put together.

    0: it came in as one, or that is not known, as of objects that were appended to.
    """

    meta: Meta
    total: int = 0
    parts: tuple[ObjectPart, ...] = ()


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
class SegmentRules:
    """What a store asks of the segments of one object. Sizes in bytes; `most` of None: as many as there are.

    `joins`: objects can be made of segments at all. `largest`: bytes of a segment. `streams`: a body of known length
    that fits one segment is better put as it comes. `whole`: joining needs the digests of the whole body.
    """

    joins: bool = True
    smallest: int = 1
    largest: int = 5 * 1024**3
    most: int | None = None
    streams: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Base:
    """What an append begins from, and what must stand unchanged when it ends: an object, or nothing.

    `inside`: the object's bytes are in the segments already; otherwise the store puts them before those.
    """

    meta: Meta | None
    inside: bool = True

    @property
    def when(self) -> When:
        return ABSENT if self.meta is None else When(if_match=(self.meta.etag,))


@dataclass(frozen=True, slots=True)
class LeftUpload:
    """An upload in segments that nobody has been at for long. `id` is never used again."""

    key: Key
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a body that broke (`Put.keep`): `size` bytes, since `since` (ns since the epoch).

    `mark` tells for whom (`core.kept.mark_of`). The id is that of an upload, and is never used again.
    """

    key: Key
    id: str
    mark: str
    size: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionQuery:
    """Which versions a listing shows, ordered by name, then from the newest to the oldest. The markers are exclusive.

    `version_marker`: an id, or `core.versions.NULL`, of a version of `key_marker`; empty: behind all of that name.
    """

    prefix: str = ""
    delimiter: str = ""
    key_marker: str = ""
    version_marker: str = ""
    limit: int = 1000
