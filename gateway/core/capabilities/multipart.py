"""Objects that are put together from parts."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.body import Body
from gateway.core.conditions import ANY, When
from gateway.core.digest import Algorithm
from gateway.core.encryption import CustomerKey
from gateway.core.ranges import Span
from gateway.core.types import Key, Meta, Page, Prefix, Put
from gateway.core.uploads import ObjectParts, Part, PartRef, Upload, UploadQuery


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
