"""What only some stores can do: small protocols, found through all layers around a store."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar, cast

from gateway.core.body import Body, ReadyBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm, Digests
from gateway.core.encryption import CustomerKey
from gateway.core.errors import StoreError
from gateway.core.locks import BucketLock, Retention
from gateway.core.manifest import Entry
from gateway.core.ranges import Span
from gateway.core.store import Store
from gateway.core.types import (
    AccountMeta,
    Base,
    BucketMeta,
    Deleted,
    Expired,
    Kept,
    Key,
    LeftUpload,
    ListQuery,
    Meta,
    ObjectParts,
    Page,
    Part,
    PartRef,
    Prefix,
    PropsChange,
    Put,
    SegmentRules,
    Upload,
    UploadQuery,
    Version,
    VersionQuery,
    VersionRef,
)

C = TypeVar("C")
T = TypeVar("T")


class Accounts(Protocol):
    """Totals and properties of accounts. An account that was never written to exists with zeros."""

    async def stat_account(self, owner: str) -> AccountMeta: ...

    async def update_account(self, owner: str, change: PropsChange) -> AccountMeta: ...


class Roster(Protocol):
    """Accounts that are entered beside those of the configuration, and have no users of their own.

    A bucket may be made for an owner who is not entered, or no longer: he has it once he is.
    """

    async def has_account(self, owner: str) -> bool:
        """Whether an account is entered; costs no more than that."""
        ...

    async def create_account(self, owner: str, change: PropsChange) -> bool:
        """Enter an account, and change its properties; False where it was entered before, which changes nothing."""
        ...

    async def delete_account(self, owner: str) -> None:
        """Strike an account out, with its properties. Raises `NoSuchAccount`; `NotEmpty` while it owns a bucket."""
        ...

    async def accounts(self, query: ListQuery) -> Page[AccountMeta | Prefix]:
        """Those that are entered, by id."""
        ...


class Recount(Protocol):
    """Counters that are kept beside what they count, and can be made anew of it."""

    async def recount(self, bucket: str) -> BucketMeta:
        """Count what stands in a bucket, and have its counters say so. Raises `NoSuchBucket`."""
        ...


class Batch(Protocol):
    """Many deletes as one."""

    async def delete_many(self, bucket: str, names: Sequence[str]) -> Sequence[Deleted | StoreError]:
        """Remove objects; what was done or refused stands in the order of `names`. Raises `NoSuchBucket`."""
        ...


class Glance(Protocol):
    """Facts that are at hand already."""

    async def glance(self, key: Key) -> Meta | None:
        """An object as a row of a listing tells it (see `Caps.listed_props`), asking nobody; None: nothing is at hand.

        Raises `NoSuchKey` where it is known that neither the object nor anything below its name stands.
        """
        ...


class Row(Protocol):
    """An object as listings show it: a `Meta`, or what tells less. `system`: None where there are no properties."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def etag(self) -> str: ...

    @property
    def modified(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    @property
    def system(self) -> Mapping[str, str] | None: ...


class Rendering(Protocol):
    """Listings in the form that is wanted of them, made where their rows are read: none of it is the event loop's work.

    Rows are the store's own, whatever layers are around it: manifests and links are what they are by themselves.
    """

    async def render(self, bucket: str, query: ListQuery, form: Callable[[Sequence[Row | Prefix]], T]) -> T:
        """What `form` makes, in a thread, of one page. Pages never come short. Raises `NoSuchBucket`."""
        ...


class Multipart(Protocol):
    """Objects put together from parts (S3's multipart upload). Ids are opaque and unguessable.

    All methods that take an id raise `NoSuchUpload` for one that is unknown, completed, aborted or of another key.
    """

    async def create_upload(
        self, key: Key, opts: Put, *, owner: str = "", checksum: Algorithm | None = None, whole: bool = False
    ) -> Upload:
        """Begin. `opts.props` become the object's; `checksum`, `whole`: see `Upload`. Raises `NoSuchBucket`."""
        ...

    async def stat_upload(self, key: Key, upload: str) -> Upload: ...

    async def put_part(
        self,
        key: Key,
        upload: str,
        number: int,
        body: Body,
        checksums: frozenset[Algorithm] = frozenset(),
        secret: CustomerKey | None = None,
    ) -> Part:
        """Store part `number` (1 to 10,000), replacing an earlier one of that number.

        `secret`: the key that the upload was begun with. Raises `KeyRequired`, `KeyRefused`.
        """
        ...

    async def copy_part(
        self,
        key: Key,
        upload: str,
        number: int,
        source: Key,
        *,
        span: Span | None = None,
        version: str | None = None,
        when: When = ANY,
    ) -> Part:
        """Store a part from (a range of) an object that stands. Raises as `Store.open`."""
        ...

    async def parts(self, key: Key, upload: str, *, marker: int = 0, limit: int = 1000) -> Page[Part]:
        """Parts by number, after `marker`; `Page.next` is a number in decimal."""
        ...

    async def uploads(self, bucket: str, query: UploadQuery) -> Page[Upload | Prefix]:
        """Uploads under way by name, then id. `Page.next` is set where more follow. Raises `NoSuchBucket`."""
        ...

    async def complete_upload(
        self, key: Key, upload: str, parts: Sequence[PartRef], *, when: When = ANY, min_part: int = 0
    ) -> Meta:
        """Make the object from the parts named; moves no bytes. The upload and its other parts are gone afterwards.

        Raises `InvalidPart`, `InvalidPartOrder`, `PartTooSmall` (below `min_part` bytes, the last excepted),
        `ConditionFailed`; the upload then stands as before.

        A store that holds the parts itself remembers what it completed, for `core.parts.REMEMBERED` seconds: asked
        again with the same parts, whatever the conditions, it answers the same and changes nothing.
        """
        ...

    async def abort_upload(self, key: Key, upload: str) -> None:
        """Drop the upload and all its parts."""
        ...


class Parted(Protocol):
    """Objects that tell which parts they were put together from."""

    async def object_parts(
        self, key: Key, version: str | None = None, *, marker: int = 0, limit: int = 1000
    ) -> ObjectParts:
        """An object with its parts after number `marker`. Costs as much as the parts that are told.

        Copies and renames keep them, appends lose them. Raises as `Store.stat`.
        """
        ...


class Append(Protocol):
    async def append(self, key: Key, body: Body, opts: Put) -> Meta:
        """Add bytes to the end of an object, or create it; its old bytes are not moved.

        `opts.props` count only where the object is created. Raises as `Store.put`.
        """
        ...


class Expiring(Protocol):
    """Objects whose time to vanish has come, which are to be removed. A store that does so itself has no need of it."""

    async def expired(self, until: int, *, after: Expired | None = None, limit: int = 1000) -> Sequence[Expired]:
        """Objects that vanish at `until` (ns since the epoch) or before, in the order of these times, behind `after`.

        Costs as much as what is told.
        """
        ...


class Keeping(Protocol):
    """Bodies that broke (`Put.keep`), with which somebody may go on. `core.kept.keeping` gives it for every store.

    What is kept is shown by nothing else, and goes at last by itself.
    """

    async def kept_uploads(self, bucket: str) -> Sequence[Kept]:
        """All that is kept in a bucket, the newest first, as far as it is sure. Raises `NoSuchBucket`."""
        ...

    async def kept_size(self, key: Key, upload: str) -> int:
        """The bytes that are kept after a body broke in this process. Raises `NoSuchUpload`."""
        ...

    async def resume_kept(self, kept: Kept, body: Body, opts: Put, base: Base) -> Meta:
        """Make the object of what is kept and of `body`, if what `base` says stands (`base.inside` has no meaning).

        A body that breaks is kept, too: its error bears the id (`IncompleteBody.kept`), and `Put.keep` says for whom.
        Raises `NoSuchUpload`, and as `Store.put`. `ConditionFailed`: it is of no more use.
        """
        ...

    async def drop_kept(self, key: Key, upload: str) -> None:
        """Free what is kept. Raises `NoSuchUpload` where the store can tell."""
        ...


class Rename(Protocol):
    """Renames that move no bytes, each in one transaction."""

    async def rename(self, source: Key, target: Key, *, when: When = ANY, source_when: When = ANY) -> Meta:
        """Rename an object if `source_when` allows, replacing what stands at `target` if `when` does.

        Raises as `Store.copy`.
        """
        ...

    async def rename_prefix(self, source: Key, target: Key) -> int:
        """Rename all objects whose names begin with `source.name`; returns how many there were.

        Raises `AlreadyExists` where a name begins with `target.name`, `NoSuchKey` where none begins with `source.name`,
        `InvalidName` where a new name would break the rules or `target` lies inside of `source`.
        """
        ...

    async def rename_bucket(self, source: str, target: str) -> None:
        """Give a bucket another name. Raises `NoSuchBucket`, `AlreadyExists`."""
        ...


class Segments(Protocol):
    """Objects that come in as segments, by which a remote store takes large bodies: `layers/segmented` does the rest.

    An upload has an id that is never used again, and its segments are nobody's before `join_segments`. What a process
    that was killed has left is told by `left_segments`.
    """

    async def segment_rules(self, key: Key, when: When = ANY, size: int | None = None) -> SegmentRules:
        """How a body of `size` bytes is to be cut. Raises what `Store.put` would whatever its bytes are."""
        ...

    async def extends(self, found: Meta) -> bool:
        """Whether segments can stand behind that object as it is (`Base.inside` is False)."""
        ...

    async def begin_segments(self, key: Key, opts: Put, base: Base | None = None) -> str:
        """The id of a new upload. Raises `NoSuchBucket`, `Unsupported`."""
        ...

    async def put_segment(self, key: Key, upload: str, number: int, body: ReadyBody) -> Part:
        """Store a segment, or replace it. Numbers begin at 1."""
        ...

    async def join_segments(
        self, key: Key, upload: str, segments: Sequence[Part], opts: Put, digests: Digests, base: Base | None = None
    ) -> Meta:
        """Make the object of its segments, in that order. Raises as `Store.put`; `ConditionFailed` for another `base`.

        Where it fails, the segments are dropped; where it is not known whether it has, they are left.
        """
        ...

    async def drop_segments(self, key: Key, upload: str, count: int = 0) -> None:
        """Free the segments of an upload, unless an object is made of them. `count`: that many were begun."""
        ...

    async def renew_segments(self, key: Key, upload: str) -> None:
        """Tell that somebody is at this upload still."""
        ...

    async def left_segments(self, bucket: str, before: int) -> Sequence[LeftUpload]:
        """Uploads that nobody was at since `before` (ns since the epoch). Some may have become objects."""
        ...

    async def keep_segments(self, key: Key, upload: str, label: str, segments: Sequence[Part]) -> None:
        """Note that these segments are kept of a body that broke, for whom `label` says. Raises `Unsupported`."""
        ...

    async def kept_segments(self, bucket: str) -> Sequence[Kept]:
        """The uploads of which segments are kept. Raises `NoSuchBucket`, `Unsupported`."""
        ...

    async def segments_of(self, key: Key, upload: str) -> Sequence[Part]:
        """The segments that are kept of an upload. Raises `NoSuchUpload`."""
        ...


class Manifests(Protocol):
    """Large objects of Swift's kinds, which read as what their manifests stand for (`core.manifest`)."""

    @property
    def plain(self) -> Store:
        """The store in which a manifest is the object that it is by itself."""
        ...

    async def put_manifest(self, key: Key, entries: Sequence[Entry], opts: Put) -> Meta:
        """Store a static manifest of entries that have been looked at. Raises as `Store.put`."""
        ...

    async def entries(self, meta: Meta) -> Sequence[Entry]:
        """What a static manifest lists that `plain` describes so. Raises `ConditionFailed` for another one by now."""
        ...


class Links(Protocol):
    """Symbolic links, which read as what they lead to (`core.links`)."""

    @property
    def unfollowed(self) -> Store:
        """The store in which a link is the object that it is by itself; links are made there."""
        ...


class Versions(Protocol):
    """Buckets that keep what is replaced or deleted.

    While versioning is enabled, every write makes a version with an id of its own, and a delete puts a marker in the
    object's place. While it is suspended, both replace the version without an id, and no other. A marker is for every
    reader of the name as if there was nothing (`DeleteMarker`). The version removed being the current one, the newest
    that is left takes its place. A rename is a copy with a delete behind it, in one step.
    """

    async def set_versioning(self, bucket: str, *, enabled: bool) -> BucketMeta:
        """Enable versioning, or suspend it. Raises `NoSuchBucket`."""
        ...

    async def versions(self, bucket: str, query: VersionQuery) -> Page[Version | Prefix]:
        """One page of versions and delete markers; costs as much as the page. `Page.next` is set where more follow.

        Raises `NoSuchBucket`, `InvalidVersion`.
        """
        ...

    async def delete_versions(self, bucket: str, refs: Sequence[VersionRef]) -> Sequence[Deleted | StoreError]:
        """`delete` for many, as one; what was done or refused stands in the order of `refs`. Raises `NoSuchBucket`."""
        ...


class Locks(Protocol):
    """Versions that nobody removes while they are locked, by the rules of `core.locks`.

    A bucket has locks from the beginning (`BucketProps.system` with `locks.OBJECT_LOCK`) or from when they are set, and
    for good: it keeps versions then, and `Versions.set_versioning` can't suspend that (`LocksOn`). How a new version is
    locked its writer states by the properties `locks.OF_VERSIONS`, which `Store.put`, `Store.copy` and
    `Multipart.create_upload` take in such buckets alone (`LocksOff`, `RetentionOver`). Whatever removes a version for
    good raises `Locked` for one that is locked when it comes to that, by the store's own clock. Deletes that put a
    marker, and writes, go on as in any bucket that keeps versions.
    """

    async def set_lock(self, bucket: str, lock: BucketLock) -> BucketMeta:
        """Have locks in a bucket, and in new versions what it says. Raises `NoSuchBucket`, `VersioningOff`."""
        ...

    async def set_retention(
        self, key: Key, retention: Retention | None, version: str | None = None, *, bypass: bool = False
    ) -> Meta:
        """Have a version be retained, or (None) not any more; `bypass`: whatever retention in governance mode it has.

        Raises as `Store.stat`, and `LocksOff`, `Locked`, `RetentionOver`.
        """
        ...

    async def set_hold(self, key: Key, version: str | None = None, *, held: bool) -> Meta:
        """Put a legal hold on a version, or lift it. Raises as `Store.stat`, and `LocksOff`."""
        ...

    async def delete_governed(self, key: Key, version: str, when: When = ANY) -> Deleted:
        """`Store.delete` of a version, whatever retention in governance mode it has."""
        ...


def find(store: Store, capability: type[C]) -> C | None:
    """The outermost layer (or the store itself) that has `capability`; None where it must not or can't be had."""
    layer: Store | None = store
    while layer is not None:
        if layer.offers(capability):
            return cast(C, layer)
        if layer.shields:
            return None
        layer = layer.inner
    return None
