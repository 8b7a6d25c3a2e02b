"""Multipart uploads under way, and those that were completed lately."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gateway.core.errors import NoSuchUpload
from gateway.core.parts import REMEMBERED, are_those, choose
from gateway.core.types import Key, Meta, Put
from gateway.core.uploads import KEPT, Part, PartRef, Upload
from gateway.stores.memory.entry import Received, frozen_props, now


@dataclass(frozen=True, slots=True)
class PartEntry:
    """A part that lies ready."""

    part: Part
    chunks: tuple[bytes, ...]


@dataclass(slots=True)
class Pending:
    """An upload with its parts. `modified` is the time that its object is to have, in ns since the epoch."""

    upload: Upload
    modified: int | None
    parts: dict[int, PartEntry] = field(default_factory=dict)

    def choose(self, refs: Sequence[PartRef], min_part: int) -> Sequence[PartEntry]:
        """The parts that a completion names. Raises as `core.parts.choose`."""
        ready = {number: entry.part for number, entry in self.parts.items()}
        return [self.parts[part.number] for part in choose(ready, refs, min_part)]


def kept(key: Key, received: Received, opts: Put) -> Pending:
    """The upload that is made of what came of a body that broke."""
    owner, props = KEPT + opts.keep, frozen_props(opts.props)
    upload = Upload(key=key, id=secrets.token_hex(16), created=now(), props=props, owner=owner)
    part = Part(number=1, size=received.size, etag=received.etag, modified=upload.created)
    return Pending(upload, opts.modified, {1: PartEntry(part, received.chunks)})


class Completed:
    """The objects that uploads became, by name and id, for as long as they are to be remembered."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[float, Meta]] = {}

    def remember(self, upload: str, made: Meta) -> None:
        oldest = next(iter(self._made), None)
        while oldest is not None and self._made[oldest][0] < _now() - REMEMBERED:
            del self._made[oldest]
            oldest = next(iter(self._made), None)
        self._made[made.name, upload] = _now(), made

    def recall(self, name: str, upload: str, refs: Sequence[PartRef]) -> Meta:
        """What was made of these parts of an upload. Raises `NoSuchUpload`."""
        completed, made = self._made.get((name, upload), (0.0, None))
        if made is None or completed < _now() - REMEMBERED or not are_those(refs, made):
            raise NoSuchUpload
        return made

    def rename(self, bucket: str) -> None:
        """Have all of them be of a bucket of that name."""
        for name, (completed, made) in self._made.items():
            self._made[name] = completed, replace(made, key=Key(bucket, made.name))


def _now() -> float:
    return time.time()
