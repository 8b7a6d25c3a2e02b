"""The Store contract: what every store, and every layer around one, promises; `capabilities/`: what some can do."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from gateway.core.body import Body
from gateway.core.buckets import BucketMeta, BucketProps
from gateway.core.conditions import ANY, When
from gateway.core.errors import Unsupported
from gateway.core.ranges import Extent, Span
from gateway.core.types import Copy, Deleted, Key, ListQuery, Meta, Page, Prefix, PropsChange, Put


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Facts about a store. Sizes in bytes; None: no limit of its own.

    `encryption`: it can store bytes encrypted (`Put.encryption`), and then tells of the plain ones only.
    `counters`: buckets tell how many objects and bytes they hold; without it they say 0, and `ops.counted` counts.
    `listed_props`: rows of a listing tell all that `stat` does; without it they tell name, size, ETag and the time of
    the last write of any kind. `policies`: a bucket may be created under a storage policy (`buckets.STORAGE_POLICY`).
    `expires`: objects can vanish at a time of their own (`Props.expires`); without it such ones are `Unsupported`.
    `keeps`: what came of a body that broke can be kept for another attempt (`Put.keep`, `core.kept`).
    `quotas`: those of buckets and accounts are held (`core.quotas`). `archives`: former versions go to the containers
    that buckets name for them (`core.archives`).
    """

    max_object: int | None = None
    durable: bool = True
    counters: bool = True
    listed_props: bool = True
    policies: bool = False
    encryption: bool = False
    expires: bool = True
    keeps: bool = False
    quotas: bool = False
    archives: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """Bytes that lie in an open local file, for `sendfile`."""

    file: BinaryIO
    offset: int
    length: int


class Reader(ABC):
    """An object that is open for reading: one version of it, whatever happens to its name meanwhile.

    `meta` describes the object, `extent` the bytes that were asked for. Exactly `len(extent)` bytes come, or an error.
    """

    meta: Meta
    extent: Extent
    data: bytes | None = None
    """The same bytes, where they lie in memory: none of what streams need is then needed."""

    @abstractmethod
    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises `Corrupt` or `Unavailable` rather than ending early."""

    def stored(self, extent: Extent) -> AsyncIterator[bytes]:
        """Bytes as they lie, of a store that takes encrypted bodies (`core.body.CheckedBody`); raises as `chunks`.

        There `meta` and `Reader.extent` tell of plain bytes, which `chunks` does not yield.
        """
        raise Unsupported

    def regions(self) -> AsyncIterator[Region] | None:
        """The same bytes as regions of local files, each valid until the next is asked for; None: there are none."""
        return None


class Store(ABC):
    """One namespace of buckets. Every method raises only `StoreError` (and what cancels it).

    Names are checked by the store (`InvalidName`). A write is visible to every reader when it returns, wholly or not at
    all, and has been made durable. A cancelled write has either happened wholly or left nothing behind.
    """

    caps: Caps = Caps()
    inner: "Store | None" = None
    """The store that a layer surrounds."""
    shields: bool = False
    """A layer that `find` must not pass: what it lacks would be done behind its back (a cache)."""

    def offers(self, capability: type) -> bool:
        """Whether this store, or this layer by the one inside, has a capability."""
        return _provides(type(self), capability)

    async def start(self) -> None:  # noqa: B027 - most stores have nothing to open
        """Open what the store needs. Raises `Unavailable` where it can't be opened."""

    @abstractmethod
    async def aclose(self) -> None:
        """Finish what was acknowledged and free everything. The store can't be used afterwards."""

    @abstractmethod
    async def buckets(self, query: ListQuery, owner: str | None = None) -> Page[BucketMeta | Prefix]:
        """Buckets by name; with `owner`, only those of one account."""

    @abstractmethod
    async def create_bucket(self, name: str, props: BucketProps) -> bool:
        """Make a bucket; False where it is there already (whoever owns it), which changes nothing."""

    @abstractmethod
    async def stat_bucket(self, name: str) -> BucketMeta:
        """Raises `NoSuchBucket`."""

    @abstractmethod
    async def update_bucket(self, name: str, change: PropsChange) -> BucketMeta:
        """Change a bucket's properties. Raises `NoSuchBucket`."""

    @abstractmethod
    async def delete_bucket(self, name: str) -> None:
        """Raises `NoSuchBucket`; `NotEmpty` while an object, a version or a delete marker lies in it.

        Unfinished uploads go with the bucket.
        """

    @abstractmethod
    async def list(self, bucket: str, query: ListQuery) -> Page[Meta | Prefix]:
        """One page of names with their metadata; costs as much as the page. Raises `NoSuchBucket`."""

    @abstractmethod
    async def stat(self, key: Key, version: str | None = None, when: When = ANY) -> Meta:
        """Raises `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`, `InvalidVersion`, `ConditionFailed`, `NotModified`.

        A `version` is what `core.versions` says, of an object that stands or once stood; None: of what stands now.
        """

    @abstractmethod
    def open(
        self, key: Key, *, span: Span | None = None, version: str | None = None, when: When = ANY
    ) -> AbstractAsyncContextManager[Reader]:
        """Read an object or a range of it. Raises as `stat`, and `BadRange`."""

    @abstractmethod
    async def put(self, key: Key, body: Body, opts: Put) -> Meta:
        """Write an object, replacing the one that stands. `opts.when` holds at the commit, among racing writers too.

        Raises `NoSuchBucket`, `ConditionFailed`, `TooLarge`, `QuotaExceeded`, `OutOfSpace`, and what the body raises.
        """

    @abstractmethod
    async def update(self, key: Key, change: PropsChange, version: str | None = None) -> Meta:
        """Change an object's properties, not its bytes: no new version comes of it. Raises as `stat`."""

    @abstractmethod
    async def copy(self, source: Key, target: Key, opts: Copy) -> Meta:
        """Copy an object, its seal with its bytes (onto itself: change its properties). Raises as `stat` and `put`."""

    @abstractmethod
    async def delete(self, key: Key, version: str | None = None, when: When = ANY) -> Deleted:
        """Remove an object, or a version of it for good. That none is there is told, not raised.

        Raises `NoSuchBucket`, `InvalidVersion`, `ConditionFailed`.
        """


@cache
def _provides(kind: type, capability: type) -> bool:
    """As `isinstance` with the protocol says, which takes too long to be asked on every request."""
    return all(hasattr(kind, name) for name in vars(capability) if not name.startswith("_"))
