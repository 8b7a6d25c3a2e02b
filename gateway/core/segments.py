"""The records of bodies that come in as segments, and of what is kept of those that broke."""

from dataclasses import dataclass

from gateway.core.conditions import ABSENT, When
from gateway.core.types import Key, Meta


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
