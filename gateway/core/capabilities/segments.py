"""Large bodies in remote stores, and in all stores what is kept of those that broke."""

from collections.abc import Sequence
from typing import Protocol

from gateway.core.body import Body, ReadyBody
from gateway.core.conditions import ANY, When
from gateway.core.digest import Digests
from gateway.core.segments import Base, Kept, LeftUpload, SegmentRules
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import Part


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
