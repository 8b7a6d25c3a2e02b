"""Multipart uploads under way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.digest import composite_checksum
from gateway.core.parts import choose
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
        """The parts that a completion names. Raises as `core.parts.choose`."""
        ready = {number: entry.part for number, entry in self.parts.items()}
        return [self.parts[part.number] for part in choose(ready, refs, min_part)]

    def checksums(self, parts: Iterable[PartEntry]) -> Mapping[str, str]:
        """The checksum of the object made of `parts`, where the upload asked for one."""
        algorithm = self.upload.checksum
        if algorithm is None:
            return {}
        sums = [(entry.part.checksums[algorithm], entry.part.size) for entry in parts]
        return {algorithm.value: composite_checksum(algorithm, sums)}
