"""The records of objects that cross module borders: keys, metadata, queries and pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import Encryption, is_opaque, seal_kept
from gateway.core.record import nothing, record

T_co = TypeVar("T_co", covariant=True)

DIRECTORY_TYPE = "application/directory"
DEFAULT_TYPE = "application/octet-stream"


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
    user: Mapping[str, str] = field(default_factory=nothing)
    system: Mapping[str, str] = field(default_factory=nothing)
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
        return _merged(nothing() if self.replace_user else user, self.user)

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
    checksums: Mapping[str, str] = field(default_factory=nothing)
    version: str | None = None

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def content_type(self) -> str:
        return self.props.content_type

    @property
    def user(self) -> Mapping[str, str]:
        return self.props.user

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


@dataclass(frozen=True, slots=True)
class Prefix:
    """A group of names with a common beginning that a listing with a delimiter shows as one row."""

    name: str


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
class Page(Generic[T_co]):
    """One page of a listing. `next` is the marker of the page after it; `None` where this one is the last."""

    items: tuple[T_co, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete did. `existed`: the object, or the version that was named, was there.

    `version` is the id of the version that was removed; with `marker`, of the delete marker that was made or removed.
    """

    existed: bool
    version: str | None = None
    marker: bool = False
