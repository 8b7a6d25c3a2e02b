"""Multipart uploads under way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.core.digest import composite_checksum
from gateway.core.errors import InvalidPart, InvalidPartOrder, PartTooSmall
from gateway.core.types import Part, PartRef, Upload


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
        """The parts that a completion names. Raises `InvalidPartOrder`, `InvalidPart`, `PartTooSmall`."""
        if not refs:
            raise InvalidPart("A completion must name at least one part")
        if any(later.number <= earlier.number for earlier, later in pairwise(refs)):
            raise InvalidPartOrder
        chosen = [self._match(ref) for ref in refs]
        if any(entry.part.size < min_part for entry in chosen[:-1]):
            raise PartTooSmall
        return chosen

    def checksums(self, parts: Iterable[PartEntry]) -> Mapping[str, str]:
        """The checksum of the object made of `parts`, where the upload asked for one."""
        algorithm = self.upload.checksum
        if algorithm is None:
            return {}
        sums = [(entry.part.checksums[algorithm], entry.part.size) for entry in parts]
        return {algorithm.value: composite_checksum(algorithm, sums)}

    def _match(self, ref: PartRef) -> PartEntry:
        entry = self.parts.get(ref.number)
        if entry is None or (ref.etag and ref.etag != entry.part.etag):
            raise InvalidPart
        if any(entry.part.checksums.get(name) != value for name, value in ref.checksums.items()):
            raise InvalidPart
        return entry
